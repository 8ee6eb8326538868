//! The virtual world around one core: a clock that jumps from one thing to the next, the sockets,
//! the disk, the resolver. Every instant at which something happens is exact.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rsentinel::config::SentinelConf;
use rsentinel::core::action::Socket;
use rsentinel::core::event::{DownQuestion, Instruction};
use rsentinel::core::persist::Version;
use rsentinel::core::{Action, Ask, Birth, ConnId, Event, Sentinel, Waiter};
use rsentinel::types::{Epoch, Mono, Now, RunId, Wall};

use super::hosts::Host;

/// The wall clock of the first instant: some day of 2023.
const WALL_START: u64 = 1_700_000_000_000;

/// Turns normally allowed in one virtual second: more means that the core spins.
const MOST_TURNS_A_SECOND: u64 = 3_000;

/// How the disk behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// Durable after so many milliseconds.
    Writes(u64),
    /// Fails after so many milliseconds.
    Fails(u64),
    /// Says nothing until told otherwise.
    Hangs,
}

/// A socket of the core's.
#[derive(Clone, Debug)]
pub struct Conn {
    pub to: SocketAddr,
    pub socket: Socket,
    pub up: bool,
    pub queued: Vec<Ask>,
}

/// One thing the core did.
#[derive(Debug)]
pub struct Done {
    /// When, in ms.
    pub at: u64,
    /// What.
    pub action: Action,
    /// Where to, for `Connect`, `Send` and `Close`.
    pub to: Option<SocketAddr>,
}

/// The world.
pub struct World {
    pub core: Sentinel,
    /// The present, in monotonic ms.
    pub now: u64,
    /// All that the core ever did.
    pub done: Vec<Done>,
    /// Every state handed to the store, and when.
    pub states: Vec<(u64, Arc<SentinelConf>)>,
    pub hosts: BTreeMap<SocketAddr, Host>,
    pub conns: BTreeMap<ConnId, Conn>,
    pub disk: Disk,
    /// The newest state on disk.
    pub on_disk: Option<Arc<SentinelConf>>,
    /// What was on disk at birth.
    pub born: SentinelConf,
    /// A group was removed at some time: its configuration epoch starts anew.
    pub removed: bool,
    /// Votes ever answered or told of: by master name and epoch.
    pub votes: BTreeMap<(String, u64), String>,
    /// Names that resolve; all others fail.
    pub names: BTreeMap<String, IpAddr>,
    pub look_up_ms: u64,
    /// Own address on every socket.
    pub local_ip: Option<IpAddr>,
    /// Turns taken so far.
    pub turns: u64,
    /// Turns allowed in one virtual second.
    pub most_turns_a_second: u64,
    /// Names that have another one of their addresses at each look-up.
    pub rotations: BTreeMap<String, Vec<IpAddr>>,
    /// The process has ended itself: nothing it says after that is carried out.
    pub ended: bool,
    second: (u64, u64),
    inbox: BTreeMap<(u64, u64), Event>,
    next_seq: u64,
    pub next_waiter: u64,
    handed: Vec<(Version, Arc<SentinelConf>)>,
    writing: BTreeMap<Version, Arc<SentinelConf>>,
    last_write_end: u64,
}

fn outcome_of(version: Version, works: bool, took_ms: u64) -> Event {
    if works {
        Event::Durable { version, took_ms }
    } else {
        let reason = "No space left on device".into();
        Event::NotDurable { version, reason }
    }
}

impl World {
    pub fn new(birth: Birth) -> World {
        World::with_hosts(birth, BTreeMap::new())
    }

    pub fn with_hosts(birth: Birth, hosts: BTreeMap<SocketAddr, Host>) -> World {
        let now = 1_000;
        let born = birth.conf.clone();
        let core = Sentinel::new(moment(now), birth);
        let mut world = World {
            core,
            now,
            done: Vec::new(),
            states: Vec::new(),
            hosts,
            conns: BTreeMap::new(),
            disk: Disk::Writes(1),
            on_disk: None,
            born,
            removed: false,
            votes: BTreeMap::new(),
            names: BTreeMap::new(),
            look_up_ms: 1,
            local_ip: Some("10.0.1.9".parse().expect("an ip")),
            turns: 0,
            most_turns_a_second: MOST_TURNS_A_SECOND,
            rotations: BTreeMap::new(),
            ended: false,
            second: (0, 0),
            inbox: BTreeMap::new(),
            next_seq: 0,
            next_waiter: 0,
            handed: Vec::new(),
            writing: BTreeMap::new(),
            last_write_end: 0,
        };
        world.carry_out();
        world
    }

    // ---- time ----

    /// Lets `ms` milliseconds pass.
    pub fn run(&mut self, ms: u64) {
        self.run_to(self.now + ms);
    }

    /// Lets time pass until the given instant, all that is due at it included.
    pub fn run_to(&mut self, end: u64) {
        while self.step(end) {}
        self.now = end;
    }

    /// Lets time pass until `found` says so, at most `limit` ms; the instant, or a panic.
    pub fn run_until(&mut self, limit: u64, what: &str, found: impl Fn(&World) -> bool) -> u64 {
        let end = self.now + limit;
        loop {
            if found(self) {
                return self.now;
            }
            if !self.step(end) {
                panic!("{what} did not happen within {limit} ms\n{}", self.story());
            }
        }
    }

    /// The next thing that happens, if it happens until `end`.
    fn step(&mut self, end: u64) -> bool {
        let arrival = self.inbox.first_key_value().map(|(key, _)| *key);
        let due = self.core.next_deadline().map(|at| at.0.max(self.now));
        let next = [arrival.map(|(at, _)| at), due].into_iter().flatten().min();
        let Some(at) = next.filter(|at| *at <= end) else {
            return false;
        };
        self.now = at;
        match arrival.filter(|(t, _)| *t == at) {
            Some(key) => {
                if let Some(event) = self.inbox.remove(&key) {
                    self.tell(event);
                }
            }
            None => self.tell(Event::Tick),
        }
        true
    }

    /// The process stands still for `ms`: nothing is handled meanwhile.
    pub fn stall(&mut self, ms: u64) {
        self.now += ms;
        let late: Vec<_> = self.inbox.range(..(self.now, 0)).map(|(k, _)| *k).collect();
        for key in late {
            if let Some(event) = self.inbox.remove(&key) {
                self.next_seq += 1;
                self.inbox.insert((self.now, self.next_seq), event);
            }
        }
        self.tell(Event::Tick);
    }

    // ---- events ----

    /// One turn of the core, now.
    pub fn tell(&mut self, event: Event) {
        self.turns += 1;
        let second = self.now / 1_000;
        self.second = match self.second {
            (s, n) if s == second => (s, n + 1),
            _ => (second, 1),
        };
        assert!(
            self.second.1 < self.most_turns_a_second,
            "the core spins at {}\n{}",
            self.now,
            self.story()
        );
        match &event {
            Event::Closed { conn, .. } => {
                self.conns.remove(conn);
            }
            Event::Durable { version, .. } => {
                let state = self
                    .writing
                    .remove(version)
                    .expect("a state that was handed over");
                self.put_on_disk(state);
            }
            Event::NotDurable { version, .. } => {
                self.writing.remove(version);
            }
            _ => {}
        }
        let is_tick = matches!(event, Event::Tick);
        self.core.handle(moment(self.now), event);
        self.carry_out();
        if let Some(next) = self.core.next_deadline() {
            assert!(
                next.0 > self.now || !is_tick,
                "a deadline is left at {} in the turn of {}",
                next.0,
                self.now
            );
        }
    }

    /// An event that arrives in `ms`.
    pub fn later(&mut self, ms: u64, event: Event) {
        self.next_seq += 1;
        self.inbox.insert((self.now + ms, self.next_seq), event);
    }

    pub fn instruct(&mut self, instruction: Instruction) -> Waiter {
        self.removed |= matches!(instruction, Instruction::Remove { .. });
        let waiter = self.waiter();
        self.tell(Event::Instructed {
            waiter,
            instruction,
        });
        waiter
    }

    /// A peer's IS-MASTER-DOWN-BY-ADDR.
    pub fn asked(&mut self, host: &str, port: i64, epoch: u64, candidate: Option<&str>) -> Waiter {
        self.asked_by(host, port, epoch, candidate, None)
    }

    pub fn asked_by(
        &mut self,
        host: &str,
        port: i64,
        epoch: u64,
        candidate: Option<&str>,
        client_name: Option<&str>,
    ) -> Waiter {
        let waiter = self.waiter();
        let question = DownQuestion {
            host: host.into(),
            port,
            epoch: epoch_of(epoch),
            candidate: candidate.map(RunId::new),
        };
        self.tell(Event::AskedDown {
            waiter,
            question,
            client_name: client_name.map(str::to_owned),
        });
        waiter
    }

    /// A hello published to us directly.
    pub fn hello(&mut self, text: &str) {
        self.tell(Event::HelloPublished { text: text.into() });
    }

    fn waiter(&mut self) -> Waiter {
        self.next_waiter += 1;
        Waiter(self.next_waiter)
    }

    // ---- the disk ----

    /// What hangs is settled now, and the disk behaves so from here on.
    pub fn settle_disk(&mut self, disk: Disk) {
        self.disk = disk;
        for (version, state) in std::mem::take(&mut self.handed) {
            self.write(version, state);
        }
    }

    /// The oldest hanging write ends.
    pub fn settle_one_write(&mut self, works: bool) {
        let (version, state) = self.handed.remove(0);
        self.end_write(version, state, works);
    }

    /// Runs until every write that was begun has ended.
    pub fn until_written(&mut self) {
        self.run_until(60_000, "the end of all writes", |w| w.writing.is_empty());
    }

    /// How many writes hang.
    pub fn hanging_writes(&self) -> usize {
        self.handed.len()
    }

    /// Writes end in the order they were begun.
    fn write(&mut self, version: Version, state: Arc<SentinelConf>) {
        let (ms, works) = match self.disk {
            Disk::Writes(ms) => (ms, true),
            Disk::Fails(ms) => (ms, false),
            Disk::Hangs => return self.handed.push((version, state)),
        };
        self.last_write_end = self.last_write_end.max(self.now + ms);
        self.writing.insert(version, state);
        let outcome = outcome_of(version, works, ms);
        self.later(self.last_write_end - self.now, outcome);
    }

    fn end_write(&mut self, version: Version, state: Arc<SentinelConf>, works: bool) {
        self.until_written();
        self.writing.insert(version, state);
        self.tell(outcome_of(version, works, 1));
    }

    fn put_on_disk(&mut self, state: Arc<SentinelConf>) {
        super::safety::judge_write(self.disk_state(), &state, self.removed);
        self.on_disk = Some(state);
    }

    /// What a restart would read now.
    pub fn disk_state(&self) -> &SentinelConf {
        self.on_disk.as_deref().unwrap_or(&self.born)
    }

    // ---- carrying out ----

    fn carry_out(&mut self) {
        while let Some(action) = self.core.poll_action() {
            if self.ended {
                continue;
            }
            self.ended = matches!(action, Action::Exit { .. });
            super::safety::judge(self, &action);
            let to = self.target(&action);
            self.obey(&action);
            self.done.push(Done {
                at: self.now,
                action,
                to,
            });
        }
    }

    fn target(&self, action: &Action) -> Option<SocketAddr> {
        match action {
            Action::Connect { to, .. } => Some(*to),
            Action::Send { conn, .. } | Action::Close { conn } => {
                self.conns.get(conn).map(|c| c.to)
            }
            _ => None,
        }
    }

    fn obey(&mut self, action: &Action) {
        match action {
            Action::Connect {
                conn, to, socket, ..
            } => self.connect(*conn, *to, *socket),
            Action::Close { conn } => {
                self.conns.remove(conn);
            }
            Action::Send { conn, ask, .. } => match self.conns.get_mut(conn) {
                Some(c) if !c.up => c.queued.push(ask.clone()),
                Some(_) => self.deliver(*conn, ask),
                None => panic!("an ask on a socket that is closed: {ask:?}"),
            },
            Action::Resolve { host } => {
                let rotation = self.rotations.get_mut(&**host).map(|ips| {
                    ips.rotate_left(1);
                    ips[0]
                });
                let ip = rotation.or_else(|| self.names.get(&**host).copied());
                self.later(
                    self.look_up_ms,
                    Event::Resolved {
                        host: host.clone(),
                        outcome: ip.ok_or("no such name".into()),
                    },
                );
            }
            Action::Persist { version } => {
                let state = Arc::new(self.core.durable_state());
                self.states.push((self.now, state.clone()));
                self.write(*version, state);
            }
            Action::Notice(_)
            | Action::Log(_)
            | Action::Addresses(_)
            | Action::Reply { .. }
            | Action::StartScript { .. }
            | Action::KillScript { .. }
            | Action::SetLogLevel(_)
            | Action::Exit { .. } => {}
        }
    }
}

/// The instant `ms` on both clocks.
pub fn moment(ms: u64) -> Now {
    Now {
        mono: Mono(ms),
        wall: Wall(WALL_START + ms),
    }
}

/// An epoch of the script.
pub fn epoch_of(value: u64) -> Epoch {
    Epoch::new(value).expect("a valid epoch")
}
