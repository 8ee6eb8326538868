//! Choosing the replica to promote.

use std::cmp::Ordering;

use crate::types::{Mono, Now};
use crate::wire::Role;

use super::super::Timings;
use super::super::instances::{Master, Replica};
use super::super::links::Link;
use super::super::notice::{EventName, Level};
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
        let chosen = if failover.is_coordinated() {
            self.best_follower(master, now.mono)
        } else {
            self.best_replica(master, now.mono)
        };
        let Some(chosen) = chosen else {
            let why = self.why_none(master, now.mono);
            let coordinated = failover.is_coordinated();
            self.log(Level::Notice, why);
            self.announce_party(EventName::AbortNoGoodSlave, Party::master(id));
            if coordinated {
                return self.end_coordinated(id, now);
            }
            return self.end_attempt(id, now);
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
        let replicas = keys.map(|key| Party::replica(master.id, key));
        // A master that is to hand over says first what it is.
        let of_master = Party::master(master.id);
        let ask_master = failover.is_coordinated()
            && self
                .link(of_master)
                .is_some_and(|l| l.command.state.is_up())
            && !master.server.informed_since(since);
        replicas.chain(ask_master.then_some(of_master)).collect()
    }

    /// For the log: what is wrong with each replica.
    fn why_none(&self, master: &Master, now: Mono) -> String {
        let refused = master.failover.as_ref().map(|f| &f.refused);
        let reasons: Vec<String> = master
            .replicas
            .iter()
            .map(|(key, replica)| {
                let link = self.links.get(&replica.server.link);
                let why = match link {
                    _ if refused.is_some_and(|r| r.contains(key)) => Some("refused the promotion"),
                    Some(link) => why_not(master, replica, link, &self.timings, now),
                    None => None,
                };
                format!("{} {}", replica.name, why.unwrap_or("has no link"))
            })
            .collect();
        let known = if reasons.is_empty() {
            "none is known".to_owned()
        } else {
            reasons.join(", ")
        };
        format!("No replica of {} can be promoted: {known}", master.name)
    }

    /// The best eligible replica, if there is one.
    ///
    /// When the master says that it has become a replica of one of them, and that one says that it
    /// is a master, it comes before all others: it was handed all data, and a second master must not
    /// be made.
    pub(in crate::core) fn best_replica(&self, master: &Master, now: Mono) -> Option<u32> {
        let successor = self.successor(master);
        self.eligible(master, now)
            .min_by(|(a_key, a), (b_key, b)| {
                let other = |key| Some(key) != successor;
                other(*a_key)
                    .cmp(&other(*b_key))
                    .then_with(|| preference(a, b))
            })
            .map(|(key, _)| key)
    }

    /// The best eligible replica to which its master can hand over by itself: one that follows it.
    pub(in crate::core) fn best_follower(&self, master: &Master, now: Mono) -> Option<u32> {
        self.eligible(master, now)
            .filter(|(_, r)| {
                r.server.role == Role::Replica
                    && r.link_up
                    && self.reports_master(r, &master.address)
            })
            .min_by(|(_, a), (_, b)| preference(a, b))
            .map(|(key, _)| key)
    }

    fn eligible<'m>(
        &self,
        master: &'m Master,
        now: Mono,
    ) -> impl Iterator<Item = (u32, &'m Replica)> {
        let refused = master.failover.as_ref().map(|f| &f.refused);
        let may = move |key: &u32, r: &Replica| {
            refused.is_none_or(|refused| !refused.contains(key))
                && self
                    .links
                    .get(&r.server.link)
                    .is_some_and(|l| why_not(master, r, l, &self.timings, now).is_none())
        };
        master
            .replicas
            .iter()
            .filter(move |(key, r)| may(key, r))
            .map(|(key, r)| (*key, r))
    }

    /// The replica that has taken over from the master, by the words of both.
    fn successor(&self, master: &Master) -> Option<u32> {
        if master.server.role != Role::Replica {
            return None;
        }
        let (host, port) = master.server.follows.as_ref()?;
        let key = master.replica_at(&self.known_address(host, *port)?)?;
        let replica = master.replicas.get(&key)?;
        (replica.server.role == Role::Master).then_some(key)
    }
}

/// Why a replica may not be promoted; `None` if it may.
fn why_not(
    master: &Master,
    replica: &Replica,
    link: &Link,
    timings: &Timings,
    now: Mono,
) -> Option<&'static str> {
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
    let informed = |at: Mono| now.since(at) <= newest_info;
    let reasons = [
        (replica.server.health.is_down(), "is down"),
        (link.is_disconnected(), "is not connected"),
        (
            now.since(link.last_valid_reply) > timings.ping_period.saturating_mul(5),
            "has not answered PING lately",
        ),
        (replica.priority == 0, "has priority 0"),
        (
            !replica.server.info_time.is_some_and(informed),
            "has not answered INFO lately",
        ),
        (
            replica.link_down_ms > i64::try_from(longest_outage).unwrap_or(i64::MAX),
            "has been cut off from its master for too long",
        ),
    ];
    reasons
        .into_iter()
        .find_map(|(holds, why)| holds.then_some(why))
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
