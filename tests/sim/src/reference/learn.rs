//! What INFO and hellos teach.

use rsentinel::core::notice::EventName;
use rsentinel::core::{MasterId, Party, Who};
use rsentinel::types::{Address, RunId};
use rsentinel::wire::{HelloText, InfoReport, Role};

use super::{Record, Reference, Step};

impl Reference {
    pub(super) fn informed(&mut self, party: Party, report: &InfoReport, now: u64) {
        let id = party.master.0;
        if party.who == Who::Master {
            for line in &report.replicas {
                let address = self.locate(&Address::new(&line.host, line.port));
                self.add_replica(id, address, now);
            }
        }
        let Some(record) = self.record_mut(party) else {
            return;
        };
        record.info_time = Some(now);
        record.run_id = report.run_id.clone().or(record.run_id.take());
        if record.role != report.role {
            record.role = report.role;
            record.role_since = now;
            record.conf_changed = now;
        }
        record.outage = report.link_down_ms;
        let fields = &report.replica;
        let follows = fields.master_host.clone().zip(fields.master_port);
        if follows.is_some() && record.master_host != follows {
            record.master_host = follows;
            record.conf_changed = now;
        }
        record.link_up = fields.link_up.unwrap_or(record.link_up);
        record.priority = fields.priority.unwrap_or(record.priority);
        record.offset = fields.repl_offset.unwrap_or(record.offset);
        if self.tilt_since.is_some() {
            return;
        }
        if let Who::Replica(key) = party.who {
            match report.role {
                Role::Master => self.replica_is_master(id, key, now),
                _ => self.replica_is_replica(id, key, now),
            }
        }
    }

    fn add_replica(&mut self, id: u32, address: Address, now: u64) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        let known = group.record.address.same_as(&address)
            || group.replicas.values().any(|r| r.address.same_as(&address));
        if known {
            return;
        }
        group.next_key += 1;
        let key = group.next_key;
        let record = Record::new(address, Role::Replica, now);
        group.replicas.insert(key, record);
        let who = Who::Replica(key);
        self.announce_of(
            EventName::Slave,
            Party {
                master: MasterId(id),
                who,
            },
        );
        self.rewrite();
    }

    fn sane(&self, id: u32, now: u64) -> bool {
        self.groups.get(&id).is_some_and(|g| {
            g.record.role == Role::Master
                && g.record.down.is_none()
                && g.record.info_time.is_some_and(|at| now - at < 20_000)
        })
    }

    fn replica_is_master(&mut self, id: u32, key: u32, now: u64) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        let party = Party {
            master: MasterId(id),
            who: Who::Replica(key),
        };
        if group.promoted == Some(key) {
            if group.step != Step::WaitPromotion {
                return;
            }
            group.config_epoch = group.failover_epoch;
            group.step = Step::Reconf;
            group.step_since = now;
            self.rewrite();
            self.announce_of(EventName::PromotedSlave, party);
            self.publish_addresses();
            return self.greet_all(id, now);
        }
        let calm = self.record(party).is_some_and(|r| {
            now - r.role_since > 8_000 && r.last_down.is_none_or(|at| now - at > 8_000)
        });
        if calm && self.sane(id, now) {
            let target = self.master_target(id);
            self.slaveof(party, target);
            self.announce_of(EventName::ConvertToSlave, party);
        }
    }

    fn master_target(&self, id: u32) -> Option<(String, u16)> {
        let address = &self.groups.get(&id)?.record.address;
        Some((
            address.announced(self.conf.announce_hostnames),
            address.port(),
        ))
    }

    fn replica_is_replica(&mut self, id: u32, key: u32, now: u64) {
        let party = Party {
            master: MasterId(id),
            who: Who::Replica(key),
        };
        let promoted = self.target(id);
        let Some(group) = self.groups.get(&id) else {
            return;
        };
        let timeout = group.settings.failover_timeout;
        let master = self.master_target(id);
        let Some(record) = self.record_mut(party) else {
            return;
        };
        if record.reconf.is_some() && !record.reconf_done {
            if record.master_host == promoted && record.link_up {
                record.reconf_done = true;
                self.announce_of(EventName::SlaveReconfDone, party);
            }
            return;
        }
        let astray = record.master_host.is_some() && record.master_host != master;
        let calm = now - record.conf_changed > timeout
            && record.last_down.is_none_or(|at| now - at > timeout);
        if astray && calm && self.sane(id, now) {
            self.slaveof(party, master);
            self.announce_of(EventName::FixSlaveConfig, party);
        }
    }

    /// A hello, heard on a server's channel (where its own come back to it) or sent to it.
    pub(super) fn hello(&mut self, text: &str, heard: bool, now: u64) {
        let Some(hello) = HelloText::parse(text) else {
            return;
        };
        if heard && hello.id == self.my_id.as_str() {
            return;
        }
        let found = self
            .groups
            .iter()
            .find(|(_, g)| g.name.as_str() == hello.master);
        let Some((&id, _)) = found else { return };
        let port = u16::try_from(hello.port).unwrap_or(0);
        self.meet(id, &hello, port, now);
        if hello.current_epoch > self.current_epoch {
            self.current_epoch = hello.current_epoch;
            self.rewrite();
            let who = Who::Master;
            self.announce_of(
                EventName::NewEpoch,
                Party {
                    master: MasterId(id),
                    who,
                },
            );
        }
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        if hello.config_epoch <= group.config_epoch {
            return;
        }
        group.config_epoch = hello.config_epoch;
        let port = u16::try_from(hello.master_port).unwrap_or(0);
        // The record's address, not the effective one: an own failover in RECONF goes on when the
        // newer configuration names its old master.
        let address = Address::new(hello.master_host, port);
        let address = self.locate(&address);
        if self
            .groups
            .get(&id)
            .is_some_and(|g| !g.record.address.same_as(&address))
        {
            self.switch(id, address, now);
        }
    }

    fn meet(&mut self, id: u32, hello: &HelloText<'_>, port: u16, now: u64) {
        let Some(group) = self.groups.get(&id) else {
            return;
        };
        let same_id = |r: &Record| r.id.as_str() == hello.id;
        let known = |r: &Record| same_id(r) && r.address.is_literal(hello.ip, port);
        if group.peers.values().any(known) {
            return;
        }
        let address = Address::new(hello.ip, port);
        let same = |r: &Record| same_id(r) && r.address.same_as(&address);
        if group.peers.values().any(same) {
            return;
        }
        let gone: Vec<u32> = group
            .peers
            .iter()
            .filter(|(_, r)| same_id(r) || r.address.same_as(&address))
            .map(|(key, _)| *key)
            .collect();
        for key in gone {
            self.drop_links(id, |party| party.who == Who::Peer(key));
            if let Some(group) = self.groups.get_mut(&id) {
                group.peers.remove(&key);
            }
        }
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        group.next_key += 1;
        let key = group.next_key;
        let mut record = Record::new(address, Role::Unknown, now);
        record.id = RunId::new(hello.id);
        group.peers.insert(key, record);
        let who = Who::Peer(key);
        self.announce_of(
            EventName::Sentinel,
            Party {
                master: MasterId(id),
                who,
            },
        );
        self.rewrite();
    }
}
