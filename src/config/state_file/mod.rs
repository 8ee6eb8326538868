//! The state in a file of its own, for a sentinel.conf that is never written.
//!
//! The file is what the rewritten sentinel.conf would be, so that it can take its place: users and
//! `sentinel` lines are read back from it, the other lines are for that case only. Behind them,
//! as comments, stands what sentinel.conf said when the file was written. So a later start can
//! tell what an operator has changed in sentinel.conf, which then counts, from what has changed
//! while the process ran ([`mod@merge`]).

mod merge;

use super::error::ConfigError;
use super::grammar::{self, Line};
use super::includes::IncludeReader;
use super::quoting;
use super::read::{Conf, parse};
use super::rewrite::{RewriteFacts, rewrite};
use super::sentinel_conf::SentinelConf;
use super::server_conf::ServerConf;
use super::users::UserLine;
use super::voted_for::VotedFor;
use crate::types::Address;

pub use merge::merge;

/// The first line. The number grows when an older rsentinel could not read the file any more.
const HEADER: &[u8] = b"# rsentinel state 1";
const REMARK: &[u8] =
    b"# Kept by rsentinel: do not edit while it runs. This is a whole sentinel.conf.";
const CONFIGURED: &[u8] = b"# rsentinel configured: ";

/// What sentinel.conf says about matters that can change at run time, as lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured(Vec<Vec<u8>>);

impl Configured {
    /// `server` must hold the `user` lines as they are written.
    pub fn of(server: &ServerConf, sentinel: &SentinelConf) -> Self {
        let text = text_of(server, sentinel, &RewriteFacts::default());
        let lines = grammar::lines(&text).filter(|line| is_state(line));
        Configured(lines.map(<[u8]>::to_vec).collect())
    }
}

/// What a state file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The state: only users, the log level and the `sentinel` lines count.
    pub state: Conf,
    /// What sentinel.conf said then.
    pub configured: Conf,
    /// The same as lines.
    pub lines: Configured,
}

/// Why a state file is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is some other file, which must not be overwritten.
    Foreign,
    /// A later version wrote it.
    Newer,
    /// A line is damaged.
    Faulty(ConfigError),
}

/// The text of the state file.
pub fn write(
    server: &ServerConf,
    state: &SentinelConf,
    configured: &Configured,
    facts: &RewriteFacts,
) -> Vec<u8> {
    let mut text = [HEADER, b"\n", REMARK, b"\n\n"].concat();
    text.extend(text_of(server, state, facts));
    text.push(b'\n');
    for line in &configured.0 {
        text.extend([CONFIGURED, line, b"\n"].concat());
    }
    text
}

/// Reads the text of a state file; `None` for an empty one.
///
/// # Errors
/// The text is not one that [`write()`] makes.
pub fn read(text: &[u8]) -> Result<Option<Stored>, Refused> {
    if text.trim_ascii().is_empty() {
        return Ok(None);
    }
    match grammar::lines(text).next() {
        Some(HEADER) => {}
        Some(first) if first.starts_with(b"# rsentinel state ") => return Err(Refused::Newer),
        _ => return Err(Refused::Foreign),
    }
    let (mut state, mut lines) = (Vec::new(), Vec::new());
    for line in grammar::lines(text) {
        if let Some(line) = line.strip_prefix(CONFIGURED) {
            lines.push(line.to_vec());
        } else if is_state(line) {
            state.extend(line);
        }
        // Lines that do not count keep the numbers of the others.
        state.push(b'\n');
    }
    let parse = |text: &[u8]| parse(text, &mut Alone).map_err(Refused::Faulty);
    Ok(Some(Stored {
        state: parse(&state)?,
        configured: parse(&lines.join(&b'\n'))?,
        lines: Configured(lines),
    }))
}

/// Whether a line is about something that can change while the process runs.
fn is_state(line: &[u8]) -> bool {
    match grammar::read_line(line) {
        Line::Blank => false,
        Line::Comment => VotedFor::read(line).is_some(),
        // Damage must be found.
        Line::Broken => true,
        Line::Words { directive, .. } => {
            matches!(directive.as_str(), "sentinel" | "user" | "loglevel")
        }
    }
}

fn text_of(server: &ServerConf, state: &SentinelConf, facts: &RewriteFacts) -> Vec<u8> {
    let mut state = state.clone();
    if state.resolve_hostnames {
        state.masters.iter_mut().for_each(|master| {
            let replicas = master.known_replicas.iter_mut();
            let peers = master.known_peers.iter_mut().map(|peer| &mut peer.address);
            std::iter::once(&mut master.address)
                .chain(replicas)
                .chain(peers)
                .for_each(by_name);
        });
    }
    let mut text = rewrite(b"", server, &state, facts);
    // A rewrite only keeps these where they are.
    for (from, to) in &server.renames {
        text.extend(quoting::words([b"rename-command", from.as_slice(), to]));
        text.push(b'\n');
    }
    text
}

/// A name stays a name, unlike in a sentinel.conf that announces none: after a restart it is
/// looked up again.
fn by_name(address: &mut Address) {
    if address.is_name() {
        *address = Address::new(address.host(), address.port());
    }
}

/// Reading back what was accepted before needs nothing from outside.
struct Alone;

impl IncludeReader for Alone {
    fn read(&mut self, _path: &str) -> Result<Vec<u8>, String> {
        Err("a state file includes nothing".to_owned())
    }

    fn glob(&mut self, _pattern: &str) -> Vec<String> {
        Vec::new()
    }

    fn change_dir(&mut self, _dir: &str) -> Result<(), String> {
        Ok(())
    }

    fn check_log_file(&mut self, _path: &str) -> Result<(), String> {
        Ok(())
    }

    fn fault_of_user(&mut self, _line: &UserLine) -> Option<String> {
        None
    }

    fn is_executable(&mut self, _path: &str) -> bool {
        true
    }
}
