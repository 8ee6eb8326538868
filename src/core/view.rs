//! What the core shows: immutable snapshots that the serving side formats.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::types::{Epoch, MasterName, Now, RunId};

use super::action::AddressRow;

/// In so many parts, of which a changed row replaces one.
const PARTS: usize = 64;

/// The effective address of every master: what GET-MASTER-ADDR-BY-NAME answers.
///
/// Copies share all parts but those in which a row has changed, so that a change costs the same
/// with ten masters and with thousands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressTable {
    parts: Vec<Arc<BTreeMap<MasterName, AddressRow>>>,
}

impl Default for AddressTable {
    fn default() -> Self {
        AddressTable {
            parts: vec![Arc::default(); PARTS],
        }
    }
}

impl AddressTable {
    /// The row of this master.
    pub fn get(&self, name: &str) -> Option<&AddressRow> {
        self.parts[part_of(name)].get(name)
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = &AddressRow> {
        self.parts.iter().flat_map(|part| part.values())
    }

    /// Sets the row of a master; false when it was the same.
    pub fn set(&mut self, row: AddressRow) -> bool {
        if self.get(row.name.as_str()) == Some(&row) {
            return false;
        }
        let part = &mut self.parts[part_of(row.name.as_str())];
        Arc::make_mut(part).insert(row.name.clone(), row);
        true
    }

    /// Takes the row of a master out; false when there was none.
    pub fn remove(&mut self, name: &MasterName) -> bool {
        if self.get(name.as_str()).is_none() {
            return false;
        }
        let part = &mut self.parts[part_of(name.as_str())];
        Arc::make_mut(part).remove(name.as_str()).is_some()
    }
}

/// FNV-1a over the bytes of the name.
fn part_of(name: &str) -> usize {
    let mix = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    name.as_bytes().iter().fold(0x811c_9dc5, mix) as usize % PARTS
}

/// A snapshot of everything that listings show. Times are already ages at `taken`.
#[derive(Clone, Debug)]
pub struct View {
    /// When it was taken.
    pub taken: Now,
    /// Own id.
    pub my_id: RunId,
    /// Whether TILT is in force.
    pub tilt: bool,
    /// Milliseconds since TILT began.
    pub tilt_since: Option<u64>,
    /// How often TILT was entered.
    pub total_tilt: u64,
    /// The sum of the simulated-failure flags (1: after election, 2: after promotion).
    pub simulate_failure_flags: u8,
    /// Process-wide settings that CONFIG GET shows.
    pub settings: SettingsView,
    /// The 13 timings of SENTINEL DEBUG in listing order: name, milliseconds.
    pub timings: Vec<(&'static str, u64)>,
    /// Scripts that run or wait, oldest first.
    pub scripts: Arc<[ScriptView]>,
    /// Masters in the order of their names.
    pub masters: Vec<Arc<MasterView>>,
}

impl View {
    /// The master of this name.
    pub fn master(&self, name: &str) -> Option<&MasterView> {
        let at = self
            .masters
            .binary_search_by(|m| m.instance.name.as_str().cmp(name))
            .ok()?;
        Some(&self.masters[at])
    }
}

/// What SENTINEL CONFIG GET shows.
#[derive(Clone, Debug, Default)]
pub struct SettingsView {
    /// `resolve-hostnames`.
    pub resolve_hostnames: bool,
    /// `announce-hostnames`.
    pub announce_hostnames: bool,
    /// `announce-ip`, empty if unset.
    pub announce_ip: String,
    /// `announce-port`, 0 if unset.
    pub announce_port: u16,
    /// `sentinel-user`, empty if unset.
    pub sentinel_user: String,
    /// `sentinel-pass` in clear, empty if unset.
    pub sentinel_pass: Bytes,
}

/// A script that runs or waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptView {
    /// Its path and arguments.
    pub argv: Arc<[String]>,
    /// Its process, 0 while there is none.
    pub pid: u32,
    /// What it does.
    pub state: ScriptState,
    /// How often it was started.
    pub runs: u32,
}

/// What a script does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptState {
    /// It runs.
    Running {
        /// For so long, in ms.
        for_ms: u64,
    },
    /// It waits.
    Scheduled {
        /// It will not start before so many ms have passed.
        delay_ms: u64,
    },
}

/// The fields that masters, replicas and sentinels share, ready to print.
#[derive(Clone, Debug)]
pub struct InstanceView {
    /// Field `name`.
    pub name: String,
    /// Field `ip`, in announce form.
    pub ip: String,
    /// Field `port`.
    pub port: u16,
    /// Field `runid`, empty if unknown.
    pub run_id: String,
    /// Field `flags`, comma separated, in the documented order.
    pub flags: String,
    /// Field `link-pending-commands`.
    pub link_pending_commands: i64,
    /// Field `link-refcount`.
    pub link_refcount: usize,
    /// Milliseconds since the oldest unanswered PING, 0 if none.
    pub last_ping_sent: u64,
    /// Milliseconds since the last valid PING reply.
    pub last_ok_ping_reply: u64,
    /// Milliseconds since the last PING reply of any kind.
    pub last_ping_reply: u64,
    /// Milliseconds since SDOWN began, while SDOWN.
    pub s_down_time: Option<u64>,
    /// Milliseconds since ODOWN began, while ODOWN.
    pub o_down_time: Option<u64>,
    /// Milliseconds.
    pub down_after: u64,
}

/// The fields that masters and replicas share.
#[derive(Clone, Debug)]
pub struct ServerView {
    /// Milliseconds since the last INFO reply, 0 if never.
    pub info_refresh: u64,
    /// `master` or `slave`.
    pub role_reported: &'static str,
    /// Milliseconds since that role was first reported.
    pub role_reported_time: u64,
    /// The text of the last INFO reply.
    pub info: Option<Bytes>,
}

/// A master group.
#[derive(Clone, Debug)]
pub struct MasterView {
    /// Shared fields.
    pub instance: InstanceView,
    /// Shared fields of servers.
    pub server: ServerView,
    /// `failover-state`, while a failover is in progress.
    pub failover_state: Option<&'static str>,
    /// The effective address in announce form (see [`AddressTable`]).
    pub effective: (String, u16),
    /// Field `config-epoch`.
    pub config_epoch: Epoch,
    /// Field `quorum`.
    pub quorum: u32,
    /// Milliseconds.
    pub failover_timeout: u64,
    /// Field `parallel-syncs`.
    pub parallel_syncs: i64,
    /// Path, if set.
    pub notification_script: Option<String>,
    /// Path, if set.
    pub client_reconfig_script: Option<String>,
    /// `ok`, `sdown` or `odown`, for INFO.
    pub status: &'static str,
    /// All known replicas, also unannounced ones, in table order.
    pub replicas: Vec<ReplicaView>,
    /// All other known sentinels, in table order.
    pub peers: Vec<PeerView>,
}

/// A replica.
#[derive(Clone, Debug)]
pub struct ReplicaView {
    /// Shared fields.
    pub instance: InstanceView,
    /// Shared fields of servers.
    pub server: ServerView,
    /// Milliseconds; −1000 when the replica reports −1.
    pub master_link_down_time: i64,
    /// Whether the replication link is up (`ok`) or not (`err`).
    pub master_link_up: bool,
    /// As the replica reports it, `?` if unknown.
    pub master_host: String,
    /// 0 if unknown.
    pub master_port: u16,
    /// `slave-priority`.
    pub priority: i64,
    /// `slave-repl-offset`.
    pub repl_offset: u64,
    /// Whether listings show it.
    pub announced: bool,
}

/// Another sentinel.
#[derive(Clone, Debug)]
pub struct PeerView {
    /// Shared fields; `name` is the peer's id.
    pub instance: InstanceView,
    /// Milliseconds since its last hello.
    pub last_hello_message: u64,
    /// Whom it last voted for, `?` if nobody.
    pub voted_leader: String,
    /// The epoch of that vote.
    pub voted_leader_epoch: Epoch,
    /// Whether it counts as usable (not SDOWN) for CKQUORUM.
    pub usable: bool,
}
