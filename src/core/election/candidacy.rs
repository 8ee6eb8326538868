//! When to become a candidate. Event-driven sentinels see a crash within the same millisecond;
//! if all stood at once they would split the vote. So they wait their turn: each by its rank in
//! an order that all compute alike, and that changes with every epoch.

use rand::RngExt;

use crate::types::{Epoch, MasterName, Mono, Now, RunId};

use super::super::deadlines::Deadline;
use super::super::failover::Order;
use super::super::instances::Master;
use super::super::links::Link;
use super::super::notice::Level;
use super::super::timings::DESYNC_SPREAD;
use super::super::{MasterId, Sentinel};
use super::burst::BURST_MS;

/// The time one rank waits for the one before it: twice the slowest recent round trip plus twice
/// the slowest recent rewrite of the file, within these bounds.
const SHORTEST_SLOT_MS: u64 = 10;
const LONGEST_SLOT_MS: u64 = 150;
/// Whoever knows nobody to promote begins so much later: longer than what else keeps the attempts of
/// sentinels apart. Another may know a replica that we do not (a group that was monitored anew, a
/// master found down earlier), and each attempt of ours would hold it back once more.
const LET_OTHERS_TRY_MS: u64 = DESYNC_SPREAD;

impl Sentinel {
    /// Without a failover in progress: waits, stands, or does nothing.
    pub(in crate::core) fn consider_candidacy(&mut self, id: MasterId, now: Now) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        if !master.is_odown() || master.pending_vote.is_some() {
            if let Some(master) = self.masters.get_mut(&id) {
                master.candidacy = None;
            }
            return self.deadlines.set(Deadline::Failover(id), None);
        }
        let in_vain =
            master.attempt_stamp.is_some() && self.best_replica(master, now.mono).is_none();
        let later = if in_vain { LET_OTHERS_TRY_MS } else { 0 };
        let wait = (2 * master.settings.failover_timeout).saturating_add(later);
        if let Some(allowed_at) = master
            .attempt_stamp
            .map(|stamp| stamp.plus(wait))
            .filter(|at| *at > now.mono)
        {
            self.log_wait_once(id, allowed_at, now);
            return self.deadlines.set(Deadline::Failover(id), Some(allowed_at));
        }
        let begin = match master.candidacy {
            Some(begin) => begin,
            None => now.mono.plus(self.candidacy_delay(id, now.mono)),
        };
        let begin = begin.max(self.busy_until(id, now.mono));
        if begin <= now.mono {
            return self.start_failover(id, Order::Odown, now);
        }
        if let Some(master) = self.masters.get_mut(&id) {
            master.candidacy = Some(begin);
        }
        self.deadlines.set(Deadline::Failover(id), Some(begin));
    }

    fn candidacy_delay(&mut self, id: MasterId, now: Mono) -> u64 {
        let Some(master) = self.masters.get(&id) else {
            return 0;
        };
        let rank = self.before_us(master, now).count() as u64;
        if rank == 0 {
            return 0;
        }
        let slot = self.slot(master);
        rank * slot + self.rng.random_range(0..=slot / 4)
    }

    /// The links of the peers that could stand too and come before us.
    fn before_us(&self, master: &Master, now: Mono) -> impl Iterator<Item = &Link> {
        let shared = self.shared_epoch(master.id, now);
        let epoch = shared.unwrap_or_else(|| self.current_epoch.next());
        let own = precedence(&self.my_id, &master.name, epoch);
        master.peers.values().filter_map(move |p| {
            let link = self.links.get(&p.link)?;
            let able = !p.health.is_down() && link.command.state.is_up();
            (able && precedence(&p.id, &master.name, epoch) < own).then_some(link)
        })
    }

    /// How long a candidate before us deserves patience, because it is asking about other masters:
    /// ours is but one of many that died together. Its request for a vote about this one will
    /// come, and a second candidate would only split the vote.
    fn busy_until(&self, id: MasterId, now: Mono) -> Mono {
        let Some(master) = self.masters.get(&id) else {
            return now;
        };
        let limit = master.odown_since.map(|at| at.plus(BURST_MS));
        let questions = self.before_us(master, now).filter_map(|link| link.question);
        let others = questions.filter(|(_, about)| *about != id);
        let asked = others.map(|(at, _)| at);
        let (Some(limit), Some(asked)) = (limit, asked.max()) else {
            return now;
        };
        asked.plus(self.slot(master)).min(limit)
    }

    pub(in crate::core) fn slot(&self, master: &Master) -> u64 {
        let round_trips = master
            .peers
            .values()
            .filter_map(|p| self.links.get(&p.link))
            .map(|l| l.round_trip);
        let slowest = round_trips.max().unwrap_or(0);
        (2 * slowest + 2 * self.ledger.slowest_write()).clamp(SHORTEST_SLOT_MS, LONGEST_SLOT_MS)
    }

    fn log_wait_once(&mut self, id: MasterId, allowed_at: crate::types::Mono, now: Now) {
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        if master.logged_stamp == master.attempt_stamp {
            return;
        }
        master.logged_stamp = master.attempt_stamp;
        let when = crate::types::Wall(now.wall.0.saturating_add(allowed_at.since(now.mono)));
        self.log_with_time(
            Level::Notice,
            "Next failover delay: I will not start a failover before".into(),
            when,
        );
    }
}

/// A 64-bit hash of (id, master name, epoch): FNV-1a over the bytes with a zero between the
/// parts, finished with the 64-bit mixer of MurmurHash3. All sentinels compute it alike.
fn precedence(id: &RunId, name: &MasterName, epoch: Epoch) -> (u64, RunId) {
    let epoch = epoch.get().to_be_bytes();
    let parts = [
        id.as_str().as_bytes(),
        &[0],
        name.as_str().as_bytes(),
        &[0],
        &epoch,
    ];
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.into_iter().flatten() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    (hash ^ (hash >> 33), id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_candidates_changes_with_the_epoch() {
        let ids: Vec<RunId> = (0..5)
            .map(|i| RunId::new(&format!("{i}").repeat(40)))
            .collect();
        let name = MasterName::new("mymaster");
        let first = |epoch: u64| {
            let epoch = Epoch::new(epoch).unwrap_or_default();
            ids.iter()
                .min_by_key(|id| precedence(id, &name, epoch))
                .cloned()
        };
        let firsts: std::collections::BTreeSet<_> = (1..200).filter_map(first).collect();
        assert_eq!(
            firsts.len(),
            ids.len(),
            "every sentinel comes first in some epoch"
        );
    }
}
