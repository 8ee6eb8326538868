//! Counting votes, and keeping a candidacy in the newest epoch.

use crate::types::{Epoch, Now, RunId};

use super::super::instances::Master;
use super::super::notice::EventName;
use super::super::persist::Waiting;
use super::super::{MasterId, Sentinel};

/// Votes for `me` in exactly this epoch: the peers' reported ones and our own durable one.
pub(in crate::core) fn votes_for(master: &Master, me: &RunId, epoch: Epoch) -> usize {
    let own = master.leader_epoch == epoch && master.voted_for.as_ref() == Some(me);
    let peers = master
        .peers
        .values()
        .filter(|p| p.vote.epoch == epoch && p.vote.leader.as_ref() == Some(me));
    usize::from(own) + peers.count()
}

impl Sentinel {
    /// Whether our candidacy has won. Nothing is declared before the own vote is on disk.
    pub(in crate::core) fn has_won(&self, master: &Master) -> bool {
        let Some(failover) = master.failover.as_ref().filter(|f| f.is_electing()) else {
            return false;
        };
        let own =
            master.leader_epoch == failover.epoch && master.voted_for.as_ref() == Some(&self.my_id);
        own && (failover.is_forced()
            || votes_for(master, &self.my_id, failover.epoch) >= master.votes_needed())
    }

    /// A greater epoch has been heard of: adopted in memory now, spoken once it is on disk.
    pub(in crate::core) fn raise_epoch(&mut self, epoch: Epoch, id: MasterId, now: Now) {
        self.current_epoch = epoch;
        self.persist();
        self.ledger.announce_epoch(epoch, id);
        self.rebase_candidacies(now);
    }

    /// Every unelected candidacy follows the current epoch at once: peers that have seen the
    /// greater epoch would refuse the smaller one. One whose vote in that epoch has gone to
    /// another is lost and left to its time limit.
    pub(in crate::core) fn rebase_candidacies(&mut self, now: Now) {
        let current = self.current_epoch;
        let behind = |m: &&mut Master| {
            m.failover
                .as_ref()
                .is_some_and(|f| f.is_electing() && f.epoch < current)
        };
        let mut rebased = Vec::new();
        for master in self.masters.values_mut().filter(|m| behind(m)) {
            if master.vote_is_gone(current, &self.my_id) {
                continue;
            }
            if let Some(failover) = &mut master.failover {
                failover.epoch = current;
                rebased.push(master.id);
            }
        }
        for id in rebased {
            let callers = self.take_own_pending(id);
            let me = self.my_id.clone();
            self.propose_vote(id, current, Some(me), callers);
            self.ask_all(id, now);
        }
        let reasserting = |m: &&Master| m.reassertion.is_some();
        let reasserting = self.masters.values().filter(reasserting).map(|m| m.id);
        for id in reasserting.collect::<Vec<_>>() {
            self.rebase_reassertion(id, now);
        }
    }

    /// Drops the own vote that is on its way for an older epoch, keeping those who wait for it.
    pub(super) fn take_own_pending(
        &mut self,
        id: MasterId,
    ) -> Vec<(
        super::super::event::Waiter,
        super::super::event::DownQuestion,
    )> {
        let Some(pending) = self
            .masters
            .get_mut(&id)
            .and_then(|m| m.pending_vote.take())
        else {
            return Vec::new();
        };
        self.ledger
            .wait(pending.version, Waiting::ReplacedVote(id, pending.epoch));
        pending.callers
    }

    /// Announces a new epoch of our own making.
    pub(in crate::core) fn announce_own_epoch(&mut self, id: MasterId, epoch: Epoch) {
        self.announce(EventName::NewEpoch, id, epoch.to_string());
    }
}
