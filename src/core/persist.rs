//! What must be on disk before it may be said: versions of the durable state, who waits for
//! which, and the state itself as configuration.

use std::collections::VecDeque;

use crate::config::{KnownPeer, MasterConf, SentinelConf};
use crate::types::{Address, Epoch, Now};

use super::action::{Action, Reply};
use super::deadlines::Deadline;
use super::event::Waiter;
use super::instances::Master;
use super::notice::EventName;
use super::{MasterId, Party, Sentinel};

/// The number of a state, which grows by one with each turn that changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// What happens when a version is settled.
#[derive(Debug)]
pub(super) enum Waiting {
    /// The pending vote of this master.
    Vote(MasterId),
    /// An own vote that a candidacy in a greater epoch has replaced.
    ReplacedVote(MasterId, Epoch),
    /// The process ends: a simulated crash.
    Crash,
    /// A caller is answered, and then perhaps an event announced.
    Reply {
        /// The caller.
        waiter: Waiter,
        /// The answer on success; a failed write answers with an error instead.
        reply: Reply,
        /// Announced in either case: the change stands in memory.
        then: Option<(EventName, MasterId, String)>,
    },
}

/// Why a command that changed something answers with an error all the same (measured).
const SAVE_ERROR: &str = "ERR Failed to save config file. Check server logs.";
/// The status with which a simulated crash ends the process (measured).
const SIMULATED_CRASH_STATUS: i32 = 99;
/// A failed write is tried again after this long, then after twice as long each time, up to the
/// longest pause. Anything that changes meanwhile is tried at once.
const FIRST_RETRY_MS: u64 = 1_000;
const LONGEST_RETRY_MS: u64 = 30_000;

/// Versions on their way to the disk.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    newest: Version,
    dirty: bool,
    in_flight: VecDeque<(Version, Epoch)>,
    durable_epoch: Epoch,
    waiting: VecDeque<(Version, Waiting)>,
    unannounced: Vec<(Epoch, MasterId)>,
    slowest_write: u64,
    failures_in_a_row: u32,
}

impl Ledger {
    /// A ledger whose state is as it was read from disk.
    pub fn restored(epoch: Epoch) -> Self {
        Ledger {
            durable_epoch: epoch,
            ..Ledger::default()
        }
    }

    /// The greatest current epoch that is on disk: the one that may be spoken.
    pub fn durable_epoch(&self) -> Epoch {
        self.durable_epoch
    }

    /// The slowest recent rewrite in ms, decaying by an eighth with each faster one.
    pub fn slowest_write(&self) -> u64 {
        self.slowest_write
    }

    /// Something waits for a version.
    pub fn wait(&mut self, version: Version, waiting: Waiting) {
        self.waiting.push_back((version, waiting));
    }

    /// Something waits, so a first event may have yet to be announced.
    pub fn holds_back_any(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// This master's first event has yet to be announced.
    pub fn holds_back(&self, master: MasterId) -> bool {
        let first_event = |(_, waiting): &(Version, Waiting)| match waiting {
            Waiting::Reply { then, .. } => then.as_ref().is_some_and(|(_, id, _)| *id == master),
            _ => false,
        };
        self.waiting.iter().any(first_event)
    }

    /// An epoch heard of is announced once it is on disk.
    pub fn announce_epoch(&mut self, epoch: Epoch, master: MasterId) {
        self.unannounced.push((epoch, master));
    }

    fn take_settled(&mut self, version: Version) -> Vec<(Version, Waiting)> {
        let (settled, rest) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|(v, _)| *v <= version);
        self.waiting = rest;
        Vec::from(settled as VecDeque<_>)
    }
}

impl Sentinel {
    /// The state has changed: the store hears of it at the end of this turn, once for all changes
    /// of the turn. Returns the version that will carry them.
    pub(super) fn persist(&mut self) -> Version {
        self.ledger.dirty = true;
        Version(self.ledger.newest.0 + 1)
    }

    /// At the end of a turn: one version for all its changes. The state itself is made when the
    /// store is ready to take it: it costs as much as there are masters, and of a burst of turns
    /// all but the last would be thrown away unwritten.
    pub(super) fn hand_to_store(&mut self) {
        if !std::mem::take(&mut self.ledger.dirty) {
            return;
        }
        self.ledger.newest.0 += 1;
        let version = self.ledger.newest;
        let epoch = self.epoch_for_disk();
        self.ledger.in_flight.push_back((version, epoch));
        self.out.push_back(Action::Persist { version });
    }

    /// `Event::Durable`.
    pub(super) fn durable(&mut self, version: Version, took_ms: u64, now: Now) {
        let ledger = &mut self.ledger;
        ledger.failures_in_a_row = 0;
        ledger.slowest_write = took_ms.max(ledger.slowest_write - ledger.slowest_write.div_ceil(8));
        while let Some((v, epoch)) = ledger
            .in_flight
            .front()
            .copied()
            .filter(|(v, _)| *v <= version)
        {
            ledger.in_flight.pop_front();
            ledger.durable_epoch = ledger.durable_epoch.max(epoch);
            debug_assert!(v <= version);
        }
        let durable = ledger.durable_epoch;
        let (known, rest) = std::mem::take(&mut ledger.unannounced)
            .into_iter()
            .partition(|(e, _)| *e <= durable);
        ledger.unannounced = rest;
        for (epoch, master) in known as Vec<(Epoch, MasterId)> {
            self.announce(EventName::NewEpoch, master, epoch.to_string());
        }
        for (version, waiting) in self.ledger.take_settled(version) {
            match waiting {
                Waiting::Crash => self.end_process(),
                Waiting::ReplacedVote(master, epoch) => self.replaced_vote_durable(master, epoch),
                Waiting::Vote(master) => self.vote_durable(master, version, now),
                Waiting::Reply {
                    waiter,
                    reply,
                    then,
                } => self.answer(waiter, reply, then, now),
            }
        }
    }

    /// `Event::NotDurable`.
    pub(super) fn not_durable(&mut self, version: Version, _reason: &str, now: Now) {
        while self
            .ledger
            .in_flight
            .front()
            .is_some_and(|(v, _)| *v <= version)
        {
            self.ledger.in_flight.pop_front();
        }
        // A state handed over later carries the votes of this one too: they may still get there.
        let carrier = self.ledger.in_flight.back().map(|(v, _)| *v);
        for (version, waiting) in self.ledger.take_settled(version) {
            match (waiting, carrier) {
                (Waiting::Crash, _) => self.end_process(),
                (Waiting::ReplacedVote(..), _) => {}
                (Waiting::Vote(master), Some(carrier)) => {
                    self.vote_carried_by(master, version, carrier);
                }
                (Waiting::Vote(master), None) => self.vote_not_durable(master, version, now),
                (Waiting::Reply { waiter, then, .. }, _) => {
                    self.answer(waiter, Reply::Error(SAVE_ERROR.into()), then, now)
                }
            }
        }
        let doublings = self.ledger.failures_in_a_row.min(10);
        self.ledger.failures_in_a_row += 1;
        let pause = (FIRST_RETRY_MS << doublings).min(LONGEST_RETRY_MS);
        self.deadlines
            .set(Deadline::RetryPersist, Some(now.mono.plus(pause)));
    }

    /// What stands only in memory is tried again, and with it own votes that could not be cast.
    pub(super) fn retry_persist(&mut self, _now: Now) {
        let masters: Vec<MasterId> = self.masters.keys().copied().collect();
        for id in masters {
            self.cast_missing_own_vote(id);
        }
        self.persist();
    }

    fn end_process(&mut self) {
        self.out.push_back(Action::Exit {
            status: SIMULATED_CRASH_STATUS,
        });
    }

    fn answer(
        &mut self,
        waiter: Waiter,
        reply: Reply,
        then: Option<(EventName, MasterId, String)>,
        now: Now,
    ) {
        self.out.push_back(Action::Reply { waiter, reply });
        if let Some((name, master, text)) = then {
            self.announce(name, master, text);
            if let Some(link) = self.link_of(Party::master(master)) {
                self.tend_link(link, now);
            }
        }
    }

    /// The current epoch as the disk has to know it, those of pending votes included.
    fn epoch_for_disk(&self) -> Epoch {
        let votes = self
            .masters
            .values()
            .filter_map(|m| m.pending_vote.as_ref());
        votes.map(|p| p.epoch).fold(self.current_epoch, Epoch::max)
    }

    /// The state as it has to read after a restart, pending votes included. It covers every version
    /// that was announced ([`Action::Persist`]) until now.
    pub fn durable_state(&self) -> SentinelConf {
        let settings = &self.settings;
        SentinelConf {
            my_id: Some(self.my_id.clone()),
            current_epoch: self.epoch_for_disk(),
            announce_ip: settings.announce_ip.clone(),
            announce_port: settings.announce_port,
            allow_scripts_reconfig: settings.allow_scripts_reconfig,
            resolve_hostnames: settings.resolve_hostnames,
            announce_hostnames: settings.announce_hostnames,
            sentinel_user: settings.sentinel_user.clone(),
            sentinel_pass: settings.sentinel_pass.clone(),
            loglevel: settings.loglevel.clone(),
            masters: self.masters.values().map(master_conf).collect(),
        }
    }
}

fn master_conf(master: &Master) -> MasterConf {
    let promoted = master.promoted_key();
    let replica_address = |key: &u32, address: &Address| {
        // While the monitor line names the promoted replica, its own line names the old master.
        if Some(*key) == promoted {
            master.address.clone()
        } else {
            address.clone()
        }
    };
    let pending = master.pending_vote.as_ref();
    let vote = pending.and_then(|p| p.candidate.clone().map(|c| (p.epoch, Some(c))));
    let (leader_epoch, voted_for) = vote.unwrap_or((master.leader_epoch, master.voted_for.clone()));
    let settings = &master.settings;
    MasterConf {
        name: master.name.clone(),
        address: master.effective_address().clone(),
        quorum: settings.quorum,
        down_after: settings.down_after,
        failover_timeout: settings.failover_timeout,
        parallel_syncs: settings.parallel_syncs,
        notification_script: settings.notification_script.clone(),
        client_reconfig_script: settings.client_reconfig_script.clone(),
        auth_pass: settings.auth_pass.clone(),
        auth_user: settings.auth_user.clone(),
        master_reboot_down_after: settings.reboot_down_after,
        config_epoch: master.config_epoch,
        leader_epoch,
        voted_for,
        known_replicas: master
            .replicas
            .iter()
            .map(|(key, r)| replica_address(key, &r.address))
            .collect(),
        known_peers: master
            .peers
            .values()
            .map(|p| KnownPeer {
                address: p.address.clone(),
                id: p.id.clone(),
            })
            .collect(),
        renames: (*settings.renames).clone(),
    }
}
