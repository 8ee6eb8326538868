//! Saying why nothing happens: a master that stays down without a failover is explained in the
//! log once per down time, so that nobody has to guess at 3 a.m.

use crate::types::Now;

use super::super::deadlines::Deadline;
use super::super::notice::Level;
use super::super::{MasterId, Party, Sentinel};

/// How long after SDOWN the explanation comes: the ask period's worth of fast asks is over by
/// then, and all who can agree have done so.
const PATIENCE_MS: u64 = 2_500;

impl Sentinel {
    pub(super) fn plan_explanation(&mut self, id: MasterId, now: Now) {
        self.deadlines
            .set(Deadline::Explain(id), Some(now.mono.plus(PATIENCE_MS)));
    }

    pub(in crate::core) fn explain_no_failover(&mut self, id: MasterId, _now: Now) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        if !master.is_sdown() || master.is_odown() || master.failover.is_some() || self.tilt.is_on()
        {
            return;
        }
        let quorum = master.settings.quorum as usize;
        let agreeing = 1 + master.peers.values().filter(|p| p.reports_down).count();
        let silent = master
            .peers
            .values()
            .filter(|p| {
                p.health.is_down()
                    || self
                        .links
                        .get(&p.link)
                        .is_none_or(|l| !l.command.state.is_up())
            })
            .count();
        let contrary =
            master.peers.len() + 1 - agreeing - silent.min(master.peers.len() + 1 - agreeing);
        let mut why = format!(
            "No failover of {}: quorum not reached, {agreeing}/{quorum} sentinels say that it is down; \
             {contrary} reachable peers see it up or have not answered, {silent} peers are unreachable",
            self.describe(Party::master(id))
        );
        if quorum > master.voters() {
            why.push_str(&format!(
                "; the quorum can never be reached, because only {} sentinels are known",
                master.voters()
            ));
        }
        self.log(Level::Notice, why);
    }
}
