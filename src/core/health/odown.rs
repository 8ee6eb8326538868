//! Objectively down: as many sentinels as the quorum say, within the last seconds, that a master
//! is down. Judged whenever an opinion changes.

use crate::types::Now;

use super::super::notice::EventName;
use super::super::{MasterId, Party, Sentinel};

impl Sentinel {
    /// Judges a master from our own view and the peers' reports.
    pub(in crate::core) fn judge_odown(&mut self, id: MasterId, now: Now) {
        if self.tilt.is_on() {
            return;
        }
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        let agreeing = 1 + master.peers.values().filter(|p| p.reports_down).count();
        let quorum = master.settings.quorum;
        let down = master.is_sdown() && agreeing >= quorum as usize;
        match (master.is_odown(), down) {
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
