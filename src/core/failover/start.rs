//! Beginning a failover.

use crate::types::{Epoch, Now};

use super::super::instances::Reconf;
use super::super::notice::EventName;
use super::super::{MasterId, Party, Sentinel};
use super::{Failover, Order, Stage};

impl Sentinel {
    /// Takes a new epoch, casts the own vote and asks for the others'.
    ///
    /// Masters that are lost together share an epoch ([`Burst`](super::super::election::Burst)).
    pub(in crate::core) fn start_failover(&mut self, id: MasterId, order: Order, now: Now) {
        let forced = order == Order::Forced;
        // A forced one has no votes to protect its epoch: it always takes a fresh one.
        let epoch = self
            .shared_epoch(id, now.mono)
            .filter(|_| !forced)
            .unwrap_or_else(|| self.unused_epoch(id));
        self.drop_reassertion(id);
        let raised = epoch > self.current_epoch;
        self.current_epoch = epoch;
        let stamp = self.desynchronised(now.mono);
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        master.candidacy = None;
        let stamp_before = master.attempt_stamp.replace(stamp);
        master.failover = Some(Failover {
            epoch,
            order,
            since: now.mono,
            started: now.mono,
            stamp_before,
            refused: Default::default(),
            stage: Stage::WaitStart,
        });
        for replica in master.replicas.values_mut() {
            replica.reconf = Reconf::Untold;
        }
        if raised && !forced {
            self.epoch_of_burst(epoch, now.mono);
        }
        self.announce_own_epoch(id, epoch);
        self.announce_party(EventName::TryFailover, Party::master(id));
        self.cast_missing_own_vote(id);
        self.ask_all(id, now);
        if raised {
            self.rebase_candidacies(now);
        }
        let informants = match order {
            Order::Odown => Vec::new(),
            Order::Forced => self.replica_parties(id),
            Order::Coordinated => self.server_parties(id),
        };
        for party in informants {
            self.want_info(party, now.mono, now);
        }
        self.step_failover(id, now);
    }

    /// An epoch above everything heard of, voted in, or in force: a peer may publish a
    /// configuration under a greater epoch than its current one.
    pub(in crate::core) fn unused_epoch(&self, id: MasterId) -> Epoch {
        let known = self.masters.get(&id).map_or(Epoch::ZERO, |m| {
            let pending = m.pending_vote.as_ref().map(|p| p.epoch);
            m.config_epoch.max(pending.unwrap_or_default())
        });
        self.current_epoch.max(known).next()
    }
}
