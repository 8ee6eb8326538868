//! The virtual world around one core: a clock that jumps from one thing to the next, the sockets,
//! the disk, the resolver. Every instant at which something happens is exact.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use rsentinel::config::SentinelConf;
use rsentinel::core::action::{AddressRow, Socket};
use rsentinel::core::event::{DownQuestion, Instruction};
use rsentinel::core::notice::{LogLine, Notice};
use rsentinel::core::persist::Version;
use rsentinel::core::{Action, Birth, ConnId, Event, Reply, Sentinel, Waiter};
use rsentinel::types::{Epoch, Mono, Now, RunId, Wall};

use super::hosts::{Host, Kind, PeerScript, Reach, Server};

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
    queued: Vec<rsentinel::core::Ask>,
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

/// When, to whom, and whom to follow (`None`: nobody).
pub type Slaveof = (u64, SocketAddr, Option<(String, u16)>);

/// The world.
pub struct World {
    pub core: Sentinel,
    /// The present, in monotonic ms.
    pub now: u64,
    /// All that the core ever did.
    pub done: Vec<Done>,
    pub hosts: BTreeMap<SocketAddr, Host>,
    pub conns: BTreeMap<ConnId, Conn>,
    pub disk: Disk,
    /// The newest state on disk.
    pub on_disk: Option<Arc<SentinelConf>>,
    /// What was on disk at birth.
    pub born: SentinelConf,
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
    next_waiter: u64,
    handed: Vec<(Version, Arc<SentinelConf>)>,
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
            hosts,
            conns: BTreeMap::new(),
            disk: Disk::Writes(1),
            on_disk: None,
            born,
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
        if let Event::Closed { conn, .. } = &event {
            self.conns.remove(conn);
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

    // ---- the network ----

    pub fn host(&mut self, at: &str) -> &mut Host {
        self.hosts
            .get_mut(&super::hosts::at(at))
            .expect("a host of the script")
    }

    pub fn server(&mut self, at: &str) -> &mut Server {
        match &mut self.host(at).kind {
            Kind::Server(server) => server,
            Kind::Peer(_) => panic!("{at} is a peer"),
        }
    }

    pub fn peer(&mut self, at: &str) -> &mut PeerScript {
        match &mut self.host(at).kind {
            Kind::Peer(peer) => peer,
            Kind::Server(_) => panic!("{at} is a server"),
        }
    }

    /// The process at this address dies: its sockets are reset, connects refused.
    pub fn kill(&mut self, at: &str) {
        self.host(at).reach = Reach::Refused;
        self.reset_sockets(at, None);
    }

    /// The host comes back.
    pub fn revive(&mut self, at: &str) {
        self.host(at).reach = Reach::Up;
    }

    /// Existing sockets stay, nothing is answered any more.
    pub fn freeze(&mut self, at: &str) {
        self.host(at).reach = Reach::Frozen;
    }

    /// Every packet to and from it is lost.
    pub fn black_hole(&mut self, at: &str) {
        self.host(at).reach = Reach::BlackHole;
    }

    /// Every socket (of one kind) to an address is reset.
    pub fn reset_sockets(&mut self, at: &str, only: Option<Socket>) {
        let to = super::hosts::at(at);
        let lost: Vec<ConnId> = self
            .conns
            .iter()
            .filter(|(_, c)| c.to == to && only.is_none_or(|s| s == c.socket))
            .map(|(id, _)| *id)
            .collect();
        for conn in lost {
            self.conns.remove(&conn);
            self.tell(Event::Closed {
                conn,
                reason: "Connection reset by peer".into(),
            });
        }
    }

    /// The sockets to an address.
    pub fn sockets_to(&self, at: &str) -> Vec<(ConnId, Socket)> {
        let to = super::hosts::at(at);
        self.conns
            .iter()
            .filter(|(_, c)| c.to == to)
            .map(|(id, c)| (*id, c.socket))
            .collect()
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

    /// How many writes hang.
    pub fn hanging_writes(&self) -> usize {
        self.handed.len()
    }

    fn write(&mut self, version: Version, state: Arc<SentinelConf>) {
        match self.disk {
            Disk::Writes(ms) => {
                self.later(
                    ms,
                    Event::Durable {
                        version,
                        took_ms: ms,
                    },
                );
                self.put_on_disk(state);
            }
            Disk::Fails(ms) => self.later(
                ms,
                Event::NotDurable {
                    version,
                    reason: "No space left on device".into(),
                },
            ),
            Disk::Hangs => self.handed.push((version, state)),
        }
    }

    fn put_on_disk(&mut self, state: Arc<SentinelConf>) {
        super::safety::judge_write(self.disk_state(), &state);
        self.on_disk = Some(state);
    }

    /// What a restart would read now.
    pub fn disk_state(&self) -> &SentinelConf {
        self.on_disk.as_deref().unwrap_or(&self.born)
    }

    fn end_write(&mut self, version: Version, state: Arc<SentinelConf>, works: bool) {
        if works {
            self.put_on_disk(state);
            self.tell(Event::Durable {
                version,
                took_ms: 1,
            });
        } else {
            self.tell(Event::NotDurable {
                version,
                reason: "No space left on device".into(),
            });
        }
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
            Action::Persist { version, state } => self.write(*version, state.clone()),
            Action::Notice(_)
            | Action::Log(_)
            | Action::Addresses(_)
            | Action::Reply { .. }
            | Action::SetLogLevel(_)
            | Action::Exit { .. } => {}
        }
    }

    fn connect(&mut self, conn: ConnId, to: SocketAddr, socket: Socket) {
        let reach = self.reach(to, socket);
        match reach {
            Reach::Up | Reach::Frozen => {
                let local_ip = self.local_ip;
                self.later(1, Event::Connected { conn, local_ip });
            }
            Reach::Refused => {
                let reason = "Connection refused".into();
                self.later(1, Event::Closed { conn, reason });
            }
            Reach::BlackHole => {}
        }
        self.conns.insert(
            conn,
            Conn {
                to,
                socket,
                up: reach == Reach::Up || reach == Reach::Frozen,
                queued: Vec::new(),
            },
        );
    }

    fn reach(&self, to: SocketAddr, socket: Socket) -> Reach {
        let Some(host) = self.hosts.get(&to) else {
            return Reach::Refused;
        };
        match socket {
            Socket::Pubsub => host.pubsub_reach.unwrap_or(host.reach),
            Socket::Command => host.reach,
        }
    }

    fn deliver(&mut self, conn: ConnId, ask: &rsentinel::core::Ask) {
        let Some(to) = self.conns.get(&conn).map(|c| c.to) else {
            return;
        };
        let now = self.now;
        let Some(host) = self.hosts.get_mut(&to).filter(|h| h.reach == Reach::Up) else {
            return;
        };
        let trip = host.round_trip + 1;
        if *ask == rsentinel::core::Ask::Subscribe {
            if host.echoes {
                self.later(trip, Event::Heard { conn, hello: None });
            }
            return;
        }
        let echoes = host.echoes;
        if let Some(answer) = host.answer(ask, now) {
            self.later(trip, Event::Answered { conn, answer });
        }
        if let rsentinel::core::Ask::Hello { text, .. } = ask
            && echoes
        {
            self.echo(to, text, trip);
        }
    }
}

impl World {
    /// A server sends what was published on it to its subscribers.
    fn echo(&mut self, to: SocketAddr, text: &str, trip: u64) {
        let subscribed: Vec<ConnId> = self
            .conns
            .iter()
            .filter(|(_, c)| c.to == to && c.socket == Socket::Pubsub)
            .map(|(id, _)| *id)
            .collect();
        for conn in subscribed {
            let hello = Some(text.to_owned());
            self.later(trip, Event::Heard { conn, hello });
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

// ---- what happened ----

impl World {
    /// All notices: when and what.
    pub fn notices(&self) -> impl DoubleEndedIterator<Item = (u64, &Notice)> {
        self.done.iter().filter_map(|d| match &d.action {
            Action::Notice(notice) => Some((d.at, notice)),
            _ => None,
        })
    }

    /// The notices of one name: when and which text.
    pub fn told(&self, name: &str) -> Vec<(u64, &str)> {
        self.notices()
            .filter(|(_, n)| n.name.as_str() == name)
            .map(|(at, n)| (at, n.text.as_str()))
            .collect()
    }

    pub fn was_told(&self, name: &str) -> bool {
        !self.told(name).is_empty()
    }

    /// Names of the notices from an instant on, in order.
    pub fn names_since(&self, since: u64) -> Vec<&'static str> {
        self.notices()
            .filter(|(at, _)| *at >= since)
            .map(|(_, n)| n.name.as_str())
            .collect()
    }

    /// Runs until a notice of this name comes (again); its instant.
    pub fn until(&mut self, name: &str, limit: u64) -> u64 {
        let before = self.told(name).len();
        self.run_until(limit, name, |w| w.told(name).len() > before)
    }

    /// The instant of the last notice of this name, if there is one; else of the next.
    pub fn until_or_now(&mut self, name: &str, limit: u64) -> u64 {
        self.run_until(limit, name, |w| w.was_told(name));
        self.told(name).last().expect("it was told").0
    }

    /// The current epoch of the newest state handed to the store; that of birth before any.
    pub fn core_epoch(&self) -> u64 {
        self.states()
            .last()
            .map_or(self.born.current_epoch.get(), |(_, state)| {
                state.current_epoch.get()
            })
    }

    /// What was sent to an address: when and what.
    pub fn sent_to(&self, at: &str) -> Vec<(u64, &rsentinel::core::Ask)> {
        let to = super::hosts::at(at);
        self.done
            .iter()
            .filter(|d| d.to == Some(to))
            .filter_map(|d| match &d.action {
                Action::Send { ask, .. } => Some((d.at, ask)),
                _ => None,
            })
            .collect()
    }

    /// When asks that satisfy `which` were sent to an address.
    pub fn times_of(&self, at: &str, which: impl Fn(&rsentinel::core::Ask) -> bool) -> Vec<u64> {
        self.sent_to(at)
            .into_iter()
            .filter(|(_, ask)| which(ask))
            .map(|(at, _)| at)
            .collect()
    }

    /// When connects to an address of one kind of socket were begun.
    pub fn connects_to(&self, at: &str, kind: Socket) -> Vec<u64> {
        let whereto = super::hosts::at(at);
        self.done
            .iter()
            .filter(|d| matches!(&d.action, Action::Connect { to, socket, .. } if *to == whereto && *socket == kind))
            .map(|d| d.at)
            .collect()
    }

    /// Hello texts sent to an address.
    pub fn hellos_to(&self, at: &str) -> Vec<(u64, String)> {
        let asks = self.sent_to(at).into_iter();
        asks.filter_map(|(at, ask)| match ask {
            rsentinel::core::Ask::Hello { text, .. } => Some((at, text.clone())),
            _ => None,
        })
        .collect()
    }

    /// SLAVEOF transactions: when, to whom, and which target.
    pub fn slaveofs(&self) -> Vec<Slaveof> {
        self.done
            .iter()
            .filter_map(|d| match &d.action {
                Action::Send {
                    ask: rsentinel::core::Ask::Replicate { target, .. },
                    ..
                } => Some((d.at, d.to?, target.clone())),
                _ => None,
            })
            .collect()
    }

    /// All waiters so far, answered or not.
    pub fn waiters(&self) -> impl Iterator<Item = Waiter> {
        (1..=self.next_waiter).map(Waiter)
    }

    /// The answer to a waiter, with its instant.
    pub fn reply(&self, waiter: Waiter) -> Option<(u64, &Reply)> {
        let mut replies = self.done.iter().filter_map(|d| match &d.action {
            Action::Reply { waiter: w, reply } if *w == waiter => Some((d.at, reply)),
            _ => None,
        });
        let first = replies.next();
        assert!(replies.next().is_none(), "{waiter:?} was answered twice");
        first
    }

    /// The vote in the answer to a waiter: down, identity (`*`), epoch.
    pub fn opinion(&self, waiter: Waiter) -> Option<(bool, String, u64)> {
        match self.reply(waiter)? {
            (_, Reply::Down(o)) => Some((
                o.down,
                o.leader.as_ref().map_or("*".into(), |l| l.to_string()),
                o.epoch.get(),
            )),
            (_, other) => panic!("not an opinion: {other:?}"),
        }
    }

    /// The states handed to the store.
    pub fn states(&self) -> Vec<(u64, &SentinelConf)> {
        self.done
            .iter()
            .filter_map(|d| match &d.action {
                Action::Persist { state, .. } => Some((d.at, &**state)),
                _ => None,
            })
            .collect()
    }

    /// The last state handed to the store.
    pub fn last_state(&self) -> &SentinelConf {
        self.states().last().expect("a state was handed over").1
    }

    /// The last state handed to the store, if any was.
    pub fn last_state_or_none(&self) -> Option<&SentinelConf> {
        self.states().last().map(|(_, state)| *state)
    }

    /// The published address of a master.
    pub fn address(&self, name: &str) -> Option<(String, u16)> {
        let table = self.done.iter().rev().find_map(|d| match &d.action {
            Action::Addresses(table) => Some(table.clone()),
            _ => None,
        })?;
        let row: &AddressRow = table.rows.get(name)?;
        Some((row.host.clone(), row.port))
    }

    pub fn logs(&self) -> Vec<(u64, &LogLine)> {
        self.done
            .iter()
            .filter_map(|d| match &d.action {
                Action::Log(line) => Some((d.at, line)),
                _ => None,
            })
            .collect()
    }

    /// The present view.
    pub fn view(&self) -> rsentinel::core::view::View {
        self.core.view(moment(self.now))
    }

    /// Notices and log lines, for a failed assertion.
    pub fn story(&self) -> String {
        let mut story = String::new();
        for d in &self.done {
            match &d.action {
                Action::Notice(n) => {
                    story.push_str(&format!("{:>8} {} {}\n", d.at, n.name.as_str(), n.text));
                }
                Action::Log(l) => story.push_str(&format!("{:>8}   {}\n", d.at, l.text)),
                Action::Send { ask, .. }
                    if matches!(
                        ask,
                        rsentinel::core::Ask::Replicate { .. }
                            | rsentinel::core::Ask::MasterDown { .. }
                    ) =>
                {
                    story.push_str(&format!("{:>8}     -> {:?} {ask:?}\n", d.at, d.to));
                }
                _ => {}
            }
        }
        story
    }
}
