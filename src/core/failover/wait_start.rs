//! Waiting to be elected.

use crate::types::Now;

use super::super::election::{is_void, votes_for};
use super::super::notice::{EventName, Level};
use super::super::persist::Waiting;
use super::super::{MasterId, Party, Sentinel};
use super::Stage;

impl Sentinel {
    pub(super) fn step_wait_start(&mut self, id: MasterId, now: Now) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        if self.has_won(master) {
            return self.elected(id, now);
        }
        let Some(failover) = &master.failover else {
            return;
        };
        let limit = self
            .timings
            .election_timeout
            .min(master.settings.failover_timeout);
        let end = master
            .attempt_stamp
            .unwrap_or(failover.started)
            .plus(limit + 1);
        // A forced attempt needs no votes, only its own one on disk.
        let void = self.features.early_retry
            && !failover.is_forced()
            && is_void(master, &self.my_id, failover.epoch, now.mono);
        if end > now.mono && !void {
            return self.set_failover_deadline(id, end);
        }
        let votes = votes_for(master, &self.my_id, failover.epoch);
        let why = if void {
            "; nobody can win it any more"
        } else {
            ""
        };
        let line = format!(
            "Not elected to fail over {} in epoch {}: {votes} of {} votes needed (known sentinels: {}, quorum {}){why}",
            self.describe(Party::master(id)),
            failover.epoch,
            master.votes_needed(),
            master.voters(),
            master.settings.quorum
        );
        self.announce_party(EventName::AbortNotElected, Party::master(id));
        self.log(Level::Notice, line);
        if void {
            self.end_void_attempt(id, now);
        } else if self.is_coordinated(id) {
            self.end_coordinated(id, now);
        } else {
            self.end_attempt(id, now);
        }
    }

    fn elected(&mut self, id: MasterId, now: Now) {
        self.announce_party(EventName::ElectedLeader, Party::master(id));
        if self.simulate.crash_after_election {
            return self.crash();
        }
        self.enter(id, Stage::SelectReplica, now);
        self.announce_party(EventName::StateSelectSlave, Party::master(id));
        self.step_select(id, now);
    }

    /// A simulated crash: what has been decided is written first, and nothing else happens.
    pub(super) fn crash(&mut self) {
        self.log(
            Level::Warning,
            "Sentinel CRASH because of SENTINEL simulate-failure".into(),
        );
        self.crashing = true;
        let version = self.persist();
        self.ledger.wait(version, Waiting::Crash);
    }
}
