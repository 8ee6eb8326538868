//! Modelled Redis servers: roles, replication with lag, what INFO says, and their illnesses.

use std::collections::VecDeque;

use bytes::Bytes;
use rsentinel::core::Ask;
use rsentinel::types::RunId;
use rsentinel::wire::{InfoReport, ReplicaLine, ReplicaReport, Role, ServerFailover};

use crate::chance::Chance;
use crate::hand_over::HandOver;
use crate::network::Network;
use crate::shape::{run_id, server_of_host};

/// Bytes of the replication stream that a busy master adds each ms.
const BYTES_A_MS: u64 = 20;
/// A replica that hears nothing from its master gives the link up after this long, in µs.
const REPL_TIMEOUT: u64 = 5_000_000;

/// The replication link of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replication {
    /// Not connected since.
    Down {
        /// µs.
        since: u64,
    },
    /// Resynchronising.
    Syncing {
        /// When it will be done, in µs.
        until: u64,
        /// Since when it is not up.
        since: u64,
    },
    /// Up; applies what the master wrote `lag` µs ago. `silent` since the master stopped sending.
    Up {
        /// µs.
        lag: u64,
        /// Since when nothing arrives.
        silent: Option<u64>,
    },
}

/// What a server falsely says in INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// The other role.
    Role,
    /// An enormous offset.
    Offset,
    /// No role line at all.
    NoRole,
}

/// A server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Which one.
    pub index: usize,
    /// The process runs (perhaps hung).
    pub alive: bool,
    /// The machine is switched off: no reset, only silence.
    pub powered_off: bool,
    /// Stopped (SIGSTOP): sockets accept, nothing is answered.
    pub hung: bool,
    /// Loading its data until this instant.
    pub loading_until: u64,
    /// A script runs until this instant.
    pub busy_until: u64,
    /// Refuses every command: the password is another one.
    pub no_auth: bool,
    /// Refuses SLAVEOF (no permission).
    pub refuses_slaveof: bool,
    /// Refuses INFO (no permission), but nothing else.
    pub refuses_info: bool,
    /// Says something false.
    pub lie: Option<Lie>,
    /// `replica-priority`.
    pub priority: i64,
    /// `replica-announced`.
    pub announced: bool,
    /// Whom it follows, as it was told; `None` = it is a master.
    pub follows: Option<(String, u16)>,
    /// Its replication link, while it follows.
    pub replication: Replication,
    /// The configuration its process starts with after a stale restart.
    pub original: Option<(String, u16)>,
    /// Restarts so far.
    pub life: u32,
    /// Counts promotions and resynchronisations in full: the history of its data.
    pub history: u64,
    /// It has a FAILOVER command.
    pub knows_failover: bool,
    /// Refuses FAILOVER (no permission).
    pub refuses_failover: bool,
    /// How far its FAILOVER has got.
    pub hand_over: HandOver,
    /// CLIENT PAUSE WRITE is in force until then, in µs.
    pub paused_until: u64,
    /// Nothing is written on it.
    pub frozen: bool,
    /// The role it would start with, when that is another than it has: FAILOVER writes nothing.
    pub unsaved: Option<Option<(String, u16)>>,
    /// Requests that wait while it hangs.
    pub waiting: VecDeque<(u32, Ask)>,
    offset_base: u64,
    offset_at: u64,
}

impl Server {
    /// A server that has been in good order for a while.
    pub fn new(index: usize, follows: Option<(String, u16)>, chance: &mut Chance) -> Self {
        Server {
            index,
            alive: true,
            powered_off: false,
            hung: false,
            loading_until: 0,
            busy_until: 0,
            no_auth: false,
            refuses_info: false,
            refuses_slaveof: false,
            lie: None,
            priority: 100,
            announced: true,
            original: follows.clone(),
            follows,
            replication: Replication::Up {
                lag: chance.between(100, 300_000),
                silent: None,
            },
            life: 0,
            history: 1,
            knows_failover: true,
            refuses_failover: false,
            hand_over: HandOver::Idle,
            paused_until: 0,
            frozen: false,
            unsaved: None,
            waiting: VecDeque::new(),
            offset_base: 1_000,
            offset_at: 0,
        }
    }

    /// It is a master by its own account.
    pub fn is_master(&self) -> bool {
        self.follows.is_none()
    }

    /// Which server it follows, if it is one of ours.
    pub fn master_index(&self) -> Option<usize> {
        let (host, _) = self.follows.as_ref()?;
        server_of_host(host)
    }

    /// It can answer.
    pub fn serves(&self) -> bool {
        self.alive && !self.hung
    }

    /// Its replication link is up.
    pub fn link_up(&self) -> bool {
        matches!(self.replication, Replication::Up { .. })
    }
}

/// How far the copy of a server reaches at an instant.
pub fn offset(servers: &[Server], of: usize, at: u64, depth: u32) -> u64 {
    let server = &servers[of];
    match (server.master_index(), server.replication) {
        (None, _) if server.alive && server.is_master() && !server.frozen => {
            server.offset_base + at.saturating_sub(server.offset_at) / 1_000 * BYTES_A_MS
        }
        (Some(master), Replication::Up { lag, silent }) if depth < 8 && server.alive => {
            let until = silent.unwrap_or(at).min(at).saturating_sub(lag);
            offset(servers, master, until, depth + 1).max(server.offset_base)
        }
        _ => server.offset_base,
    }
}

/// Fixes the offset of a server at this instant, because its source is about to change.
pub fn freeze_offset(servers: &mut [Server], of: usize, now: u64) {
    let at = offset(servers, of, now, 0);
    servers[of].offset_base = at;
    servers[of].offset_at = now;
}

/// A server and all that copy from it get their offsets fixed.
pub fn freeze_chain(servers: &mut [Server], of: usize, now: u64) {
    for other in 0..servers.len() {
        if servers[other].master_index() == Some(of) {
            freeze_offset(servers, other, now);
        }
    }
    freeze_offset(servers, of, now);
}

/// `SLAVEOF`.
pub fn slaveof(servers: &mut [Server], of: usize, target: Option<(String, u16)>, now: u64) {
    freeze_chain(servers, of, now);
    let server = &mut servers[of];
    server.unsaved = None;
    if server.follows == target {
        return;
    }
    if server.follows.is_some() && target.is_none() {
        server.history += 1;
    }
    server.follows = target;
    server.replication = Replication::Down { since: now };
}

/// The process ends.
pub fn kill(servers: &mut [Server], of: usize, now: u64) {
    freeze_chain(servers, of, now);
    servers[of].alive = false;
    servers[of].hung = false;
    servers[of].waiting.clear();
}

/// How a process starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// With its data and the role it had.
    Same,
    /// Without data, with the role it had.
    Empty,
    /// With its data, with the role of its original configuration.
    Stale,
    /// Without data, as a master.
    EmptyMaster,
}

/// The process starts.
pub fn restart(servers: &mut [Server], of: usize, how: Restart, loading: u64, now: u64) {
    let server = &mut servers[of];
    if server.alive {
        return;
    }
    server.alive = true;
    server.powered_off = false;
    server.life += 1;
    server.hand_over = HandOver::Idle;
    server.paused_until = 0;
    server.frozen = false;
    if let Some(saved) = server.unsaved.take() {
        server.follows = saved;
    }
    server.busy_until = 0;
    server.loading_until = now + loading;
    server.offset_at = now;
    if matches!(how, Restart::Empty | Restart::EmptyMaster) {
        server.offset_base = 0;
    }
    match how {
        Restart::Stale => server.follows = server.original.clone(),
        Restart::EmptyMaster => server.follows = None,
        Restart::Same | Restart::Empty => {}
    }
    server.replication = Replication::Down { since: now };
}

/// Moves every replication link on; called every 100 ms.
pub fn replicate(servers: &mut [Server], network: &Network, chance: &mut Chance, now: u64) {
    for index in 0..servers.len() {
        if !servers[index].serves() {
            continue;
        }
        let Some(master) = servers[index].master_index().filter(|m| *m < servers.len()) else {
            continue;
        };
        if servers[index].hand_over != HandOver::Idle {
            continue;
        }
        let reach = master != index && network.open_both(index, master);
        let source = &servers[master];
        let dead = !source.alive && !source.powered_off && reach;
        let sends = reach && source.serves();
        // A replica whose own link is down serves its replicas no new data, but keeps them.
        let ready =
            sends && now >= source.loading_until && (source.is_master() || source.link_up());
        match servers[index].replication {
            Replication::Down { since } if ready => {
                let partial = chance.percent(70);
                let takes = if partial {
                    chance.between(5_000, 80_000)
                } else {
                    chance.between(200_000, 3_000_000)
                };
                servers[index].replication = Replication::Syncing {
                    until: now + takes,
                    since,
                };
            }
            Replication::Syncing { until, since } => {
                if !ready {
                    servers[index].replication = Replication::Down { since };
                } else if now >= until {
                    servers[index].offset_base = 0;
                    servers[index].history = servers[master].history;
                    servers[index].replication = Replication::Up {
                        lag: chance.between(100, 300_000),
                        silent: None,
                    };
                }
            }
            Replication::Up { lag, silent } => {
                let lost = dead || silent.is_some_and(|since| now - since > REPL_TIMEOUT);
                if lost {
                    freeze_offset(servers, index, now);
                    servers[index].replication = Replication::Down { since: now };
                } else {
                    servers[index].replication = Replication::Up {
                        lag,
                        silent: if sends { None } else { silent.or(Some(now)) },
                    };
                }
            }
            Replication::Down { .. } => {}
        }
    }
}

/// What INFO says.
pub fn info(
    servers: &[Server],
    of: usize,
    now: u64,
    host_of: &dyn Fn(usize) -> String,
) -> InfoReport {
    let server = &servers[of];
    let mut report = InfoReport {
        text: Bytes::new(),
        run_id: Some(RunId::new(&run_id(of, server.life))),
        role: if server.is_master() {
            Role::Master
        } else {
            Role::Replica
        },
        link_down_ms: 0,
        replicas: Vec::new(),
        failover: server.knows_failover.then_some(match server.hand_over {
            HandOver::Idle => ServerFailover::Idle,
            _ => ServerFailover::Running,
        }),
        replica: ReplicaReport::default(),
    };
    for (index, other) in servers.iter().enumerate() {
        let connected = other.alive
            && other.master_index() == Some(of)
            && !matches!(other.replication, Replication::Down { .. });
        if connected {
            report.replicas.push(ReplicaLine {
                host: host_of(index),
                port: 6379,
            });
        }
    }
    if let Some((host, port)) = &server.follows {
        let down_since = match server.replication {
            Replication::Down { since } | Replication::Syncing { since, .. } => Some(since),
            Replication::Up { .. } => None,
        };
        report.link_down_ms = down_since.map_or(0, |s| ((now - s) / 1_000_000 * 1_000) as i64);
        report.replica = ReplicaReport {
            master_host: Some(host.clone()),
            master_port: Some(*port),
            link_up: Some(down_since.is_none()),
            priority: Some(server.priority),
            repl_offset: Some(offset(servers, of, now, 0)),
            announced: Some(server.announced),
        };
    }
    match server.lie {
        Some(Lie::Role) if server.is_master() => report.role = Role::Replica,
        Some(Lie::Role) => {
            report.role = Role::Master;
            report.replica = ReplicaReport::default();
        }
        Some(Lie::NoRole) => {
            report.role = Role::Unknown;
            report.replica = ReplicaReport::default();
        }
        Some(Lie::Offset) if report.replica.repl_offset.is_some() => {
            report.replica.repl_offset = Some(u64::MAX / 2);
        }
        _ => {}
    }
    report
}
