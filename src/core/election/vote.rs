//! Votes: one per master and epoch, first come first served, on disk before they are spoken.
//!
//! A vote is *pending* from the decision until the store reports. Meanwhile the state handed to
//! the disk already contains it, the state in memory does not, and further requests for the same
//! master wait behind it. If the write fails the vote has never been given: the caller hears the
//! vote on record, and the epoch is not adopted.

use rand::RngExt;

use crate::types::{Address, Epoch, Mono, Now, RunId};

use super::super::action::{Action, DownOpinion, Reply};
use super::super::event::{DownQuestion, Waiter};
use super::super::instances::Master;
use super::super::notice::EventName;
use super::super::persist::{Version, Waiting};
use super::super::timings::DESYNC_SPREAD;
use super::super::{MasterId, Sentinel};
use super::ask::asking_peer;
use super::burst::BURST_MS;

/// A vote, or only an epoch, on its way to the disk.
#[derive(Debug)]
pub(in crate::core) struct PendingVote {
    /// The epoch.
    pub epoch: Epoch,
    /// For whom; `None` when only the epoch is adopted.
    pub candidate: Option<RunId>,
    /// The state version that carries it.
    pub version: Version,
    /// Callers to be answered when it is settled, the first asker first.
    pub callers: Vec<(Waiter, DownQuestion)>,
}

impl Sentinel {
    /// A peer (or anyone) asks for our opinion, and perhaps for our vote.
    pub(in crate::core) fn asked_down(
        &mut self,
        waiter: Waiter,
        question: DownQuestion,
        client_name: Option<&str>,
        now: Now,
    ) {
        let found = self.master_asked_about(&question);
        if let Some((id, _)) = found {
            self.note_question(id, question.candidate.as_ref(), client_name, now.mono);
        }
        match (found, client_name) {
            (Some((id, _)), Some(name)) => self.ask_back(id, name, now),
            // Perhaps a name of a master that we know by its IP: askers ask again.
            (None, _) => self.refresh_strange(&question.host, now),
            _ => {}
        }
        self.answer_down(waiter, question);
    }

    /// A peer is busy with a master that has just been found down. (About one that stays down it
    /// asks for ever.)
    fn note_question(
        &mut self,
        id: MasterId,
        candidate: Option<&RunId>,
        client_name: Option<&str>,
        now: Mono,
    ) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let down_since = master.server.health.down_since;
        if down_since.is_none_or(|since| now.since(since) > BURST_MS) {
            return;
        }
        let peer = match candidate {
            Some(candidate) => master.peers.values().find(|p| p.id == *candidate),
            None => client_name
                .and_then(|name| asking_peer(master, name))
                .and_then(|key| master.peers.get(&key)),
        };
        let link = peer.map(|p| p.link);
        if let Some(link) = link.and_then(|link| self.links.get_mut(&link)) {
            link.question = Some((now, id));
        }
    }

    fn answer_down(&mut self, waiter: Waiter, question: DownQuestion) {
        let found = self.master_asked_about(&question);
        let down = found.is_some_and(|(_, down)| down) && !self.tilt.is_on();
        let (Some((id, _)), Some(candidate)) = (found, question.candidate.clone()) else {
            return self.reply_down(
                waiter,
                DownOpinion {
                    down,
                    leader: None,
                    epoch: Epoch::ZERO,
                },
            );
        };
        let current = self.current_epoch;
        let durable = self.ledger.durable_epoch();
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        if let Some(pending) = &mut master.pending_vote {
            pending.callers.push((waiter, question));
            return;
        }
        let epoch = question.epoch;
        let raises = epoch > current;
        let votes = master.leader_epoch < epoch && current <= epoch;
        if !raises && !votes {
            let opinion = DownOpinion {
                down,
                leader: master.voted_for.clone(),
                // A group that was monitored anew begins with an epoch that may not be on disk.
                epoch: master.leader_epoch.min(durable),
            };
            return self.reply_down(waiter, opinion);
        }
        self.propose_vote(
            id,
            epoch,
            votes.then_some(candidate),
            vec![(waiter, question)],
        );
    }

    /// Hands a vote to the disk.
    pub(in crate::core) fn propose_vote(
        &mut self,
        id: MasterId,
        epoch: Epoch,
        candidate: Option<RunId>,
        callers: Vec<(Waiter, DownQuestion)>,
    ) {
        let version = self.persist();
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        master.pending_vote = Some(PendingVote {
            epoch,
            candidate,
            version,
            callers,
        });
        self.ledger.wait(version, Waiting::Vote(id));
    }

    /// The pending vote of a master is on disk: it is given.
    pub(in crate::core) fn vote_durable(&mut self, id: MasterId, version: Version, now: Now) {
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        let Some(pending) = master.pending_vote.take_if(|p| p.version == version) else {
            return;
        };
        let raised = pending.epoch > self.current_epoch;
        if raised {
            self.current_epoch = pending.epoch;
            self.announce(EventName::NewEpoch, id, pending.epoch.to_string());
        }
        if let Some(candidate) = pending.candidate {
            // Where we do not see the master down, it may be an order's: see `Burst`.
            if raised && self.masters.get(&id).is_some_and(Master::is_sdown) {
                self.epoch_of_burst(pending.epoch, now.mono);
            }
            let for_other = candidate != self.my_id;
            let stamp = self.desynchronised(now.mono);
            let Some(master) = self.masters.get_mut(&id) else {
                return;
            };
            master.leader_epoch = pending.epoch;
            master.voted_for = Some(candidate.clone());
            if for_other {
                master.attempt_stamp = Some(stamp);
                master.yielded_at = Some(stamp);
                master.candidacy = None;
            }
            self.announce(
                EventName::VoteForLeader,
                id,
                format!("{candidate} {}", pending.epoch),
            );
        }
        self.settle_callers(pending.callers);
        if raised {
            self.rebase_candidacies(now);
        }
        self.cast_missing_own_vote(id);
        self.step_failover(id, now);
        self.count_reassertion(id, now);
    }

    /// An own vote is on disk that has been replaced meanwhile: it was given all the same, and no
    /// later state may say otherwise.
    pub(in crate::core) fn replaced_vote_durable(&mut self, id: MasterId, epoch: Epoch) {
        let me = self.my_id.clone();
        if let Some(master) = self.masters.get_mut(&id)
            && master.leader_epoch < epoch
        {
            master.leader_epoch = epoch;
            master.voted_for = Some(me);
        }
    }

    /// The pending vote was not written with its own version, but a later one carries it.
    pub(in crate::core) fn vote_carried_by(
        &mut self,
        id: MasterId,
        version: Version,
        carrier: Version,
    ) {
        let pending = self
            .masters
            .get_mut(&id)
            .and_then(|m| m.pending_vote.as_mut());
        if let Some(pending) = pending.filter(|p| p.version == version) {
            pending.version = carrier;
            self.ledger.wait(carrier, Waiting::Vote(id));
        }
    }

    /// The pending vote could not be written: it was never given.
    pub(in crate::core) fn vote_not_durable(&mut self, id: MasterId, version: Version, now: Now) {
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        let Some(pending) = master.pending_vote.take_if(|p| p.version == version) else {
            return;
        };
        self.reassertion_not_durable(id, pending.epoch);
        let mut callers = pending.callers.into_iter();
        if let Some((waiter, question)) = callers.next() {
            let down = self
                .master_asked_about(&question)
                .is_some_and(|(_, down)| down)
                && !self.tilt.is_on();
            if let Some(master) = self.masters.get(&id) {
                let opinion = DownOpinion {
                    down,
                    leader: master.voted_for.clone(),
                    epoch: master.leader_epoch.min(self.ledger.durable_epoch()),
                };
                self.reply_down(waiter, opinion);
            }
        }
        self.settle_callers(callers.collect());
        self.step_failover(id, now);
    }

    /// Requests that waited behind a vote are looked at anew.
    fn settle_callers(&mut self, callers: Vec<(Waiter, DownQuestion)>) {
        for (waiter, question) in callers {
            self.answer_down(waiter, question);
        }
    }

    /// Casts our own vote for our own candidacy, if it is not cast or on its way already.
    pub(in crate::core) fn cast_missing_own_vote(&mut self, id: MasterId) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let Some(failover) = master.failover.as_ref().filter(|f| f.is_electing()) else {
            return;
        };
        if master.pending_vote.is_some() || master.leader_epoch >= failover.epoch {
            return;
        }
        let epoch = failover.epoch;
        let me = self.my_id.clone();
        self.propose_vote(id, epoch, Some(me), Vec::new());
    }

    /// An instant up to a second ahead: attempts of several sentinels drift apart.
    pub(in crate::core) fn desynchronised(&mut self, now: Mono) -> Mono {
        now.plus(self.rng.random_range(0..DESYNC_SPREAD))
    }

    fn reply_down(&mut self, waiter: Waiter, opinion: DownOpinion) {
        self.out.push_back(Action::Reply {
            waiter,
            reply: Reply::Down(opinion),
        });
    }

    /// The master meant by a question, and whether the server at that address is down. While a
    /// promotion of ours is public, its server is known under the new address too.
    fn master_asked_about(&self, question: &DownQuestion) -> Option<(MasterId, bool)> {
        let port = u16::try_from(question.port).ok()?;
        let asked = self
            .known_address(&question.host, port)
            .unwrap_or_else(|| Address::new(&question.host, port));
        let by_record = self.master_at(&asked).and_then(|id| self.masters.get(&id));
        if let Some(master) = by_record {
            return Some((master.id, master.is_sdown()));
        }
        self.masters.values().find_map(|master| {
            let promoted = master.replicas.get(&master.promoted_key()?)?;
            promoted
                .address
                .same_as(&asked)
                .then(|| (master.id, promoted.server.health.is_down()))
        })
    }
}
