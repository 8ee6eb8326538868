//! The `sentinel …` lines as values: what the core is born from and what it hands to the store.

use std::collections::BTreeMap;

use crate::types::{Address, Epoch, MasterName, RunId, Secret};

/// Everything the `sentinel …` directives say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SentinelConf {
    /// `myid`; `None` before the first start.
    pub my_id: Option<RunId>,
    /// `current-epoch`, already raised to every `config-epoch` read.
    pub current_epoch: Epoch,
    /// `announce-ip`, unset when empty.
    pub announce_ip: Option<String>,
    /// `announce-port`, 0 = unset.
    pub announce_port: u16,
    /// `deny-scripts-reconfig no`. (Stored negated so that the default is `false`.)
    pub allow_scripts_reconfig: bool,
    /// `resolve-hostnames`.
    pub resolve_hostnames: bool,
    /// `announce-hostnames`.
    pub announce_hostnames: bool,
    /// `sentinel-user`.
    pub sentinel_user: Option<String>,
    /// `sentinel-pass`.
    pub sentinel_pass: Option<Secret>,
    /// The generic `loglevel`, when it was changed by SENTINEL CONFIG SET.
    pub loglevel: Option<String>,
    /// The `monitor` lines in file order, each with its group's other lines.
    pub masters: Vec<MasterConf>,
}

/// One master group as configured and remembered.
#[derive(Clone, Debug, PartialEq)]
pub struct MasterConf {
    /// `monitor`: the name.
    pub name: MasterName,
    /// `monitor`: on reading, the host as written. On writing, the effective address; it is
    /// shown in announce form (the host text stands in for an unknown IP).
    pub address: Address,
    /// `monitor`: at least 1.
    pub quorum: u32,
    /// `down-after-milliseconds`, > 0; default 30000.
    pub down_after: u64,
    /// `failover-timeout` in milliseconds, > 0; default 180000.
    pub failover_timeout: u64,
    /// `parallel-syncs`; the file may hold 0 and negatives.
    pub parallel_syncs: i64,
    /// `notification-script`.
    pub notification_script: Option<String>,
    /// `client-reconfig-script`.
    pub client_reconfig_script: Option<String>,
    /// `auth-pass`.
    pub auth_pass: Option<Secret>,
    /// `auth-user`.
    pub auth_user: Option<String>,
    /// `master-reboot-down-after-period` in milliseconds, 0 = off.
    pub master_reboot_down_after: u64,
    /// `config-epoch`.
    pub config_epoch: Epoch,
    /// `leader-epoch`: the epoch of the last vote.
    pub leader_epoch: Epoch,
    /// Whom that vote went to. redis-sentinel does not keep it; rsentinel does, in a comment
    /// line `# rsentinel voted-for <name> <epoch> <id>` that counts only while its epoch equals
    /// `leader-epoch`.
    pub voted_for: Option<RunId>,
    /// `known-replica`, in file order.
    pub known_replicas: Vec<Address>,
    /// `known-sentinel` lines with an id, in file order.
    pub known_peers: Vec<KnownPeer>,
    /// `rename-command`: original word in upper case -> new word.
    pub renames: BTreeMap<String, String>,
}

/// One `known-sentinel` line.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownPeer {
    /// Where it listens.
    pub address: Address,
    /// Its id.
    pub id: RunId,
}

impl MasterConf {
    /// A group with every default.
    pub fn new(name: MasterName, address: Address, quorum: u32) -> Self {
        MasterConf {
            name,
            address,
            quorum,
            down_after: 30_000,
            failover_timeout: 180_000,
            parallel_syncs: 1,
            notification_script: None,
            client_reconfig_script: None,
            auth_pass: None,
            auth_user: None,
            master_reboot_down_after: 0,
            config_epoch: Epoch::ZERO,
            leader_epoch: Epoch::ZERO,
            voted_for: None,
            known_replicas: Vec::new(),
            known_peers: Vec::new(),
            renames: BTreeMap::new(),
        }
    }
}
