//! The usual group: one master, some replicas, some peers, everybody well.

use std::collections::BTreeMap;

use rsentinel::config::{KnownPeer, MasterConf, SentinelConf};
use rsentinel::core::Birth;
use rsentinel::core::event::{FailoverHow, Instruction};
use rsentinel::types::{Address, MasterName, RunId};

use super::hosts::{Host, Server, at, timings};
use super::world::World;

pub const NAME: &str = "mymaster";
/// The master, three possible replicas, four possible peers.
pub const M: &str = "10.0.0.1:6379";
pub const R: [&str; 3] = ["10.0.0.2:6379", "10.0.0.3:6379", "10.0.0.4:6379"];
pub const P: [&str; 4] = [
    "10.0.1.1:26379",
    "10.0.1.2:26379",
    "10.0.1.3:26379",
    "10.0.1.4:26379",
];

/// `M` in the form of an `<I>`.
pub const MASTER: &str = "master mymaster 10.0.0.1 6379";

/// Own id. In most tests no peer comes before it in the order of candidates.
pub fn me() -> String {
    "a".repeat(40)
}

/// The id of peer `i`.
pub fn peer_id(i: usize) -> String {
    char::from(b'b' + i as u8).to_string().repeat(40)
}

/// The `<I>` of replica `i`.
pub fn replica(i: usize) -> String {
    let ip = ip(R[i]);
    format!("slave {} {ip} 6379 @ mymaster 10.0.0.1 6379", R[i])
}

/// The `<I>` of peer `i`.
pub fn peer(i: usize) -> String {
    let ip = ip(P[i]);
    format!(
        "sentinel {} {ip} 26379 @ mymaster 10.0.0.1 6379",
        peer_id(i)
    )
}

/// The host part of an address.
pub fn ip(address: &str) -> &str {
    address.rsplit_once(':').expect("a port").0
}

pub fn address(text: &str) -> Address {
    let (host, port) = text.rsplit_once(':').expect("a port");
    Address::new(host, port.parse().expect("a port number"))
}

pub fn name() -> MasterName {
    MasterName::new(NAME)
}

/// What to build.
#[derive(Clone)]
pub struct Plan {
    pub replicas: usize,
    pub peers: usize,
    pub group: MasterConf,
    pub conf: SentinelConf,
    pub seed: u64,
    /// Changes to the birth beyond the configuration.
    pub requirepass: Option<rsentinel::types::Secret>,
    pub features: rsentinel::core::Features,
}

/// A group with D = 1000 and FT = 20000.
pub fn plan(replicas: usize, peers: usize, quorum: u32) -> Plan {
    let mut group = MasterConf::new(name(), address(M), quorum);
    group.down_after = 1_000;
    group.failover_timeout = 20_000;
    group.known_replicas = R[..replicas].iter().map(|r| address(r)).collect();
    group.known_peers = (0..peers)
        .map(|i| KnownPeer {
            address: address(P[i]),
            id: RunId::new(&peer_id(i)),
        })
        .collect();
    Plan {
        replicas,
        peers,
        group,
        conf: SentinelConf {
            my_id: Some(RunId::new(&me())),
            ..SentinelConf::default()
        },
        seed: 7,
        requirepass: None,
        features: rsentinel::core::Features::default(),
    }
}

impl Plan {
    pub fn with(mut self, change: impl FnOnce(&mut MasterConf)) -> Plan {
        change(&mut self.group);
        self
    }

    pub fn process(mut self, change: impl FnOnce(&mut SentinelConf)) -> Plan {
        change(&mut self.conf);
        self
    }

    /// Switches an optional behaviour on or off.
    pub fn feature(mut self, name: &str, on: bool) -> Plan {
        assert!(self.features.set(name, on), "no feature {name}");
        self
    }

    pub fn seed(mut self, seed: u64) -> Plan {
        self.seed = seed;
        self
    }

    pub fn birth(&self) -> Birth {
        let mut conf = self.conf.clone();
        conf.masters.insert(0, self.group.clone());
        Birth {
            conf,
            port: 26379,
            requirepass: self.requirepass.clone(),
            timings: timings(),
            features: self.features,
            seed: self.seed,
        }
    }

    /// The world before anything happened.
    pub fn start(&self) -> World {
        let mut hosts = BTreeMap::new();
        let lines = (0..self.replicas).map(|i| (ip(R[i]).to_owned(), 6379));
        let master = Server {
            replicas: lines.collect(),
            ..Server::master()
        };
        hosts.insert(at(M), Host::server(master));
        for (i, r) in R.iter().enumerate() {
            let mut server = Server::replica_of("10.0.0.1", 6379);
            server.run_id = (i + 1).to_string().repeat(40);
            hosts.insert(at(r), Host::server(server));
        }
        for p in &P[..self.peers] {
            hosts.insert(at(p), Host::peer());
        }
        World::with_hosts(self.birth(), hosts)
    }

    /// The world after five quiet seconds.
    pub fn settled(&self) -> World {
        let mut world = self.start();
        world.run(5_000);
        world
    }
}

impl World {
    /// Every peer says that the master is down (or up).
    pub fn peers_say_down(&mut self, down: bool) {
        for p in P {
            if self.hosts.contains_key(&at(p)) {
                self.peer(p).down = down;
            }
        }
    }

    /// The master process dies and every peer notices.
    pub fn kill_master(&mut self) {
        self.peers_say_down(true);
        self.kill(M);
    }

    /// A hello of peer `i` about the group.
    pub fn hello_of(&mut self, i: usize, epoch: u64, master: &str, config_epoch: u64) {
        let text = hello_text(P[i], &peer_id(i), epoch, master, config_epoch);
        self.hello(&text);
    }

    pub fn coordinate(&mut self) -> rsentinel::core::Waiter {
        self.instruct(Instruction::Failover {
            name: name(),
            how: FailoverHow::Coordinated,
        })
    }

    pub fn force(&mut self) -> rsentinel::core::Waiter {
        self.instruct(Instruction::Failover {
            name: name(),
            how: FailoverHow::Forced,
        })
    }
}

/// A hello's eight fields.
pub fn hello_text(from: &str, id: &str, epoch: u64, master: &str, config_epoch: u64) -> String {
    let (from_ip, from_port) = from.rsplit_once(':').expect("a port");
    let (ip, port) = master.rsplit_once(':').expect("a port");
    format!("{from_ip},{from_port},{id},{epoch},{NAME},{ip},{port},{config_epoch}")
}
