//! The re-assertion election: one master has two addresses that no config epoch decides between,
//! so a new epoch is asked for, under which one of them is published. It names a server that
//! already is a master: nobody is promoted, and nothing is sent to a server here.
//!
//! The request is an ordinary vote request about that server. Peers that know it as their master
//! vote by the ordinary rule, others answer that they do not know it.

use std::collections::BTreeSet;

use rand::RngExt;

use crate::types::{Address, Epoch, Mono, Now, RunId};
use crate::wire::DownReply;

use super::super::action::Ask;
use super::super::deadlines::Deadline;
use super::super::instances::{AskInFlight, Master};
use super::super::notice::Level;
use super::super::timings::FAST_INFO_PERIOD;
use super::super::{MasterId, Party, Sentinel};

/// The wait between seeing a conflict and acting on it: it may solve itself, and sentinels that
/// see it at the same time must not ask at the same time.
const SHORTEST_WAIT_MS: u64 = 2_000;
const LONGEST_WAIT_MS: u64 = 4_000;

/// A conflict that has been seen, and how far its healing got.
#[derive(Clone, Debug)]
pub(in crate::core) struct Reassertion {
    /// When the conflict was seen.
    since: Mono,
    stage: Stage,
}

#[derive(Clone, Debug)]
enum Stage {
    /// Until then the conflict may still solve itself.
    Waiting { until: Mono },
    /// Votes are asked for.
    Electing(Election),
}

#[derive(Clone, Debug)]
struct Election {
    /// The server whose address is to be published.
    target: Address,
    /// Under this epoch.
    epoch: Epoch,
    /// The peers that have voted for us in exactly this epoch, by their keys.
    votes: BTreeSet<u32>,
    /// When it is given up.
    until: Mono,
}

impl Reassertion {
    fn election(&self) -> Option<&Election> {
        match &self.stage {
            Stage::Electing(election) => Some(election),
            Stage::Waiting { .. } => None,
        }
    }
}

impl Sentinel {
    /// Something was said that may begin or end a conflict.
    pub(in crate::core) fn weigh_conflict(&mut self, id: MasterId, now: Now) {
        if !self.features.reassert {
            return;
        }
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let disputing = self.disputing(master, now.mono);
        if disputing.is_empty() || self.tilt.is_on() || master.failover.is_some() {
            return self.drop_reassertion(id);
        }
        let again_at = master
            .reasserted_at
            .map(|at| at.plus(2 * master.settings.failover_timeout));
        if master.reassertion.is_some() || again_at.is_some_and(|at| at > now.mono) {
            return;
        }
        let own = master.effective_address().clone();
        let text: Vec<String> = disputing.iter().map(|a| a.key(false)).collect();
        let line = format!(
            "Other sentinels name {} as the master of {}, which is {} here, and no config epoch decides",
            text.join(", "),
            self.describe(Party::master(id)),
            own.key(false)
        );
        self.log(Level::Warning, line);
        self.wait_to_reassert(id, now);
    }

    /// The conflict is over, or something else decides it.
    pub(in crate::core) fn drop_reassertion(&mut self, id: MasterId) {
        if let Some(master) = self.masters.get_mut(&id) {
            master.reassertion = None;
        }
        self.deadlines.set(Deadline::Reassert(id), None);
    }

    /// Takes the step that is due, and sets the next time.
    pub(in crate::core) fn tend_reassertion(&mut self, id: MasterId, now: Now) {
        self.weigh_conflict(id, now);
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let Some(reassertion) = &master.reassertion else {
            return;
        };
        let soon = now.mono.plus(FAST_INFO_PERIOD);
        let next = match &reassertion.stage {
            Stage::Waiting { until } if *until > now.mono => {
                let until = *until;
                self.ask_disputed(id, now);
                soon.min(until)
            }
            Stage::Waiting { .. } if self.may_not_ask_yet(master, now.mono) => {
                self.ask_disputed(id, now);
                soon
            }
            Stage::Waiting { .. } => {
                let since = reassertion.since;
                match self.fit_to_reassert(master, since, now.mono) {
                    Some(target) => return self.begin_reassertion(id, target, now),
                    None => return self.wait_to_reassert(id, now),
                }
            }
            Stage::Electing(election) if election.until > now.mono => {
                let until = election.until;
                self.ask_for_reassertion(id, now);
                soon.min(until)
            }
            Stage::Electing(election) => {
                let line = format!(
                    "Not elected to re-assert {} in epoch {}: {} of {} votes needed",
                    self.describe(Party::master(id)),
                    election.epoch,
                    1 + election.votes.len(),
                    master.votes_needed()
                );
                self.log(Level::Notice, line);
                return self.drop_reassertion(id);
            }
        };
        self.deadlines.set(Deadline::Reassert(id), Some(next));
    }

    /// A conflict is seen from now on, and left alone for a while.
    fn wait_to_reassert(&mut self, id: MasterId, now: Now) {
        let wait = self.rng.random_range(SHORTEST_WAIT_MS..=LONGEST_WAIT_MS);
        if let Some(master) = self.masters.get_mut(&id) {
            let until = now.mono.plus(wait);
            master.reassertion = Some(Reassertion {
                since: now.mono,
                stage: Stage::Waiting { until },
            });
        }
        self.tend_reassertion(id, now);
    }

    /// A vote is on its way to the disk, or the sentinel that got our last one may be promoting.
    fn may_not_ask_yet(&self, master: &Master, now: Mono) -> bool {
        let wait = 2 * master.settings.failover_timeout;
        master.pending_vote.is_some() || master.yielded_at.is_some_and(|at| at.plus(wait) > now)
    }

    /// Which of the disputed servers are masters is asked of themselves.
    fn ask_disputed(&mut self, id: MasterId, now: Now) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let others = self.disputing(master, now.mono);
        let parties: Vec<Party> = others
            .iter()
            .filter_map(|address| self.party_at(id, address))
            .chain([Party::master(id)])
            .collect();
        for party in parties {
            self.want_info(party, now.mono, now);
        }
    }

    fn begin_reassertion(&mut self, id: MasterId, target: Address, now: Now) {
        let epoch = self.unused_epoch(id);
        let limit = self.timings.election_timeout;
        let me = self.my_id.clone();
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        // Only after the last epoch of all.
        if epoch <= master.leader_epoch.max(master.config_epoch) {
            return self.drop_reassertion(id);
        }
        self.current_epoch = epoch;
        let until = now
            .mono
            .plus(limit.min(master.settings.failover_timeout) + 1);
        master.reasserted_at = Some(now.mono);
        if let Some(reassertion) = &mut master.reassertion {
            reassertion.stage = Stage::Electing(Election {
                target: target.clone(),
                epoch,
                votes: BTreeSet::new(),
                until,
            });
        }
        let line = format!(
            "Asking for epoch {epoch} to re-assert {} as the master of {}",
            target.key(false),
            self.describe(Party::master(id))
        );
        self.log(Level::Warning, line);
        self.announce_own_epoch(id, epoch);
        self.propose_vote(id, epoch, Some(me), Vec::new());
        self.rebase_candidacies(now);
        self.tend_reassertion(id, now);
    }

    /// Asks the peers that have not voted for us, each once an ask period.
    fn ask_for_reassertion(&mut self, id: MasterId, now: Now) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let Some(election) = master.reassertion.as_ref().and_then(Reassertion::election) else {
            return;
        };
        let (epoch, target, votes) = (
            election.epoch,
            election.target.clone(),
            election.votes.clone(),
        );
        let period = self.timings.ask_period;
        for party in self.peer_parties(id) {
            let super::super::Who::Peer(key) = party.who else {
                continue;
            };
            let lately = self.peer(party).is_some_and(|peer| {
                peer.reassertion_asked
                    .is_some_and(|(e, at)| e == epoch && now.mono.since(at) < period)
            });
            if lately || votes.contains(&key) {
                continue;
            }
            let ask = Ask::MasterDown {
                peer: party,
                host: target.announced(self.settings.announce_hostnames),
                port: target.port(),
                epoch,
                candidate: Some(self.my_id.clone()),
            };
            if self.send(party, ask)
                && let Some(peer) = self.peer_mut(party)
            {
                peer.asks_in_flight.push_back(AskInFlight {
                    sent: now.mono,
                    vote: None,
                    reasserts: Some(epoch),
                    outdated: false,
                });
                peer.reassertion_asked = Some((epoch, now.mono));
            }
        }
    }

    /// A peer's answer to a request of a re-assertion. What it says of the server's health concerns
    /// perhaps another server than our master, and is not used.
    pub(super) fn reassertion_answered(
        &mut self,
        party: Party,
        asked_for: Epoch,
        reply: Option<DownReply>,
        now: Now,
    ) {
        let vote = reply.and_then(|reply| reply.vote);
        let for_us = vote == Some((self.my_id.clone(), asked_for));
        if let super::super::Who::Peer(key) = party.who
            && let Some(Reassertion {
                stage: Stage::Electing(election),
                ..
            }) = self
                .masters
                .get_mut(&party.master)
                .and_then(|m| m.reassertion.as_mut())
            && for_us
            && election.epoch == asked_for
        {
            election.votes.insert(key);
        }
        self.count_reassertion(party.master, now);
    }

    /// Publishes the target once it has the votes and our own one is on disk.
    pub(in crate::core) fn count_reassertion(&mut self, id: MasterId, now: Now) {
        if self.tilt.is_on() || self.crashing {
            return;
        }
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let Some(election) = master.reassertion.as_ref().and_then(Reassertion::election) else {
            return;
        };
        if !is_won(master, election, &self.my_id) {
            return;
        }
        let (target, epoch) = (election.target.clone(), election.epoch);
        // The votes took their time: what was a master then may have been demoted or have died.
        let since = master.reassertion.as_ref().map_or(now.mono, |r| r.since);
        let fit = epoch > master.config_epoch && self.is_serving_master(master, &target, since);
        self.drop_reassertion(id);
        if !fit {
            let line = format!(
                "Elected in epoch {epoch} to re-assert {} as the master of {}, which does not serve as one any more: nothing is published",
                target.key(false),
                self.describe(Party::master(id))
            );
            return self.log(Level::Warning, line);
        }
        let line = format!(
            "Re-asserting {} as the master of {} in epoch {epoch}",
            target.key(false),
            self.describe(Party::master(id))
        );
        self.log(Level::Warning, line);
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        // Told before it is on disk, as a promotion is: by the durable own vote it is ours alone.
        master.config_epoch = epoch;
        master.unconfirmed_since = None;
        let moves = !master.effective_address().same_as(&target);
        if moves {
            let host = target.announced(self.settings.announce_hostnames);
            self.announce_switch(id, &target, &host, i64::from(target.port()));
            self.switch_address(id, target, now);
        }
        self.persist();
        self.greet_group(id);
    }

    /// A greater epoch has been heard of: the election follows it, as candidacies do, unless our
    /// vote in it has gone to another.
    pub(super) fn rebase_reassertion(&mut self, id: MasterId, now: Now) {
        let current = self.current_epoch;
        let me = self.my_id.clone();
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        let lost = master.vote_is_gone(current, &me);
        let Some(Reassertion {
            stage: Stage::Electing(election),
            ..
        }) = &mut master.reassertion
        else {
            return;
        };
        if election.epoch >= current {
            return;
        }
        if lost || self.tilt.is_on() {
            return self.drop_reassertion(id);
        }
        election.epoch = current;
        election.votes.clear();
        let callers = self.take_own_pending(id);
        self.propose_vote(id, current, Some(me), callers);
        self.ask_for_reassertion(id, now);
    }

    /// Our own vote could not be written: the attempt is over.
    pub(super) fn reassertion_not_durable(&mut self, id: MasterId, epoch: Epoch) {
        let concerned = self
            .masters
            .get(&id)
            .and_then(|m| m.reassertion.as_ref())
            .and_then(Reassertion::election)
            .is_some_and(|election| election.epoch == epoch);
        if concerned {
            self.drop_reassertion(id);
        }
    }
}

fn is_won(master: &Master, election: &Election, me: &RunId) -> bool {
    let own = master.leader_epoch == election.epoch && master.voted_for.as_ref() == Some(me);
    let peers = election
        .votes
        .iter()
        .filter(|key| master.peers.contains_key(key))
        .count();
    own && 1 + peers >= master.votes_needed()
}
