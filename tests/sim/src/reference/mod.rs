//! A model of the reference sentinel's observable behaviour: a timer of 10 to 19 turns a second,
//! one transition a turn, its rules of asking, voting and greeting, and the defects that a peer
//! may show: votes counted across epochs (W2), a vote answered though the write failed (W3), a
//! leader stuck when its promoted server dies (W7), a newer epoch for the old address that does
//! not end an own failover (W8). Durability is the world's part: its writes block, so they are
//! done at once.

mod elect;
mod lead;
mod learn;
mod talk;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rsentinel::config::{KnownPeer, MasterConf, SentinelConf};
use rsentinel::core::action::{AddressRow, Renames};
use rsentinel::core::event::{ConnId, FailoverHow, Instruction};
use rsentinel::core::notice::{EventName, Notice};
use rsentinel::core::persist::Version;
use rsentinel::core::view::AddressTable;
use rsentinel::core::{Action, Answer, Birth, Event, MasterId, Party, Reply, Who};
use rsentinel::types::{Address, Epoch, MasterName, Mono, Now, RunId};
use rsentinel::wire::Role;

use crate::chance::Chance;
use crate::shape::{Shape, server_of_host};

/// Where a failover stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    None,
    WaitStart,
    Select,
    Send,
    WaitPromotion,
    Reconf,
}

/// A record of any kind.
#[derive(Debug)]
pub(super) struct Record {
    pub address: Address,
    pub command: Option<ConnId>,
    pub pubsub: Option<ConnId>,
    pub last_attempt: Option<u64>,
    pub connected_at: u64,
    pub ping_pending: Option<u64>,
    pub last_ping: u64,
    pub last_valid: u64,
    pub last_any: u64,
    pub last_hello: u64,
    pub info_time: Option<u64>,
    pub down: Option<u64>,
    pub last_down: Option<u64>,
    pub role: Role,
    pub role_since: u64,
    // Replicas.
    pub priority: i64,
    pub offset: u64,
    pub outage: i64,
    pub run_id: Option<RunId>,
    pub master_host: Option<(String, u16)>,
    pub conf_changed: u64,
    pub link_up: bool,
    pub reconf: Option<u64>,
    pub reconf_done: bool,
    // Peers.
    pub id: RunId,
    pub reports_down: bool,
    pub last_report: u64,
    pub vote: Option<(RunId, Epoch)>,
}

/// A group.
#[derive(Debug)]
pub(super) struct Group {
    pub name: MasterName,
    pub settings: MasterConf,
    pub record: Record,
    pub replicas: BTreeMap<u32, Record>,
    pub peers: BTreeMap<u32, Record>,
    pub config_epoch: Epoch,
    pub leader_epoch: Epoch,
    pub leader: Option<RunId>,
    pub odown: bool,
    pub step: Step,
    pub step_since: u64,
    pub forced: bool,
    pub failover_epoch: Epoch,
    pub failover_start: u64,
    pub promoted: Option<u32>,
    pub next_key: u32,
}

/// The model.
#[derive(Debug)]
pub struct Reference {
    my_id: RunId,
    conf: SentinelConf,
    port: u16,
    current_epoch: Epoch,
    groups: BTreeMap<u32, Group>,
    conns: BTreeMap<ConnId, (Party, bool)>,
    local_ips: BTreeMap<ConnId, std::net::IpAddr>,
    next_conn: u64,
    next_group: u32,
    version: u64,
    tilt_since: Option<u64>,
    last_turn: u64,
    next_turn: u64,
    chance: Chance,
    words: Arc<Renames>,
    out: VecDeque<Action>,
    /// What each `Action::Persist` wrote.
    pub(crate) rewritten: VecDeque<SentinelConf>,
}

impl Record {
    fn new(address: Address, role: Role, now: u64) -> Self {
        Record {
            address,
            command: None,
            pubsub: None,
            last_attempt: None,
            connected_at: now,
            ping_pending: Some(now),
            last_ping: 0,
            last_valid: now,
            last_any: now,
            last_hello: now,
            info_time: None,
            down: None,
            last_down: None,
            role,
            role_since: now,
            priority: 100,
            offset: 0,
            outage: 0,
            run_id: None,
            master_host: None,
            conf_changed: now,
            link_up: false,
            reconf: None,
            reconf_done: false,
            id: RunId::new(""),
            reports_down: false,
            last_report: now,
            vote: None,
        }
    }
}

impl Group {
    /// The address in hellos, on disk and for clients.
    pub fn effective(&self) -> &Address {
        self.promoted
            .filter(|_| self.step == Step::Reconf)
            .and_then(|key| self.replicas.get(&key))
            .map_or(&self.record.address, |r| &r.address)
    }

    pub fn in_progress(&self) -> bool {
        self.step != Step::None
    }
}

impl Reference {
    /// Born from a configuration.
    pub fn new(now: Now, birth: Birth) -> Self {
        let conf = birth.conf;
        let ms = now.mono.0;
        let mut model = Reference {
            my_id: conf.my_id.clone().unwrap_or_else(|| RunId::new("")),
            current_epoch: conf.current_epoch,
            conf: SentinelConf {
                masters: Vec::new(),
                ..conf.clone()
            },
            port: birth.port,
            groups: BTreeMap::new(),
            conns: BTreeMap::new(),
            local_ips: BTreeMap::new(),
            next_conn: 0,
            next_group: 0,
            version: 0,
            tilt_since: None,
            last_turn: ms,
            next_turn: ms + 1,
            chance: Chance::new(birth.seed, 7),
            words: Arc::default(),
            out: VecDeque::new(),
            rewritten: VecDeque::new(),
        };
        for master in conf.masters {
            model.restore(master, ms);
        }
        model.publish_addresses();
        model
    }

    /// Its judgement is suspended.
    pub fn is_in_tilt(&self) -> bool {
        self.tilt_since.is_some()
    }

    /// It has a server as the master of a group or as a replica of it.
    pub fn knows_server(&self, group: usize, server: usize) -> bool {
        let name = Shape::group_name(group);
        let known = |address: &Address| server_of_host(address.host()) == Some(server);
        self.groups
            .values()
            .filter(|g| g.name.as_str() == name)
            .any(|g| known(&g.record.address) || g.replicas.values().any(|r| known(&r.address)))
    }

    fn restore(&mut self, conf: MasterConf, now: u64) {
        self.current_epoch = self.current_epoch.max(conf.config_epoch);
        self.next_group += 1;
        let mut group = Group {
            name: conf.name.clone(),
            record: Record::new(conf.address.clone(), Role::Master, now),
            replicas: BTreeMap::new(),
            peers: BTreeMap::new(),
            config_epoch: conf.config_epoch,
            leader_epoch: conf.leader_epoch,
            leader: None,
            odown: false,
            step: Step::None,
            step_since: now,
            forced: false,
            failover_epoch: Epoch::ZERO,
            failover_start: 0,
            promoted: None,
            next_key: 0,
            settings: conf.clone(),
        };
        for address in &conf.known_replicas {
            group.next_key += 1;
            let record = Record::new(address.clone(), Role::Replica, now);
            group.replicas.insert(group.next_key, record);
        }
        for peer in &conf.known_peers {
            group.next_key += 1;
            let mut record = Record::new(peer.address.clone(), Role::Unknown, now);
            record.id = peer.id.clone();
            group.peers.insert(group.next_key, record);
        }
        self.groups.insert(self.next_group, group);
    }

    /// How many replicas and peers it knows, in the group of which it knows least.
    pub fn knows(&self) -> (usize, usize) {
        let known = |g: &Group| (g.replicas.len(), g.peers.len());
        self.groups.values().map(known).min().unwrap_or_default()
    }

    /// The next action.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.out.pop_front()
    }

    /// When the timer fires.
    pub fn next_deadline(&self) -> Option<Mono> {
        Some(Mono(self.next_turn))
    }

    /// One fact, and the timer if it is due.
    pub fn handle(&mut self, now: Now, event: Event) {
        let ms = now.mono.0;
        match event {
            Event::Connected { conn, local_ip } => {
                if let Some(ip) = local_ip {
                    self.local_ips.insert(conn, ip);
                }
            }
            Event::Closed { conn, .. } => self.closed(conn),
            Event::Answered { conn, answer } => self.answered(conn, answer, ms),
            Event::Heard { hello, .. } => {
                if let Some(text) = hello {
                    self.hello(&text, true, ms);
                }
            }
            Event::HelloPublished { text } => self.hello(&text, false, ms),
            Event::AskedDown {
                waiter, question, ..
            } => {
                let opinion = self.opinion(&question, ms);
                self.out.push_back(Action::Reply {
                    waiter,
                    reply: Reply::Down(opinion),
                });
            }
            Event::Instructed { instruction, .. } => self.instructed(instruction, ms),
            Event::Tick
            | Event::Resolved { .. }
            | Event::Durable { .. }
            | Event::NotDurable { .. }
            | Event::ScriptStarted { .. }
            | Event::ScriptFailed { .. }
            | Event::ScriptEnded { .. } => {}
        }
        if self.next_turn <= ms {
            self.turn(ms);
        }
    }

    fn turn(&mut self, now: u64) {
        if now - self.last_turn > 2_000 {
            self.tilt_since = Some(now);
            self.announce(EventName::Tilt, None, "#tilt mode entered".into());
        }
        if self.tilt_since.is_some_and(|since| now - since > 30_000) {
            self.tilt_since = None;
            self.announce(EventName::TiltEnd, None, "#tilt mode exited".into());
        }
        self.last_turn = now;
        for id in self.groups.keys().copied().collect::<Vec<_>>() {
            self.tend_group(id, now);
        }
        self.next_turn = now + 1_000 / self.chance.between(10, 19);
    }

    fn tend_group(&mut self, id: u32, now: u64) {
        let master = Party {
            master: MasterId(id),
            who: Who::Master,
        };
        for party in std::iter::once(master).chain(self.others(id)) {
            self.connect(party, now);
            self.periodic(party, now);
            if self.tilt_since.is_some() {
                continue;
            }
            self.judge_down(party, now);
            if party == master {
                self.judge_odown(id, now);
                if self.start_if_due(id, now) {
                    self.ask_peers(id, true, now);
                }
                self.step(id, now);
                self.ask_peers(id, false, now);
            }
        }
        self.finish_switch(id, now);
    }

    fn others(&self, id: u32) -> Vec<Party> {
        let Some(group) = self.groups.get(&id) else {
            return Vec::new();
        };
        let master = MasterId(id);
        let replicas = group.replicas.keys().map(|k| Who::Replica(*k));
        let peers = group.peers.keys().map(|k| Who::Peer(*k));
        replicas
            .chain(peers)
            .map(|who| Party { master, who })
            .collect()
    }

    fn record(&self, party: Party) -> Option<&Record> {
        let group = self.groups.get(&party.master.0)?;
        match party.who {
            Who::Master => Some(&group.record),
            Who::Replica(key) => group.replicas.get(&key),
            Who::Peer(key) => group.peers.get(&key),
        }
    }

    fn record_mut(&mut self, party: Party) -> Option<&mut Record> {
        let group = self.groups.get_mut(&party.master.0)?;
        match party.who {
            Who::Master => Some(&mut group.record),
            Who::Replica(key) => group.replicas.get_mut(&key),
            Who::Peer(key) => group.peers.get_mut(&key),
        }
    }

    fn announce(&mut self, name: EventName, master: Option<MasterName>, text: String) {
        self.out
            .push_back(Action::Notice(Notice { name, text, master }));
    }

    fn announce_of(&mut self, name: EventName, party: Party) {
        let (Some(group), Some(record)) = (self.groups.get(&party.master.0), self.record(party))
        else {
            return;
        };
        let shown =
            |a: &Address| format!("{} {}", a.announced(self.conf.announce_hostnames), a.port());
        let master = group.name.clone();
        let text = match party.who {
            Who::Master => format!("master {master} {}", shown(&record.address)),
            Who::Replica(_) => format!(
                "slave {} {} @ {master} {}",
                record.address.key(self.conf.announce_hostnames),
                shown(&record.address),
                shown(&group.record.address)
            ),
            Who::Peer(_) => format!(
                "sentinel {} {} @ {master} {}",
                record.id,
                shown(&record.address),
                shown(&group.record.address)
            ),
        };
        self.announce(name, Some(master), text);
    }

    /// Rewrites the file; the identity voted for is not in it.
    fn rewrite(&mut self) {
        self.version += 1;
        let masters = self
            .groups
            .values()
            .map(|g| {
                let promoted = g.promoted.filter(|_| g.step == Step::Reconf);
                MasterConf {
                    address: g.effective().clone(),
                    config_epoch: g.config_epoch,
                    leader_epoch: g.leader_epoch,
                    voted_for: None,
                    known_replicas: g
                        .replicas
                        .iter()
                        .map(|(key, r)| {
                            let old_master = promoted == Some(*key);
                            if old_master {
                                &g.record.address
                            } else {
                                &r.address
                            }
                            .clone()
                        })
                        .collect(),
                    known_peers: g
                        .peers
                        .values()
                        .map(|p| KnownPeer {
                            address: p.address.clone(),
                            id: p.id.clone(),
                        })
                        .collect(),
                    ..g.settings.clone()
                }
            })
            .collect();
        let state = SentinelConf {
            current_epoch: self.current_epoch,
            masters,
            ..self.conf.clone()
        };
        self.rewritten.push_back(state);
        self.out.push_back(Action::Persist {
            version: Version(self.version),
        });
    }

    fn publish_addresses(&mut self) {
        let announce = self.conf.announce_hostnames;
        let rows = self.groups.values().map(|g| {
            let address = g.effective();
            AddressRow {
                name: g.name.clone(),
                host: address.announced(announce),
                port: address.port(),
            }
        });
        let mut table = AddressTable::default();
        for row in rows {
            table.set(row);
        }
        self.out.push_back(Action::Addresses(Arc::new(table)));
    }

    fn instructed(&mut self, instruction: Instruction, now: u64) {
        use rsentinel::core::event::SetOption;
        let find = |groups: &BTreeMap<u32, Group>, name: &MasterName| {
            groups
                .iter()
                .find(|(_, g)| g.name == *name)
                .map(|(id, _)| *id)
        };
        match instruction {
            // It knows no other word.
            Instruction::Failover { how, .. } if how != FailoverHow::Forced => {}
            Instruction::Failover { name, .. } => {
                let Some(id) = find(&self.groups, &name) else {
                    return;
                };
                let busy = self.groups.get(&id).is_none_or(Group::in_progress);
                if !busy && self.best_replica(id, now).is_some() {
                    self.start(id, true, now);
                }
            }
            Instruction::Reset { .. } => {
                for id in self.groups.keys().copied().collect::<Vec<_>>() {
                    self.reset(id, true, now);
                }
                self.publish_addresses();
            }
            Instruction::Remove { name } => {
                let Some(id) = find(&self.groups, &name) else {
                    return;
                };
                self.drop_links(id, |_| true);
                self.groups.remove(&id);
                self.rewrite();
                self.publish_addresses();
            }
            Instruction::Monitor {
                name,
                host,
                port,
                quorum,
            } if find(&self.groups, &name).is_none() => {
                let port = u16::try_from(port).unwrap_or(0);
                let address = Address::new(&host, port);
                let address = self.locate(&address);
                self.restore(MasterConf::new(name, address, quorum), now);
                self.rewrite();
                self.publish_addresses();
            }
            Instruction::Monitor { .. } => {}
            Instruction::Set { name, changes, .. } => {
                let Some(id) = find(&self.groups, &name) else {
                    return;
                };
                let Some(group) = self.groups.get_mut(&id) else {
                    return;
                };
                for change in changes {
                    match change.option {
                        SetOption::Quorum(n) => group.settings.quorum = n,
                        SetOption::DownAfter(ms) => group.settings.down_after = ms,
                        SetOption::FailoverTimeout(ms) => group.settings.failover_timeout = ms,
                        SetOption::ParallelSyncs(n) => group.settings.parallel_syncs = i64::from(n),
                        _ => {}
                    }
                }
                self.rewrite();
            }
            _ => {}
        }
    }

    /// The model knows every name of this world.
    fn locate(&self, address: &Address) -> Address {
        match crate::shape::server_of_host(address.host()) {
            Some(server) if address.is_name() => Address::resolved(
                address.host(),
                crate::shape::server_at(server).ip(),
                address.port(),
            ),
            _ => address.clone(),
        }
    }

    fn answered(&mut self, conn: ConnId, answer: Answer, now: u64) {
        let Some(&(party, _)) = self.conns.get(&conn) else {
            return;
        };
        match answer {
            Answer::Ping(verdict) => self.pinged(party, &verdict, now),
            Answer::Info(Ok(report)) => self.informed(party, &report, now),
            Answer::Hello(party, Ok(())) => {
                if let Some(record) = self.record_mut(party) {
                    record.last_hello = now;
                }
            }
            Answer::MasterDown {
                peer,
                reply: Some(reply),
            } => {
                if let Some(record) = self.record_mut(peer) {
                    record.last_report = now;
                    record.reports_down = reply.down;
                    if reply.vote.is_some() {
                        record.vote = reply.vote;
                    }
                }
            }
            _ => {}
        }
    }
}
