//! A replica record.

use crate::types::{Address, Mono};

use super::server::Server;

/// A replica of a master.
#[derive(Clone, Debug)]
pub struct Replica {
    /// Its key and shown name, `host:port`, fixed at creation.
    pub name: String,
    /// Where it is.
    pub address: Address,
    /// What it shares with masters.
    pub server: Server,
    /// Lower is preferred; 0 is never promoted. 100 until reported.
    pub priority: i64,
    /// Whether listings show it.
    pub announced: bool,
    /// How far its copy of the data reaches, in bytes of the replication stream.
    pub repl_offset: u64,
    /// The master it reports, as it prints it.
    pub master_host: Option<String>,
    /// The master port it reports.
    pub master_port: u16,
    /// Its replication link is up.
    pub link_up: bool,
    /// How long its replication link has been down, in ms; 0 when up, −1000 when it says −1.
    pub link_down_ms: i64,
    /// When the master it reports last changed.
    pub conf_changed: Mono,
    /// How far it has got in following a newly promoted master.
    pub reconf: Reconf,
}

/// A replica's progress in following a newly promoted master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconf {
    /// Not told yet.
    Untold,
    /// Told at this instant, no sign of obedience yet.
    Sent(Mono),
    /// Reports the new master, link not up yet.
    InProgress,
    /// Follows, or was given up on.
    Done,
}

impl Reconf {
    /// Whether it occupies one of the parallel-syncs slots.
    pub fn is_busy(self) -> bool {
        matches!(self, Reconf::Sent(_) | Reconf::InProgress)
    }
}

impl Replica {
    /// A record that nothing is known of yet.
    pub fn new(name: String, address: Address, server: Server, now: Mono) -> Self {
        Replica {
            name,
            address,
            server,
            priority: 100,
            announced: true,
            repl_offset: 0,
            master_host: None,
            master_port: 0,
            link_up: false,
            link_down_ms: 0,
            conf_changed: now,
            reconf: Reconf::Untold,
        }
    }
}
