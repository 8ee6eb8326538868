//! A master record and the group around it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::types::{Address, Epoch, MasterName, Mono, RunId, Secret};

use super::super::MasterId;
use super::super::action::Renames;
use super::super::election::{PendingVote, Reassertion};
use super::super::failover::Failover;
use super::peer::Peer;
use super::replica::Replica;
use super::server::Server;

/// Whether a record is subjectively down, and since when.
#[derive(Clone, Copy, Debug, Default)]
pub struct Health {
    /// Since when it is down; `None` while it is not.
    pub down_since: Option<Mono>,
    /// When the last down time began; kept after it ends ("no down for").
    pub last_down_start: Option<Mono>,
    /// SCRIPT KILL has been sent in this down time.
    pub script_kill_sent: bool,
}

impl Health {
    /// Currently down.
    pub fn is_down(&self) -> bool {
        self.down_since.is_some()
    }
}

/// What an operator configures of a group.
#[derive(Clone, Debug)]
pub struct MasterSettings {
    /// How many sentinels must agree that it is down; at least 1.
    pub quorum: u32,
    /// `D`: milliseconds without a valid reply before it is down; > 0.
    pub down_after: u64,
    /// `FT`: milliseconds; > 0.
    pub failover_timeout: u64,
    /// How many replicas may resynchronise at once; the file may hold 0 and negatives.
    pub parallel_syncs: i64,
    /// Path of the notification script.
    pub notification_script: Option<String>,
    /// Path of the client reconfiguration script.
    pub client_reconfig_script: Option<String>,
    /// Password for the servers.
    pub auth_pass: Option<Secret>,
    /// User for the servers.
    pub auth_user: Option<String>,
    /// Milliseconds; 0 = off.
    pub reboot_down_after: u64,
    /// Renamed commands of the servers.
    pub renames: Arc<Renames>,
}

/// A master group.
#[derive(Debug)]
pub struct Master {
    /// Never reused.
    pub id: MasterId,
    /// The configured name.
    pub name: MasterName,
    /// The record's address: the old master's until the switch.
    pub address: Address,
    /// Operator's settings.
    pub settings: MasterSettings,
    /// What it shares with replicas.
    pub server: Server,
    /// The epoch of the configuration in force.
    pub config_epoch: Epoch,
    /// The epoch of our last vote for this group; only durable votes stand here.
    pub leader_epoch: Epoch,
    /// Whom that vote went to; unknown after RESET and after restarts of the reference.
    pub voted_for: Option<RunId>,
    /// A vote on its way to the disk, and the requests that wait behind it.
    pub pending_vote: Option<PendingVote>,
    /// Since when it is objectively down.
    pub odown_since: Option<Mono>,
    /// When the last ODOWN began.
    pub last_odown_start: Option<Mono>,
    /// Its run id changed, and it has not answered a PONG since.
    pub rebooted_at: Option<Mono>,
    /// The own failover in progress.
    pub failover: Option<Failover>,
    /// The instant from which 2 × failover-timeout must pass before an own attempt: the last
    /// own attempt or vote for another, plus a random part of a second.
    pub attempt_stamp: Option<Mono>,
    /// The stamp of the last vote for another sentinel: its failover may be running.
    pub yielded_at: Option<Mono>,
    /// The greatest epoch in which nobody was or can be elected: not to be used again.
    pub void_epoch: Epoch,
    /// The stamp for which the wait has been logged.
    pub logged_stamp: Option<Mono>,
    /// When our candidacy begins, while it is being delayed.
    pub candidacy: Option<Mono>,
    /// A configuration restored from disk that its master has not confirmed yet: since when.
    pub unconfirmed_since: Option<Mono>,
    /// A conflict about the address that no config epoch decides, and its healing.
    pub reassertion: Option<Reassertion>,
    /// When a re-assertion was last begun.
    pub reasserted_at: Option<Mono>,
    /// Replicas in the order they became known.
    pub replicas: BTreeMap<u32, Replica>,
    /// Peers in the order they became known.
    pub peers: BTreeMap<u32, Peer>,
    /// Since when there may be voters that we have not met: the record was born without peers, or
    /// an operator had all of them forgotten. It counts for twice `failover-timeout`.
    pub meeting_voters_since: Option<Mono>,
    /// It has been logged that there is no room for further peers.
    pub crowded: bool,
    /// The next key of either table.
    pub next_key: u32,
}

impl Master {
    /// The number of voters: ourselves and every known peer, down or not.
    pub fn voters(&self) -> usize {
        self.peers.len() + 1
    }

    /// More than half of all voters.
    pub fn majority(&self) -> usize {
        self.voters() / 2 + 1
    }

    /// The least number of votes that wins: a majority of all voters, and the quorum.
    pub fn votes_needed(&self) -> usize {
        self.majority().max(self.settings.quorum as usize)
    }

    /// Our vote in this epoch, or a later one, has been or is just being given to another.
    pub fn vote_is_gone(&self, epoch: Epoch, me: &RunId) -> bool {
        let pending_for_other = self
            .pending_vote
            .as_ref()
            .is_some_and(|p| p.candidate.as_ref().is_some_and(|c| c != me));
        self.leader_epoch >= epoch || pending_for_other
    }

    /// The address that hellos, clients and the disk are told: the promoted replica's as soon
    /// as its promotion is proved, else the record's.
    pub fn effective_address(&self) -> &Address {
        self.promoted_key()
            .and_then(|key| self.replicas.get(&key))
            .map_or(&self.address, |promoted| &promoted.address)
    }

    /// The replica whose promotion has been proved in the failover in progress.
    pub fn promoted_key(&self) -> Option<u32> {
        self.failover.as_ref().and_then(Failover::proved_promotion)
    }

    /// Subjectively down.
    pub fn is_sdown(&self) -> bool {
        self.server.health.is_down()
    }

    /// Objectively down.
    pub fn is_odown(&self) -> bool {
        self.odown_since.is_some()
    }

    /// The key of the replica at this address.
    pub fn replica_at(&self, address: &Address) -> Option<u32> {
        self.replicas
            .iter()
            .find(|(_, r)| r.address.same_as(address))
            .map(|(key, _)| *key)
    }

    /// The master or a replica has this address, as written or as last known.
    pub fn has_server_at(&self, address: &Address) -> bool {
        self.replica_at(address).is_some() || self.address.same_as(address)
    }

    /// A fresh key for either table.
    pub fn take_key(&mut self) -> u32 {
        self.next_key += 1;
        self.next_key
    }
}
