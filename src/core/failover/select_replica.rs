//! Choosing the replica to promote.

use std::cmp::Ordering;

use crate::types::{Mono, Now};

use super::super::Timings;
use super::super::instances::{Master, Replica};
use super::super::links::Link;
use super::super::notice::EventName;
use super::super::{MasterId, Party, Sentinel};
use super::Stage;

/// How long an elected leader waits for live replicas that have not yet said how far they got.
const BARRIER_MS: u64 = 500;

impl Sentinel {
    pub(super) fn step_select(&mut self, id: MasterId, now: Now) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let Some(failover) = &master.failover else {
            return;
        };
        let barrier_end = failover.since.plus(BARRIER_MS);
        if now.mono < barrier_end {
            let stale = self.stale_replicas(master);
            if !stale.is_empty() {
                self.set_failover_deadline(id, barrier_end);
                for party in stale {
                    if self
                        .link(party)
                        .is_some_and(|l| l.info_in_flight.is_empty())
                    {
                        self.want_info(party, now.mono, now);
                    }
                }
                return;
            }
        }
        let chosen = self.best_replica(master, now.mono);
        let Some(chosen) = chosen else {
            return self.abort(id, EventName::AbortNoGoodSlave, now);
        };
        let replica = Party::replica(id, chosen);
        self.announce_party(EventName::SelectedSlave, replica);
        self.enter(id, Stage::SendNoOne { chosen }, now);
        self.announce_party(EventName::StateSendSlaveofNoOne, replica);
        self.step_send(id, now);
    }

    /// Live replicas that have not answered an INFO sent after the master went down (or, if it is
    /// up, after the failover began): their offsets may be from before the stream ended.
    fn stale_replicas(&self, master: &Master) -> Vec<Party> {
        let Some(failover) = &master.failover else {
            return Vec::new();
        };
        let since = master.server.health.down_since.unwrap_or(failover.started);
        let stale = |r: &Replica| {
            let usable = self
                .links
                .get(&r.server.link)
                .is_some_and(|l| l.command.state.is_up());
            usable && !r.server.health.is_down() && !r.server.informed_since(since)
        };
        let keys = master
            .replicas
            .iter()
            .filter(|(_, r)| stale(r))
            .map(|(key, _)| *key);
        keys.map(|key| Party::replica(master.id, key)).collect()
    }

    /// The best eligible replica, if there is one.
    pub(in crate::core) fn best_replica(&self, master: &Master, now: Mono) -> Option<u32> {
        let refused = master.failover.as_ref().map(|f| &f.refused);
        master
            .replicas
            .iter()
            .filter(|(key, _)| refused.is_none_or(|r| !r.contains(key)))
            .filter(|(_, r)| {
                self.links
                    .get(&r.server.link)
                    .is_some_and(|l| is_eligible(master, r, l, &self.timings, now))
            })
            .min_by(|(_, a), (_, b)| preference(a, b))
            .map(|(key, _)| *key)
    }
}

/// Whether a replica may be promoted at all.
fn is_eligible(
    master: &Master,
    replica: &Replica,
    link: &Link,
    timings: &Timings,
    now: Mono,
) -> bool {
    let master_down = master.server.health.down_since;
    let newest_info = if master_down.is_some() {
        timings.ping_period.saturating_mul(5)
    } else {
        timings.info_period.saturating_mul(3)
    };
    let down_for = master_down.map_or(0, |since| now.since(since));
    let longest_outage = master
        .settings
        .down_after
        .saturating_mul(10)
        .saturating_add(down_for);
    !replica.server.health.is_down()
        && !link.is_disconnected()
        && now.since(link.last_valid_reply) <= timings.ping_period.saturating_mul(5)
        && replica.priority != 0
        && replica
            .server
            .info_time
            .is_some_and(|at| now.since(at) <= newest_info)
        && replica.link_down_ms <= i64::try_from(longest_outage).unwrap_or(i64::MAX)
}

/// Lower priority number first; then the larger offset; then the smaller run id, unknown last.
fn preference(a: &Replica, b: &Replica) -> Ordering {
    let run_id = |r: &Replica| {
        r.server
            .run_id
            .as_ref()
            .map(|id| id.as_str().to_ascii_lowercase())
    };
    let by_run_id = || match (run_id(a), run_id(b)) {
        (Some(a), Some(b)) => a.cmp(&b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    a.priority
        .cmp(&b.priority)
        .then(b.repl_offset.cmp(&a.repl_offset))
        .then_with(by_run_id)
}
