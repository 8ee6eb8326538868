//! One epoch for masters that are lost together, because a host or a network with many of them died.
//!
//! Votes are keyed by master *and* epoch, so any number of elections fit in one epoch, here and at
//! other sentinels. If each took an epoch of its own, each would push all unelected ones of all
//! sentinels into that epoch, to be voted on anew: they would chase each other as long as further
//! masters are found to be down.

use crate::types::{Epoch, Mono};

use super::super::{MasterId, Sentinel};

/// Within this time sentinels find thousands of masters down and fail them over (measured, on two
/// processors). A candidacy that begins within it after an epoch arose begins in that epoch; no
/// candidate before us that is busy with other masters is waited for longer; and only questions
/// about masters found down within it show that a candidate is busy.
pub(super) const BURST_MS: u64 = 3_000;

/// An epoch that has just arisen from an election: ours, or one about a master that we see down too,
/// in which we voted.
#[derive(Clone, Copy, Debug)]
pub(in crate::core) struct Burst {
    epoch: Epoch,
    since: Mono,
}

impl Sentinel {
    /// The current epoch has risen for an election of some master. (Not for a forced failover, whose
    /// epoch no votes protect; and what is only heard of in a hello may be one.)
    pub(in crate::core) fn epoch_of_burst(&mut self, epoch: Epoch, now: Mono) {
        self.burst = Some(Burst { epoch, since: now });
    }

    /// The epoch of the present burst, if this master has no vote and no configuration in it, so
    /// that it is as good as a fresh one.
    pub(in crate::core) fn shared_epoch(&self, id: MasterId, now: Mono) -> Option<Epoch> {
        let Burst { epoch, since } = self.burst?;
        let master = self.masters.get(&id)?;
        let used = master
            .leader_epoch
            .max(master.config_epoch)
            .max(master.void_epoch);
        let free = used < epoch && master.pending_vote.is_none();
        let young = since.plus(BURST_MS) > now;
        (epoch == self.current_epoch && young && free).then_some(epoch)
    }
}
