//! Telling the other replicas to follow the promoted one, as many at a time as allowed.

use crate::types::{Mono, Now};

use super::super::instances::{Master, Reconf, Replica};
use super::super::notice::EventName;
use super::super::{MasterId, Party, Sentinel};

impl Sentinel {
    pub(super) fn step_reconf(&mut self, id: MasterId, now: Now) {
        self.give_up_on_silent(id, now);
        self.tell_next(id, now);
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let Some(failover) = &master.failover else {
            return;
        };
        let Some(promoted) = failover.proved_promotion() else {
            return;
        };
        let settled = |r: &Replica| r.reconf == Reconf::Done || r.server.health.is_down();
        let promoted_down = master
            .replicas
            .get(&promoted)
            .is_none_or(|r| r.server.health.is_down());
        let all_settled = master
            .replicas
            .iter()
            .all(|(key, r)| *key == promoted || settled(r) || is_promoted(master, r));
        let end = failover.since.plus(master.settings.failover_timeout + 1);
        if end <= now.mono {
            self.announce_party(EventName::FailoverEndForTimeout, Party::master(id));
            self.announce_party(EventName::FailoverEnd, Party::master(id));
            self.tell_all_remaining(id);
            return self.switch_to_promoted(id, now);
        }
        // A dead promoted server ends it too: the table switches, so that a new failover of the
        // new master can be decided.
        if all_settled || promoted_down {
            self.announce_party(EventName::FailoverEnd, Party::master(id));
            return self.switch_to_promoted(id, now);
        }
        let next = self.next_step_timeout(id).map_or(end, |at| at.min(end));
        self.set_failover_deadline(id, next);
    }

    /// A replica that has been told and shows no sign of obedience gives its slot to another.
    fn give_up_on_silent(&mut self, id: MasterId, now: Now) {
        let limit = self.timings.slave_reconf_timeout;
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        let mut given_up = Vec::new();
        for (key, replica) in &mut master.replicas {
            if let Reconf::Sent(at) = replica.reconf
                && now.mono.since(at) > limit
            {
                replica.reconf = Reconf::Done;
                given_up.push(Party::replica(id, *key));
            }
        }
        for party in given_up {
            self.announce_party(EventName::SlaveReconfSentTimeout, party);
        }
    }

    fn tell_next(&mut self, id: MasterId, now: Now) {
        loop {
            let Some(master) = self.masters.get(&id) else {
                return;
            };
            let Some(promoted) = master.promoted_key() else {
                return;
            };
            let busy = master
                .replicas
                .values()
                .filter(|r| r.reconf.is_busy())
                .count() as i64;
            // The file may hold 0 or less, which would never tell anyone.
            if busy >= master.settings.parallel_syncs.max(1) {
                return;
            }
            let can_be_told = |r: &Replica| {
                r.reconf == Reconf::Untold
                    && !is_promoted(master, r)
                    && !r.server.health.is_down()
                    && self
                        .links
                        .get(&r.server.link)
                        .is_some_and(|l| !l.is_disconnected())
            };
            let next = master
                .replicas
                .iter()
                .find(|(key, r)| **key != promoted && can_be_told(r))
                .map(|(k, _)| *k);
            let Some(key) = next else { return };
            let party = Party::replica(id, key);
            self.tell(party);
            if let Some(replica) = self
                .masters
                .get_mut(&id)
                .and_then(|m| m.replicas.get_mut(&key))
            {
                replica.reconf = Reconf::Sent(now.mono);
                replica.server.info_poll_step = 0;
            }
            self.announce_party(EventName::SlaveReconfSent, party);
            self.want_info(party, now.mono, now);
        }
    }

    /// The time is over: whoever has not been told, or has not finished, is told once more.
    fn tell_all_remaining(&mut self, id: MasterId) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let promoted = master.promoted_key();
        let remaining: Vec<Party> = master
            .replicas
            .iter()
            .filter(|(key, r)| {
                Some(**key) != promoted
                    && !is_promoted(master, r)
                    && matches!(r.reconf, Reconf::Untold | Reconf::InProgress)
            })
            .filter(|(_, r)| {
                self.links
                    .get(&r.server.link)
                    .is_some_and(|l| !l.is_disconnected())
            })
            .map(|(key, _)| Party::replica(id, *key))
            .collect();
        for party in remaining {
            self.tell(party);
            self.announce_party(EventName::SlaveReconfSentBestEffort, party);
        }
    }

    fn tell(&mut self, party: Party) {
        let Some(master) = self.masters.get(&party.master) else {
            return;
        };
        let address = master.effective_address();
        let target = (
            address.announced(self.settings.announce_hostnames),
            address.port(),
        );
        self.replicate(party, Some(target));
    }

    fn next_step_timeout(&self, id: MasterId) -> Option<Mono> {
        let master = self.masters.get(&id)?;
        let sent = master.replicas.values().filter_map(|r| match r.reconf {
            Reconf::Sent(at) => Some(at.plus(self.timings.slave_reconf_timeout + 1)),
            _ => None,
        });
        sent.min()
    }
}

/// A replica record that is the promoted server under another name.
fn is_promoted(master: &Master, replica: &Replica) -> bool {
    replica.address.same_as(master.effective_address())
}
