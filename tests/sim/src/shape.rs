//! What a cluster looks like: how many of what, and its settings.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use rsentinel::core::Features;

use crate::chance::Chance;

/// Sentinels start within so many µs of each other, unless the shape says otherwise.
const STARTS: u64 = 700_000;

/// The shape of a cluster. Everything in it follows from the seed unless the caller fixes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Sentinels.
    pub nodes: usize,
    /// How many of them (the last ones) are models of the reference.
    pub references: usize,
    /// Master groups.
    pub masters: usize,
    /// Replicas of each group.
    pub replicas: usize,
    /// The quorum.
    pub quorum: u32,
    /// `down-after-milliseconds`.
    pub down_after: u64,
    /// `failover-timeout`.
    pub failover_timeout: u64,
    /// `parallel-syncs`.
    pub parallel_syncs: i64,
    /// Names instead of addresses for the servers.
    pub names: bool,
    /// One-way latency of the network in µs: least and greatest.
    pub latency: (u64, u64),
    /// How long a write of the configuration takes in µs: least and greatest.
    pub write: (u64, u64),
    /// Every second replica has priority 0.
    pub some_never: bool,
    /// Sentinels start within so many µs of each other.
    pub starts: u64,
    /// The milliseconds of each sentinel's clock begin at instants of their own.
    pub phases: bool,
    /// Which optional behaviours every real core has.
    pub features: Features,
}

/// What the caller of a run fixes; the rest follows from the seed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// Sentinels.
    pub nodes: Option<usize>,
    /// Replicas of each group.
    pub replicas: Option<usize>,
    /// Master groups.
    pub masters: Option<usize>,
    /// Some sentinels are models of the reference.
    pub mixed: bool,
    /// No faults but the death of the master at the end: to measure.
    pub calm: bool,
    /// Which optional behaviours every real core has.
    pub features: Features,
}

impl Shape {
    /// A plain healthy cluster: a local network, quick disks, one group.
    pub fn plain(nodes: usize, replicas: usize) -> Self {
        Shape {
            nodes,
            references: 0,
            masters: 1,
            replicas,
            quorum: nodes as u32 / 2 + 1,
            down_after: 2_000,
            failover_timeout: 10_000,
            parallel_syncs: 1,
            names: false,
            latency: (100, 400),
            write: (1_000, 4_000),
            some_never: false,
            starts: STARTS,
            phases: false,
            features: Features::default(),
        }
    }

    /// The shape of a seed.
    pub fn random(chance: &mut Chance, wishes: Wishes) -> Self {
        let nodes = wishes.nodes.unwrap_or(chance.pick(&[3, 3, 3, 3, 5, 5, 7]));
        let masters = wishes.masters.unwrap_or(chance.pick(&[1, 1, 1, 1, 3]));
        let replicas = wishes
            .replicas
            .unwrap_or(chance.pick(&[0, 1, 1, 2, 2, 2, 3, 5]));
        let majority = nodes as u64 / 2 + 1;
        let quorum = chance.pick(&[majority, majority, majority, 1, 2, nodes as u64]) as u32;
        let references = if wishes.mixed {
            chance.between(1, nodes as u64 - 1) as usize
        } else {
            0
        };
        Shape {
            nodes,
            references,
            masters,
            replicas,
            quorum: quorum.min(nodes as u32),
            down_after: chance.pick(&[1_000, 2_000, 3_000, 5_000]),
            failover_timeout: chance.pick(&[3_000, 5_000, 10_000, 20_000]),
            parallel_syncs: chance.pick(&[1, 1, 2, 0]),
            names: chance.percent(12),
            latency: chance.pick(&[(100, 400), (100, 400), (500, 3_000), (5_000, 60_000)]),
            write: chance.pick(&[
                (1_000, 4_000),
                (1_000, 4_000),
                (500, 50_000),
                (20_000, 400_000),
            ]),
            some_never: chance.percent(15),
            starts: STARTS,
            phases: false,
            features: wishes.features,
        }
    }

    /// Data servers in all.
    pub fn servers(&self) -> usize {
        self.masters * (1 + self.replicas)
    }

    /// Hosts in all: the servers first, then the sentinels.
    pub fn hosts(&self) -> usize {
        self.servers() + self.nodes
    }

    /// The group a server belongs to at the start.
    pub fn group_of(&self, server: usize) -> usize {
        server / (1 + self.replicas)
    }

    /// The server that is the first master of a group.
    pub fn first_master(&self, group: usize) -> usize {
        group * (1 + self.replicas)
    }

    /// The name of a group.
    pub fn group_name(group: usize) -> String {
        format!("m{group}")
    }

    /// The group of a name.
    pub fn group_of_name(name: &str) -> Option<usize> {
        name.strip_prefix('m')?.parse().ok()
    }
}

/// Where a server listens.
pub fn server_at(server: usize) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, server as u8 + 1)), 6379)
}

/// Where a sentinel listens.
pub fn sentinel_at(node: usize) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 1, node as u8 + 1)), 26379)
}

/// Servers that have moved once are in the net 10.0.100.0/24, twice in the next one.
const FIRST_MOVED_NET: u8 = 100;

/// Where a server listens that has moved so many times.
pub fn server_after_moves(server: usize, moves: u8) -> SocketAddr {
    let net = match moves {
        0 => 0,
        n => FIRST_MOVED_NET + (n - 1) % 100,
    };
    SocketAddr::new(
        IpAddr::V4(Ipv4Addr::new(10, 0, net, server as u8 + 1)),
        6379,
    )
}

/// Which server listens, or once listened, at an address.
pub fn server_of(at: SocketAddr) -> Option<usize> {
    match at.ip() {
        IpAddr::V4(ip) if ip.octets()[2] == 0 || ip.octets()[2] >= FIRST_MOVED_NET => {
            Some(usize::from(ip.octets()[3]) - 1)
        }
        _ => None,
    }
}

/// Which sentinel listens at an address.
pub fn node_of(at: SocketAddr) -> Option<usize> {
    match at.ip() {
        IpAddr::V4(ip) if ip.octets()[2] == 1 => Some(usize::from(ip.octets()[3]) - 1),
        _ => None,
    }
}

/// The host name of a server, used when the shape has names.
pub fn server_name(server: usize) -> String {
    format!("redis-{server}.example")
}

/// Which server a host text means: a literal or one of our names.
pub fn server_of_host(host: &str) -> Option<usize> {
    if let Some(rest) = host.strip_prefix("redis-") {
        return rest.strip_suffix(".example")?.parse().ok();
    }
    let ip: IpAddr = host.parse().ok()?;
    server_of(SocketAddr::new(ip, 6379))
}

/// The 40 hex digits of a sentinel's id; `life` counts replacements by a new sentinel.
pub fn sentinel_id(node: usize, life: u32) -> String {
    format!(
        "{:08x}{:032x}",
        0xa000_0000_u64 + node as u64 * 0x0111_1111 + u64::from(life),
        node
    )
}

/// The run id of a server's process.
pub fn run_id(server: usize, life: u32) -> String {
    format!(
        "{:08x}{:032x}",
        (server as u64 * 0x9e37_79b9 + u64::from(life) * 77) & 0xffff_ffff,
        server
    )
}
