//! Objectively down: as many sentinels as the quorum say, within the last seconds, that a master
//! is down. Judged whenever an opinion changes.

use crate::types::Now;

use super::super::instances::Peer;
use super::super::notice::EventName;
use super::super::{MasterId, Party, Sentinel};

impl Sentinel {
    /// Judges a master from our own view and the peers' reports.
    pub(in crate::core) fn judge_odown(&mut self, id: MasterId, now: Now) {
        if self.tilt.is_on() {
            return;
        }
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        // By age, not only by flag: when this turn is late, the deadline at which a report expires
        // may not have been met yet.
        let agrees = |peer: &&Peer| peer.reports_down && self.report_end(peer) > now.mono;
        let agreeing = 1 + master.peers.values().filter(agrees).count();
        let quorum = master.settings.quorum;
        let down = master.is_sdown() && agreeing >= quorum as usize;
        let was_down = master.is_odown();
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        match (was_down, down) {
            (false, true) => {
                master.odown_since = Some(now.mono);
                master.last_odown_start = Some(now.mono);
                let text = format!(
                    "{} #quorum {agreeing}/{quorum}",
                    self.describe(Party::master(id))
                );
                self.announce(EventName::Odown, id, text);
                for replica in self.replica_parties(id) {
                    self.tend_info(replica, now);
                }
            }
            (true, false) => {
                master.odown_since = None;
                self.announce_party(EventName::OdownEnd, Party::master(id));
            }
            _ => return,
        }
        self.step_failover(id, now);
    }
}
