//! A client lets the sentinel write its long file again and again: whether others wait for the disk.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Row;
use crate::finding::{Finding, Goal};
use crate::harness::{Client, Daemon};
use crate::long_file;
use crate::options::Options;
use crate::pinging::Pinging;
use crate::quantiles::Quantile;
use crate::turns;

pub const ROW: Row = Row {
    key: "flush",
    about: "One client loops SENTINEL FLUSHCONFIG with 1000 masters in the file, another PINGs",
    run,
};

const MASTERS: usize = 1000;

struct Round {
    /// PINGs of a sentinel that has nothing to do meanwhile, in ms: what the machine adds.
    idle: Vec<f64>,
    /// Milliseconds.
    pings: Vec<f64>,
    /// Milliseconds of each FLUSHCONFIG.
    flushes: Vec<f64>,
}

fn run(options: &Options) -> Result<Vec<Finding>, String> {
    let span = Duration::from_secs(options.pick(1, 3));
    let turns = turns::take(options.pick(1, 3), |daemon| play(daemon, span))?;
    let idle = turns
        .map(|round| round.idle.clone())
        .map(|rounds| rounds.concat());
    Ok(vec![
        Finding::of_samples(
            "PING of another client meanwhile",
            "ms",
            turns.map(|round| round.pings.clone()),
            vec![Goal::Below(Quantile::P99, 1.0)],
        )
        .note(format!(
            "p99 of a client of an idle sentinel at the same time: rsentinel {:.2} ms, redis-sentinel {:.2} ms",
            Quantile::P99.of(&idle[0]),
            Quantile::P99.of(&idle[1])
        )),
        Finding::of_samples(
            "FLUSHCONFIG",
            "ms",
            turns.map(|round| round.flushes.clone()),
            Vec::new(),
        ),
    ])
}

fn play(daemon: Daemon, span: Duration) -> Result<Round, String> {
    let directory = TempDir::new().map_err(|error| error.to_string())?;
    let sentinel = long_file::sentinel(daemon, directory.path(), MASTERS, 0);
    let mut client = Client::connect(sentinel.port()).map_err(|error| error.to_string())?;
    let idle = long_file::sentinel(daemon, directory.path(), 1, 0);
    let idle_pinging = Pinging::start(idle.port())?;
    let pinging = Pinging::start(sentinel.port())?;
    let mut flushes = Vec::new();
    let end = Instant::now() + span;
    while Instant::now() < end {
        let asked = Instant::now();
        let answer = client.ask(&["SENTINEL", "FLUSHCONFIG"]);
        let answer = answer.map_err(|error| error.to_string())?;
        flushes.push(asked.elapsed().as_secs_f64() * 1000.0);
        if answer.text() != "OK" {
            return Err(format!("FLUSHCONFIG: {answer}"));
        }
    }
    Ok(Round {
        idle: idle_pinging.stop()?,
        pings: pinging.stop()?,
        flushes,
    })
}
