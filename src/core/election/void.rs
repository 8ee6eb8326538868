//! An election that nobody can win any more, and what may follow it at once.
//!
//! Known is only what a voter itself has said of exactly this epoch: no voter votes twice in one
//! epoch. A lost answer, a `*`, an answer of another epoch say nothing: the voter counts for
//! whoever needs it.
//!
//! For ourselves our own rule decides. About others it says little: they may know other voters
//! and have another quorum. What can be proved is that a majority of all voters known to us has
//! voted otherwise. Every majority that another could collect meets that one in at least one
//! voter, by the same property that makes a leader unique: majorities of any two sets of known
//! voters intersect. (With an even number of voters, that takes one vote more than a tie.)

use std::collections::BTreeMap;

use rand::RngExt;

use crate::types::{Epoch, Mono, Now, RunId};

use super::super::deadlines::Deadline;
use super::super::instances::Master;
use super::super::{MasterId, Sentinel};

/// The next attempt comes within so many slots.
const RETRY_WITHIN_SLOTS: u64 = 4;

/// Whether neither we nor any other sentinel can be or have been elected in this epoch.
///
/// Nothing can be proved for twice `failover-timeout` after a group was added without peers, or
/// RESET: another sentinel may have the votes of voters that we have not met, or not again.
pub(in crate::core) fn is_void(master: &Master, me: &RunId, epoch: Epoch, now: Mono) -> bool {
    let wait = 2 * master.settings.failover_timeout;
    let meeting = master.meeting_voters_since;
    if meeting.is_some_and(|since| since.plus(wait) > now) {
        return false;
    }
    let own = master
        .voted_for
        .as_ref()
        .filter(|_| master.leader_epoch == epoch);
    let reported = master
        .peers
        .values()
        .filter(|p| p.vote.epoch == epoch)
        .filter_map(|p| p.vote.leader.as_ref());
    let mut votes: BTreeMap<&RunId, usize> = BTreeMap::new();
    for candidate in own.into_iter().chain(reported) {
        *votes.entry(candidate).or_default() += 1;
    }
    let known: usize = votes.values().sum();
    let for_us = votes.remove(me).unwrap_or(0);
    let unknown = master.voters() - known;
    if for_us + unknown >= master.votes_needed() {
        return false;
    }
    let strongest_rival = votes.into_values().max().unwrap_or(0);
    known - strongest_rival >= master.majority()
}

impl Sentinel {
    /// Ends an attempt whose epoch is void. No elected leader's failover of that epoch can be
    /// running anywhere, so the attempt does not hold back the next one; a vote given to another
    /// sentinel still does. (A failover that an operator forced at that very moment needs no votes,
    /// and may run beside the next attempt, as beside any other.)
    pub(in crate::core) fn end_void_attempt(&mut self, id: MasterId, now: Now) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let wait = 2 * master.settings.failover_timeout;
        let yielded = master.yielded_at;
        let held_back = yielded.is_some_and(|at| at.plus(wait) > now.mono);
        let pause = self
            .rng
            .random_range(0..=RETRY_WITHIN_SLOTS * self.slot(master));
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        if let Some(failover) = master.failover.take() {
            master.void_epoch = master.void_epoch.max(failover.epoch);
        }
        master.attempt_stamp = yielded;
        master.candidacy = (!held_back).then(|| now.mono.plus(pause));
        self.deadlines.set(Deadline::Failover(id), None);
        self.consider_candidacy(id, now);
    }
}
