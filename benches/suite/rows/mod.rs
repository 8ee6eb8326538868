//! The rows of the table, a file for each subject.

mod discovery;
mod elections;
mod flush;
mod hammer;
mod kill;
mod listing;
mod manual;
mod mass;
mod names;
mod replicas;
mod requests;
mod second;
mod start;
mod steady;
mod stuck;
mod subscribers;
mod votes;

use crate::finding::Finding;
use crate::options::Options;

/// One subject of the suite.
pub struct Row {
    /// Its name on the command line.
    pub key: &'static str,
    /// What is done, in a few words.
    pub about: &'static str,
    /// Measures both daemons; an error says why it could not.
    pub run: fn(&Options) -> Result<Vec<Finding>, String>,
}

/// What `--quick` leaves out unless it is asked for: a variation of `kill`, and what only many rounds
/// can show.
pub const NOT_QUICK: &[&str] = &["stop", "second"];

/// All rows, in the order in which they run and are shown.
#[rustfmt::skip] // A row a line: two who add one do not meet.
pub const ALL: &[Row] = &[
    kill::KILL,
    kill::STOP,
    manual::ROW,
    mass::ROW,
    discovery::ROW,
    replicas::ROW,
    elections::ROW,
    second::ROW,
    names::ROW,
    steady::ROW,
    hammer::ROW,
    votes::ROW,
    flush::ROW,
    start::ROW,
    requests::ROW,
    listing::ROW,
    subscribers::ROW,
    stuck::ROW,
];
