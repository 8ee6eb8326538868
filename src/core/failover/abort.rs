//! Ending an attempt before its promotion was proved. Nothing is sent to the chosen replica: if
//! it got promoted all the same, it will be demoted as any other rogue master.

use crate::types::Now;

use super::super::deadlines::Deadline;
use super::super::notice::EventName;
use super::super::{MasterId, Party, Sentinel};

impl Sentinel {
    /// Announces why, and ends the attempt.
    pub(super) fn abort(&mut self, id: MasterId, why: EventName, now: Now) {
        self.announce_party(why, Party::master(id));
        self.end_attempt(id, now);
    }

    /// Ends an attempt; the time before the next one keeps running.
    pub(in crate::core) fn end_attempt(&mut self, id: MasterId, now: Now) {
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        master.failover = None;
        master.candidacy = None;
        self.deadlines.set(Deadline::Failover(id), None);
        self.consider_candidacy(id, now);
    }
}
