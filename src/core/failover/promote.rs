//! Promoting the chosen replica, and the proof that it happened.

use crate::types::Now;

use super::super::action::Ask;
use super::super::instances::Server;
use super::super::notice::EventName;
use super::super::scripts::Part;
use super::super::{MasterId, Party, Sentinel, Who};
use super::Stage;

/// Pause between INFOs to a replica whose promotion is awaited.
const PROOF_POLL_MS: u64 = 100;

impl Sentinel {
    pub(super) fn step_send(&mut self, id: MasterId, now: Now) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let Some(failover) = &master.failover else {
            return;
        };
        let Some(chosen) = failover.chosen() else {
            return;
        };
        if failover.is_coordinated() {
            return self.step_send_hand_over(id, chosen, now);
        }
        let replica = Party::replica(id, chosen);
        let end = failover.since.plus(master.settings.failover_timeout + 1);
        let linked = self.link(replica).is_some_and(|l| !l.is_disconnected());
        if !linked {
            if end <= now.mono {
                return self.abort(id, EventName::AbortSlaveTimeout, now);
            }
            return self.set_failover_deadline(id, end);
        }
        self.replicate(replica, None);
        self.announce_party(EventName::StateWaitPromotion, replica);
        self.enter(id, Stage::WaitPromotion { chosen }, now);
        // Right behind EXEC on the same socket: it is executed after the promotion.
        self.want_info(replica, now.mono, now);
        self.step_wait_promotion(id, now);
    }

    /// Sends a SLAVEOF transaction; false when there is no link.
    pub(in crate::core) fn replicate(
        &mut self,
        party: Party,
        target: Option<(String, u16)>,
    ) -> bool {
        let abort_failover = self.server(party).is_some_and(Server::is_handing_over);
        self.send(
            party,
            Ask::Replicate {
                party,
                target,
                abort_failover,
            },
        )
    }

    pub(super) fn step_wait_promotion(&mut self, id: MasterId, now: Now) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let Some(failover) = &master.failover else {
            return;
        };
        let Some(chosen) = failover.chosen() else {
            return;
        };
        let end = failover.since.plus(master.settings.failover_timeout + 1);
        if end <= now.mono {
            return self.abort(id, EventName::AbortSlaveTimeout, now);
        }
        self.set_failover_deadline(id, end);
        self.poll_info(Party::replica(id, chosen), now);
    }

    /// Asks a server whose role is awaited again and again.
    pub(super) fn poll_info(&mut self, party: Party, now: Now) {
        let idle = self
            .link(party)
            .is_some_and(|l| l.info_in_flight.is_empty());
        if idle && self.server(party).is_some_and(|s| s.info_wanted.is_none()) {
            self.want_info(party, now.mono.plus(PROOF_POLL_MS), now);
        }
    }

    /// Whether this replica has been told to become master and its word would prove it.
    pub(in crate::core) fn is_chosen_for_promotion(&self, id: MasterId, key: u32) -> bool {
        let stage = self
            .masters
            .get(&id)
            .and_then(|m| m.failover.as_ref())
            .map(|f| &f.stage);
        matches!(stage, Some(Stage::WaitPromotion { chosen }) if *chosen == key)
    }

    /// The chosen replica's INFO says master: the new configuration exists, and is told at once.
    /// It may be told before it is on disk: its epoch is ours alone, by the durable own vote.
    pub(in crate::core) fn promotion_proved(&mut self, id: MasterId, key: u32, now: Now) {
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        let Some(failover) = &master.failover else {
            return;
        };
        master.config_epoch = failover.epoch;
        master.unconfirmed_since = None;
        self.enter(id, Stage::ReconfReplicas { promoted: key }, now);
        self.addresses.changed(id);
        self.persist();
        self.announce_party(EventName::PromotedSlave, Party::replica(id, key));
        if self.simulate.crash_after_promotion {
            return self.crash();
        }
        self.release_after_hand_over(id, key);
        self.announce_party(EventName::StateReconfSlaves, Party::master(id));
        if let Some(master) = self.masters.get(&id) {
            let from = master.address.clone();
            let to = master.effective_address().clone();
            self.reconfigure_clients(id, Part::Leader, &from, &to);
        }
        self.greet_group(id);
    }

    /// The chosen replica definitely refused: the next best may be asked in the same epoch. With
    /// an unknown outcome it may not, because two servers could then be masters of one epoch.
    pub(in crate::core) fn promotion_refused(&mut self, party: Party, now: Now) {
        let Who::Replica(key) = party.who else { return };
        if !self.is_chosen_for_promotion(party.master, key) {
            return;
        }
        if let Some(failover) = self
            .masters
            .get_mut(&party.master)
            .and_then(|m| m.failover.as_mut())
        {
            failover.refused.insert(key);
        }
        self.enter(party.master, Stage::SelectReplica, now);
        self.step_failover(party.master, now);
    }
}
