//! The world: servers, sentinels and the network between them, moved on from one happening to
//! the next.

pub mod conn;
pub mod effect;
pub mod queue;

mod affect;
mod carry_out;
mod deliver;
mod estranged;
mod far_end;
mod faults;
mod moves;
mod outvoted;
mod running;
mod said;
pub(crate) mod settled;
mod story;
mod votes;

use std::collections::BTreeMap;

use rsentinel::config::{MasterConf, SentinelConf};
use rsentinel::core::Event;
use rsentinel::core::event::ScriptEnd;
use rsentinel::core::view::AddressTable;
use rsentinel::types::{Address, MasterName, RunId};

use crate::chance::Chance;
use crate::disk::Disk;
use crate::facts::{Fact, Scene};
use crate::network::Network;
use crate::node::{Brain, Node};
use crate::oracles::{Oracles, Step, Violation};
use crate::plan::{Act, Fault, Trigger};
use crate::server::Server;
use crate::shape::{Shape, sentinel_id, server_at, server_name, server_of_host};
use crate::tally::Tally;

use conn::Conn;
use queue::{Due, Queue};

pub use said::{Said, What};
pub use settled::Unsettled;

/// How often replication links move on, in µs.
const REPLICATION_STEP: u64 = 100_000;

/// The address of a group as a sentinel publishes it.
#[derive(Clone, Debug)]
struct Published {
    address: (String, u16),
    server: Option<usize>,
}

/// The world.
pub struct World {
    /// What the cluster looks like.
    pub shape: Shape,
    /// The present in µs.
    pub now: u64,
    /// The data servers.
    pub servers: Vec<Server>,
    /// The sentinels.
    pub nodes: Vec<Node>,
    /// The network.
    pub network: Network,
    /// What has been counted.
    pub tally: Tally,
    /// Who judges.
    pub oracles: Oracles,
    /// The first violation found.
    pub violation: Option<Violation>,
    /// What happened, if anybody wants to read it.
    pub trace: Option<Vec<String>>,
    told_hellos: story::ToldHellos,
    moves: moves::Moves,
    /// What sentinels said, for whoever measures; `None` unless it is wanted.
    pub said: Option<Vec<Said>>,
    /// Counts changes of what is published, of who lives, and of who is a master.
    pub changes: u64,
    /// What happens next.
    queue: Queue,
    chance: Chance,
    conns: Vec<Conn>,
    /// The subscribed connections of each server.
    subscribers: Vec<Vec<u32>>,
    /// Faults are over: what they had planned for later does not happen.
    healed: bool,
    faults: Vec<Fault>,
    armed: Vec<(Trigger, Act, &'static str)>,
    /// Name look-ups: ms, and failures in a hundred.
    resolver: (u64, u64),
    /// How many ids of sentinels there ever were.
    ids_ever: usize,
    lives: Vec<u32>,
    /// Failovers that are being led.
    running: running::Running,
    /// How votes were divided.
    votes: votes::Votes,
    /// An operator has made a sentinel forget servers.
    forgetful: bool,
    /// The address of every group at every sentinel, as published.
    published: Vec<Vec<Option<Published>>>,
    /// The config epoch of every group in the last hello of every sentinel, once faults are over.
    said_epochs: Vec<Vec<u64>>,
}

impl World {
    /// A cluster in good order whose sentinels have just been started for the first time.
    pub fn new(shape: Shape, seed: u64, faults: Vec<Fault>, oracles: Oracles) -> Self {
        let mut chance = Chance::new(seed, 1);
        // Of a stream of its own: nothing else of a seed depends on it.
        let old_servers = Chance::new(seed, 3).percent(10);
        let network = Network::new(shape.hosts(), shape.servers(), shape.latency);
        let servers = (0..shape.servers())
            .map(|index| {
                let master = shape.first_master(shape.group_of(index));
                let follows = (index != master).then(|| (host_text(&shape, master), 6379));
                let mut server = Server::new(index, follows, &mut chance);
                server.knows_failover = !old_servers;
                if shape.some_never && index != master && (index - master) % 2 == 1 {
                    server.priority = 0;
                }
                server
            })
            .collect();
        let nodes = (0..shape.nodes)
            .map(|index| Node {
                index,
                brain: None,
                is_reference: index >= shape.nodes - shape.references,
                id: RunId::new(&sentinel_id(index, 0)),
                disk: Disk::new(first_conf(&shape, index, 0), shape.write),
                paused: false,
                incarnation: 0,
                mono_ahead: chance.between(1_000, 1_000_000),
                phase: if shape.phases {
                    chance.between(0, 999)
                } else {
                    0
                },
                wall_off: 0,
                conns: Default::default(),
                inbox: Default::default(),
                wake_at: None,
                waiters: BTreeMap::new(),
                next_waiter: 0,
            })
            .collect();
        let mut world = World {
            now: 0,
            servers,
            nodes,
            network,
            tally: Tally::default(),
            oracles,
            violation: None,
            trace: None,
            told_hellos: Default::default(),
            moves: Default::default(),
            said: None,
            changes: 0,
            queue: Queue::default(),
            chance,
            conns: Vec::new(),
            subscribers: vec![Vec::new(); shape.servers()],
            healed: false,
            faults: Vec::new(),
            armed: Vec::new(),
            resolver: (2, 0),
            ids_ever: shape.nodes,
            lives: vec![0; shape.nodes],
            published: vec![Vec::new(); shape.nodes],
            said_epochs: vec![vec![0; shape.masters]; shape.nodes],
            running: Default::default(),
            votes: Default::default(),
            forgetful: false,
            shape,
        };
        for node in 0..world.shape.nodes {
            let at = world.chance.between(0, world.shape.starts);
            world
                .queue
                .push(at, Due::Effect(effect::Effect::Start(node)));
        }
        for (index, fault) in faults.iter().enumerate() {
            world.queue.push(fault.at * 1_000, Due::Fault(index));
        }
        world.faults = faults;
        world.queue.push(REPLICATION_STEP, Due::Replication);
        world
    }

    /// Lets time pass until this instant (µs), or until an oracle objects.
    pub fn run_to(&mut self, end: u64) {
        while self.violation.is_none() {
            let Some((at, due)) = self.queue.pop_until(end) else {
                break;
            };
            self.now = at;
            self.happen(due);
        }
        if self.violation.is_none() {
            self.now = end;
        }
    }

    /// Lets the next thing happen, if it happens until this instant (µs). Otherwise, or once an
    /// oracle has objected, the answer is false.
    pub fn advance(&mut self, end: u64) -> bool {
        if self.violation.is_some() {
            return false;
        }
        let Some((at, due)) = self.queue.pop_until(end) else {
            self.now = self.now.max(end);
            return false;
        };
        self.now = at;
        self.happen(due);
        self.violation.is_none()
    }

    /// Plans a change, so many µs from now.
    pub fn later(&mut self, after: u64, effect: effect::Effect) {
        self.queue.push(self.now + after, Due::Effect(effect));
    }

    /// Lets time pass in steps of `step` µs until `done`, at most until `end`; whether it was.
    pub fn run_until(&mut self, end: u64, step: u64, mut done: impl FnMut(&World) -> bool) -> bool {
        while self.violation.is_none() {
            if done(self) {
                return true;
            }
            if self.now >= end {
                return false;
            }
            self.run_to((self.now + step).min(end));
        }
        false
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Wake(node) => self.wake(node),
            Due::Syn(conn, tries) => self.syn(conn, tries),
            Due::Out(conn, ask) => self.arrive_far(conn, ask),
            Due::In(conn, what) => self.arrive_near(conn, what),
            Due::Think(conn) => self.think(conn),
            Due::Disk(node, incarnation, number) => self.write_ended(node, incarnation, number),
            Due::Resolved(node, incarnation, host, outcome) => {
                if self.nodes[node].incarnation == incarnation {
                    self.tell(node, Event::Resolved { host, outcome });
                }
            }
            Due::Script(node, incarnation, script) => {
                if self.nodes[node].incarnation == incarnation {
                    self.tell(node, Event::ScriptStarted { script, pid: 1 });
                    let end = ScriptEnd::Exited(0);
                    self.tell(node, Event::ScriptEnded { script, end });
                }
            }
            Due::Replication => {
                crate::server::replicate(
                    &mut self.servers,
                    &self.network,
                    &mut self.chance,
                    self.now,
                );
                self.move_hand_overs();
                self.queue
                    .push(self.now + REPLICATION_STEP, Due::Replication);
            }
            Due::Fault(index) => self.begin_fault(index),
            Due::Effect(_) if self.healed => {}
            Due::Effect(effect) => self.affect(effect),
        }
    }

    /// A line of the trace.
    pub(crate) fn note(&mut self, line: impl FnOnce(&World) -> String) {
        if self.trace.is_some() {
            let text = format!("{:>10.3} {}", self.now as f64 / 1_000.0, line(self));
            if let Some(trace) = &mut self.trace {
                trace.push(text);
            }
        }
    }

    /// Lets the oracles judge a fact.
    #[inline]
    fn judge(&mut self, node: usize, fact: &Fact<'_>) {
        if self.violation.is_none() && self.oracles.watch(fact.kind()) {
            self.judge_watched(node, fact);
        }
    }

    fn judge_watched(&mut self, node: usize, fact: &Fact<'_>) {
        let scene = Scene::new(
            self.now,
            node,
            &self.nodes[node],
            &self.shape,
            self.ids_ever,
        );
        match self.oracles.judge(&scene, fact) {
            Ok(Some(Step::Wins(won, _))) => self.votes.won(won.group, won.epoch),
            Ok(_) => {}
            Err(violation) => self.violation = Some(violation),
        }
    }

    /// The name of a host in the trace.
    pub fn host_name(&self, host: usize) -> String {
        let servers = self.shape.servers();
        if host < servers {
            format!("server {host}")
        } else {
            format!("sentinel {}", host - servers)
        }
    }

    /// The host of a sentinel.
    pub fn host_of_node(&self, node: usize) -> usize {
        self.shape.servers() + node
    }

    /// Which sentinel a host is.
    pub fn node_of_host(&self, host: usize) -> Option<usize> {
        host.checked_sub(self.shape.servers())
    }

    /// The address of a group as a sentinel publishes it.
    pub fn published(&self, node: usize, group: usize) -> Option<&(String, u16)> {
        self.published[node]
            .get(group)?
            .as_ref()
            .map(|p| &p.address)
    }

    /// The server that this is the address of.
    pub fn published_server(&self, node: usize, group: usize) -> Option<usize> {
        self.published[node].get(group)?.as_ref()?.server
    }

    fn publish_addresses(&mut self, node: usize, table: &AddressTable) {
        let slots = &mut self.published[node];
        slots.clear();
        slots.resize(self.shape.masters, None);
        for row in table.rows() {
            let group = Shape::group_of_name(row.name.as_str());
            if let Some(slot) = group.and_then(|g| slots.get_mut(g)) {
                *slot = Some(Published {
                    address: (row.host.clone(), row.port),
                    server: server_of_host(&row.host),
                });
            }
        }
    }

    /// Starts the process of a sentinel from its disk.
    fn start_node(&mut self, node: usize) {
        if self.nodes[node].brain.is_some() {
            return;
        }
        let seed = self.chance.bits();
        let conf = self.nodes[node].disk.durable.clone();
        self.judge(node, &Fact::Born(&conf));
        self.note(|_| format!("sentinel {node} starts"));
        let this = &mut self.nodes[node];
        this.incarnation += 1;
        this.paused = false;
        let now = this.present(self.now);
        this.brain = Some(Brain::new(
            this.is_reference,
            now,
            SentinelConf::clone(&conf),
            self.shape.features,
            seed,
        ));
        this.wake_at = None;
        self.carry_out(node);
    }
}

/// How a server is written in configurations.
pub fn host_text(shape: &Shape, server: usize) -> String {
    if shape.names {
        server_name(server)
    } else {
        server_at(server).ip().to_string()
    }
}

/// The file of a sentinel that has never run.
pub fn first_conf(shape: &Shape, node: usize, life: u32) -> SentinelConf {
    let masters = (0..shape.masters)
        .map(|group| {
            let address = Address::new(&host_text(shape, shape.first_master(group)), 6379);
            let name = MasterName::new(&Shape::group_name(group));
            let mut conf = MasterConf::new(name, address, shape.quorum);
            conf.down_after = shape.down_after;
            conf.failover_timeout = shape.failover_timeout;
            conf.parallel_syncs = shape.parallel_syncs;
            conf
        })
        .collect();
    SentinelConf {
        my_id: Some(RunId::new(&sentinel_id(node, life))),
        resolve_hostnames: shape.names,
        announce_hostnames: shape.names,
        masters,
        ..SentinelConf::default()
    }
}
