//! What a leader does: one transition a turn.

use rsentinel::core::notice::EventName;
use rsentinel::core::{Ask, MasterId, Party, Who};
use rsentinel::types::Address;
use rsentinel::wire::Role;

use super::{Record, Reference, Step};

impl Reference {
    fn enter(&mut self, id: u32, step: Step, now: u64) {
        if let Some(group) = self.groups.get_mut(&id) {
            group.step = step;
            group.step_since = now;
        }
    }

    fn abort(&mut self, id: u32, why: EventName, now: u64) {
        let master = MasterId(id);
        self.announce_of(
            why,
            Party {
                master,
                who: Who::Master,
            },
        );
        self.enter(id, Step::None, now);
        if let Some(group) = self.groups.get_mut(&id) {
            group.promoted = None;
            group.forced = false;
        }
    }

    pub(super) fn step(&mut self, id: u32, now: u64) {
        let Some(group) = self.groups.get(&id) else {
            return;
        };
        let party = Party {
            master: MasterId(id),
            who: Who::Master,
        };
        let timeout = group.settings.failover_timeout;
        let over = now.saturating_sub(group.step_since) > timeout;
        let (forced, start, promoted) = (group.forced, group.failover_start, group.promoted);
        match group.step {
            Step::None => {}
            Step::WaitStart => {
                let won = self
                    .count(id, now)
                    .is_some_and(|leader| leader == self.my_id);
                if won || forced {
                    self.announce_of(EventName::ElectedLeader, party);
                    self.enter(id, Step::Select, now);
                } else if now.saturating_sub(start) > timeout.min(10_000) {
                    self.abort(id, EventName::AbortNotElected, now);
                }
            }
            Step::Select => match self.best_replica(id, now) {
                None => self.abort(id, EventName::AbortNoGoodSlave, now),
                Some(key) => {
                    if let Some(group) = self.groups.get_mut(&id) {
                        group.promoted = Some(key);
                    }
                    let who = Who::Replica(key);
                    self.announce_of(EventName::SelectedSlave, Party { who, ..party });
                    self.enter(id, Step::Send, now);
                }
            },
            Step::Send => {
                let Some(key) = promoted else { return };
                let replica = Party {
                    who: Who::Replica(key),
                    ..party
                };
                if self.disconnected(replica) {
                    if over {
                        self.abort(id, EventName::AbortSlaveTimeout, now);
                    }
                    return;
                }
                self.slaveof(replica, None);
                self.announce_of(EventName::StateWaitPromotion, replica);
                self.enter(id, Step::WaitPromotion, now);
            }
            Step::WaitPromotion => {
                if over {
                    self.abort(id, EventName::AbortSlaveTimeout, now);
                }
            }
            Step::Reconf => self.reconf(id, over, now),
        }
    }

    pub(super) fn slaveof(&mut self, party: Party, target: Option<(String, u16)>) {
        if let Some(conn) = self.record(party).and_then(|r| r.command) {
            self.say(
                conn,
                Ask::Replicate {
                    party,
                    target,
                    abort_failover: false,
                },
            );
        }
    }

    pub(super) fn target(&self, id: u32) -> Option<(String, u16)> {
        let address = self.groups.get(&id)?.effective();
        Some((
            address.announced(self.conf.announce_hostnames),
            address.port(),
        ))
    }

    fn reconf(&mut self, id: u32, over: bool, now: u64) {
        let Some(group) = self.groups.get(&id) else {
            return;
        };
        let promoted = group.promoted;
        let target = self.target(id);
        let slots = group.settings.parallel_syncs;
        let mut busy = group
            .replicas
            .values()
            .filter(|r| r.reconf.is_some() && !r.reconf_done)
            .count() as i64;
        for key in group.replicas.keys().copied().collect::<Vec<_>>() {
            let party = Party {
                master: MasterId(id),
                who: Who::Replica(key),
            };
            let free = self
                .record(party)
                .is_some_and(|r| r.reconf.is_none() && !r.reconf_done);
            if busy >= slots || Some(key) == promoted || !free || self.disconnected(party) {
                continue;
            }
            self.slaveof(party, target.clone());
            if let Some(record) = self.record_mut(party) {
                record.reconf = Some(now);
            }
            self.announce_of(EventName::SlaveReconfSent, party);
            busy += 1;
        }
        let Some(group) = self.groups.get(&id) else {
            return;
        };
        let promoted_down = promoted
            .and_then(|k| group.replicas.get(&k))
            .is_none_or(|r| r.down.is_some());
        // Stuck until it returns or a newer configuration arrives.
        if promoted_down {
            return;
        }
        let all_done = group
            .replicas
            .iter()
            .all(|(k, r)| Some(*k) == promoted || r.reconf_done || r.down.is_some());
        if over || all_done {
            let master = MasterId(id);
            self.announce_of(
                EventName::FailoverEnd,
                Party {
                    master,
                    who: Who::Master,
                },
            );
            if let Some(group) = self.groups.get_mut(&id) {
                // Marks the deferred switch.
                group.forced = false;
                group.failover_start = u64::MAX;
            }
        }
    }

    /// The deferred switch at the end of a turn.
    pub(super) fn finish_switch(&mut self, id: u32, now: u64) {
        let Some(group) = self.groups.get(&id) else {
            return;
        };
        if group.failover_start != u64::MAX {
            return;
        }
        let address = group.effective().clone();
        self.switch(id, address, now);
    }

    /// Points a group to another master.
    pub(super) fn switch(&mut self, id: u32, address: Address, now: u64) {
        let Some(group) = self.groups.get(&id) else {
            return;
        };
        let old = group.record.address.clone();
        let name = group.name.clone();
        let announce = self.conf.announce_hostnames;
        let text = format!(
            "{name} {} {} {} {}",
            old.announced(announce),
            old.port(),
            address.announced(announce),
            address.port()
        );
        let mut order: Vec<Address> = group
            .replicas
            .values()
            .map(|r| r.address.clone())
            .filter(|a| !a.same_as(&address))
            .collect();
        if !old.same_as(&address) {
            order.push(old);
        }
        self.announce(EventName::SwitchMaster, Some(name), text);
        self.reset(id, false, now);
        if let Some(group) = self.groups.get_mut(&id) {
            let inherited = (group.record.info_time, group.record.last_attempt);
            group.record = Record::new(address, Role::Master, now);
            (group.record.info_time, group.record.last_attempt) = inherited;
            for address in order {
                group.next_key += 1;
                let record = Record::new(address, Role::Replica, now);
                group.replicas.insert(group.next_key, record);
            }
        }
        self.rewrite();
        self.publish_addresses();
    }

    pub(super) fn reset(&mut self, id: u32, peers_too: bool, now: u64) {
        self.drop_links(id, |party| peers_too || !matches!(party.who, Who::Peer(_)));
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        group.replicas.clear();
        if peers_too {
            group.peers.clear();
            group.leader = None;
        }
        group.odown = false;
        group.step = Step::None;
        group.forced = false;
        group.promoted = None;
        group.failover_start = 0;
        let record = &mut group.record;
        record.down = None;
        record.ping_pending = Some(now);
        record.last_valid = now;
        record.role = Role::Master;
        record.role_since = now;
    }

    pub(super) fn best_replica(&self, id: u32, now: u64) -> Option<u32> {
        let group = self.groups.get(&id)?;
        let down = group.record.down;
        let newest = if down.is_some() { 5_000 } else { 30_000 };
        let outage = 10 * group.settings.down_after + down.map_or(0, |at| now - at);
        let fit = |key: &u32, r: &Record| {
            let party = Party {
                master: MasterId(id),
                who: Who::Replica(*key),
            };
            r.down.is_none()
                && !self.disconnected(party)
                && now - r.last_valid <= 5_000
                && r.priority != 0
                && r.info_time.is_some_and(|at| now - at <= newest)
                && r.outage <= outage as i64
        };
        group
            .replicas
            .iter()
            .filter(|(key, r)| fit(key, r))
            .min_by_key(|(_, r)| (r.priority, std::cmp::Reverse(r.offset), r.run_id.clone()))
            .map(|(key, _)| *key)
    }
}
