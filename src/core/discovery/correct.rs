//! Correcting servers that are not what the configuration says, with the waits that keep the
//! correction from undoing another sentinel's failover.

use crate::types::{Mono, Now};
use crate::wire::{Role, TransactionOutcome};

use super::super::instances::{Master, Server};
use super::super::notice::EventName;
use super::super::{Party, Sentinel, Who};

impl Sentinel {
    /// A replica record reports itself a master: after 4 × the publish period without a newer
    /// configuration it is an old master that came back, and is demoted.
    pub(super) fn correct_rogue_master(&mut self, party: Party, now: Now) {
        let wait = self.timings.publish_period.saturating_mul(4);
        let Some(master) = self.masters.get(&party.master) else {
            return;
        };
        let Some(server) = self.server(party) else {
            return;
        };
        let Some(address) = self.address_of(party) else {
            return;
        };
        if master.effective_address().same_as(address) {
            return;
        }
        let calm_at =
            calm_at(server.health.last_down_start, wait).max(server.role_since.plus(wait).plus(1));
        self.correct(party, calm_at, EventName::ConvertToSlave, now);
    }

    /// A replica follows some other server, or is stuck in handing over to one by its own FAILOVER:
    /// after `failover-timeout` it is set right.
    pub(super) fn correct_misdirected(&mut self, party: Party, now: Now) {
        let Some(master) = self.masters.get(&party.master) else {
            return;
        };
        let Who::Replica(key) = party.who else { return };
        let Some(replica) = master.replicas.get(&key) else {
            return;
        };
        if master.failover.is_some()
            || replica.address.same_as(&master.address)
            || replica.master_host.is_none()
        {
            return;
        }
        let misdirected = !self.reports_master(replica, &master.address);
        let wrong_since = match (misdirected, replica.server.failover_since) {
            (true, _) => replica.conf_changed,
            (false, Some(since)) => since,
            (false, None) => return,
        };
        let wait = master.settings.failover_timeout;
        let calm_at =
            calm_at(replica.server.health.last_down_start, wait).max(wrong_since.plus(wait + 1));
        // A name that does not resolve says nothing of whom it means.
        if self.reported_master_is_clear(party, now) {
            self.correct(party, calm_at, EventName::FixSlaveConfig, now);
        }
    }

    fn correct(&mut self, party: Party, calm_at: Mono, event: EventName, now: Now) {
        if calm_at > now.mono {
            // Ask again exactly when the wait is over.
            return self.want_info(party, calm_at, now);
        }
        let Some(master) = self.masters.get(&party.master) else {
            return;
        };
        if !self.looks_sane(master, now.mono) {
            return;
        }
        let address = master.effective_address();
        let target = (
            address.announced(self.settings.announce_hostnames),
            address.port(),
        );
        if self.replicate(party, Some(target)) {
            self.announce_party(event, party);
        }
    }

    /// The master answers, says that it is one, and said so lately; so does the promoted server,
    /// which others are told to follow once its promotion is public.
    fn looks_sane(&self, master: &Master, now: Mono) -> bool {
        let promoted = master
            .promoted_key()
            .filter(|_| !master.effective_address().same_as(&master.address))
            .and_then(|key| master.replicas.get(&key));
        let sane = |server: &Server| {
            server.role == Role::Master
                && !server.health.is_down()
                && server
                    .info_time
                    .is_some_and(|at| now.since(at) < 2 * self.timings.info_period)
        };
        sane(&master.server)
            && !master.is_odown()
            && promoted.is_none_or(|replica| sane(&replica.server))
    }

    /// What became of a SLAVEOF transaction.
    pub(in crate::core) fn replicate_answered(
        &mut self,
        party: Party,
        user: Option<Party>,
        outcome: TransactionOutcome,
        now: Now,
    ) {
        match &outcome {
            TransactionOutcome::Refused(text) => {
                self.log_refusal(party, text);
                self.promotion_refused(party, now);
            }
            // What we paused is a replica now: nobody's writes can be lost on it.
            TransactionOutcome::Accepted => {
                if let Some(user) = user {
                    self.let_writers_go_on(user);
                }
            }
            TransactionOutcome::Unclear(_) => {}
        }
    }
}

/// When nothing has gone down for `wait` ms.
fn calm_at(last_down_start: Option<Mono>, wait: u64) -> Mono {
    last_down_start.map_or(Mono(0), |at| at.plus(wait).plus(1))
}
