//! Random plans, weighted towards the nasty.

use rsentinel::core::event::{ConfigChange, FailoverHow, Instruction, SetChange, SetOption};
use rsentinel::types::MasterName;

use crate::chance::Chance;
use crate::server::{Lie, Restart};
use crate::shape::Shape;
use crate::world::effect::Effect;

use super::nasty::{armed, coordinated, operators};
use super::{Fault, Kind};

/// Faults begin after this, in ms: until then the sentinels get to know each other.
const CALM: u64 = 8_000;

/// A plan for a cluster: faults in the order of their begin, and when the last may begin.
pub fn random(shape: &Shape, chance: &mut Chance) -> (Vec<Fault>, u64) {
    let length = chance.pick(&[20_000, 40_000, 60_000, 90_000]);
    let mut faults = Vec::new();
    for _ in 0..chance.between(0, 4) {
        faults.push(armed(chance, CALM));
    }
    // Without a dead master nothing of interest happens.
    for _ in 0..chance.between(1, 3) {
        let at = CALM + chance.between(0, length * 2 / 3);
        faults.push(master_dies(shape, chance, at));
    }
    for _ in 0..chance.between(0, 6) {
        let at = CALM + chance.between(0, length);
        let fault = match chance.between(0, 9) {
            0 | 1 => armed(chance, at),
            2 | 3 => of_network(shape, chance, at),
            4 => of_server(shape, chance, at),
            5 | 6 => of_sentinel(shape, chance, at),
            7 => of_disk(shape, chance, at),
            8 => of_operator(shape, chance, at),
            _ => of_illness(shape, chance, at),
        };
        faults.push(fault);
    }
    // Drawn last: the other faults of a seed do not depend on it.
    if chance.percent(8) {
        let at = CALM + chance.between(0, length * 3 / 4);
        faults.push(address_changes(shape, chance, at));
    }
    if chance.percent(8) {
        let at = CALM + chance.between(0, length / 2);
        faults.push(info_refused(shape, chance, at));
    }
    if chance.percent(16) {
        let at = CALM + chance.between(0, length * 3 / 4);
        faults.extend(operators(shape, chance, at));
    }
    if chance.percent(30) {
        for _ in 0..chance.between(1, 3) {
            let at = CALM + chance.between(0, length);
            faults.extend(coordinated(shape, chance, at));
        }
    }
    faults.sort_by_key(|f| f.at);
    (faults, CALM + length)
}

fn effects(at: u64, name: &'static str, effects: Vec<(u64, Effect)>) -> Fault {
    Fault {
        at,
        name,
        kind: Kind::Effects(effects),
    }
}

fn a_while(chance: &mut Chance) -> u64 {
    match chance.between(0, 9) {
        0..=3 => chance.between(10, 2_000),
        4..=7 => chance.between(2_000, 15_000),
        _ => chance.between(15_000, 60_000),
    }
}

fn any_server(shape: &Shape, chance: &mut Chance) -> usize {
    // First masters are hit more often.
    if chance.percent(50) {
        shape.first_master(chance.between(0, shape.masters as u64 - 1) as usize)
    } else {
        chance.between(0, shape.servers() as u64 - 1) as usize
    }
}

fn any_node(shape: &Shape, chance: &mut Chance) -> usize {
    chance.between(0, shape.nodes as u64 - 1) as usize
}

fn how_restarted(chance: &mut Chance) -> Restart {
    chance.pick(&[
        Restart::Same,
        Restart::Same,
        Restart::Same,
        Restart::Empty,
        Restart::Stale,
        Restart::Stale,
        Restart::EmptyMaster,
    ])
}

fn master_dies(shape: &Shape, chance: &mut Chance, at: u64) -> Fault {
    let server = if chance.percent(75) {
        shape.first_master(chance.between(0, shape.masters as u64 - 1) as usize)
    } else {
        any_server(shape, chance)
    };
    let how = how_restarted(chance);
    let loading = chance.pick(&[0, 0, 500, 6_000]);
    let down = if chance.percent(20) {
        // Reborn within down-after.
        chance.between(20, shape.down_after)
    } else {
        a_while(chance) + shape.down_after
    };
    let (name, dies) = match chance.between(0, 3) {
        0 => ("master machine lost", Effect::PowerOff(server)),
        1 => ("master black-holed", Effect::Hang(server, true)),
        _ => ("master killed", Effect::KillServer(server)),
    };
    if let Effect::Hang(..) = dies {
        return effects(
            at,
            name,
            vec![(0, dies), (down, Effect::Hang(server, false))],
        );
    }
    effects(
        at,
        name,
        vec![(0, dies), (down, Effect::StartServer(server, how, loading))],
    )
}

fn of_server(shape: &Shape, chance: &mut Chance, at: u64) -> Fault {
    let server = any_server(shape, chance);
    let down = a_while(chance);
    let how = how_restarted(chance);
    match chance.between(0, 2) {
        0 => effects(
            at,
            "server hangs",
            vec![
                (0, Effect::Hang(server, true)),
                (down, Effect::Hang(server, false)),
            ],
        ),
        1 => {
            let target = chance
                .percent(50)
                .then(|| chance.between(0, shape.servers() as u64 - 1) as usize);
            // Across groups nothing could ever be put right.
            let target = target.filter(|t| shape.group_of(*t) == shape.group_of(server));
            effects(
                at,
                "operator sends SLAVEOF",
                vec![(0, Effect::Slaveof(server, target))],
            )
        }
        _ => effects(
            at,
            "server restarts",
            vec![
                (0, Effect::KillServer(server)),
                (down, Effect::StartServer(server, how, 300)),
            ],
        ),
    }
}

fn of_illness(shape: &Shape, chance: &mut Chance, at: u64) -> Fault {
    let server = any_server(shape, chance);
    let ms = a_while(chance);
    match chance.between(0, 7) {
        0 => effects(at, "LOADING", vec![(0, Effect::Loading(server, ms))]),
        1 => effects(at, "BUSY", vec![(0, Effect::Busy(server, ms))]),
        2 => effects(
            at,
            "auth failure",
            vec![
                (0, Effect::NoAuth(server, true)),
                (0, Effect::Reset(server)),
                (ms, Effect::NoAuth(server, false)),
            ],
        ),
        3 => effects(
            at,
            "SLAVEOF refused",
            vec![
                (0, Effect::RefuseSlaveof(server, true)),
                (ms, Effect::RefuseSlaveof(server, false)),
            ],
        ),
        4 | 5 => {
            let lie = chance.pick(&[Lie::Role, Lie::Offset, Lie::NoRole]);
            effects(
                at,
                "wrong INFO",
                vec![
                    (0, Effect::Lie(server, Some(lie))),
                    (ms, Effect::Lie(server, None)),
                ],
            )
        }
        6 => effects(
            at,
            "priority changes",
            vec![(
                0,
                Effect::Priority(server, chance.pick(&[0, 1, 50, 100, 200])),
            )],
        ),
        // The models of the reference look names up by themselves, and would not find it.
        _ if shape.names && shape.references == 0 && chance.percent(60) => {
            let stale = chance.pick(&[0, 500, 5_000, 20_000]);
            effects(at, "server moves", vec![(0, Effect::Move(server, stale))])
        }
        _ => effects(
            at,
            "resolver ill",
            vec![
                (
                    0,
                    Effect::Resolver(chance.pick(&[100, 3_000]), chance.pick(&[0, 50, 100])),
                ),
                (ms, Effect::Resolver(2, 0)),
            ],
        ),
    }
}

fn of_network(shape: &Shape, chance: &mut Chance, at: u64) -> Fault {
    let ms = a_while(chance);
    let hosts = shape.hosts() as u64;
    match chance.between(0, 8) {
        0..=3 => {
            let (name, pairs) = partition(shape, chance);
            let mut all: Vec<(u64, Effect)> = pairs
                .iter()
                .map(|(a, b)| (0, Effect::Block(*a, *b, true)))
                .collect();
            all.extend(
                pairs
                    .iter()
                    .map(|(a, b)| (ms, Effect::Block(*a, *b, false))),
            );
            effects(at, name, all)
        }
        4 => effects(
            at,
            "slow network",
            vec![
                (
                    0,
                    Effect::Latency(20_000, chance.pick(&[80_000, 400_000, 1_500_000])),
                ),
                (ms, Effect::Latency(shape.latency.0, shape.latency.1)),
            ],
        ),
        5 => effects(
            at,
            "duplicated hellos",
            vec![(0, Effect::Duplicates(30)), (ms, Effect::Duplicates(0))],
        ),
        6 => effects(
            at,
            "packet loss",
            vec![
                (0, Effect::Loss(chance.pick(&[2, 10, 30]))),
                (ms, Effect::Loss(0)),
            ],
        ),
        7 => effects(
            at,
            "connections reset",
            vec![(0, Effect::Reset(chance.between(0, hosts - 1) as usize))],
        ),
        _ => effects(
            at,
            "connections half open",
            vec![(0, Effect::HalfOpen(chance.between(0, hosts - 1) as usize))],
        ),
    }
}

/// A random cut: directed pairs whose packets are lost.
fn partition(shape: &Shape, chance: &mut Chance) -> (&'static str, Vec<(usize, usize)>) {
    let hosts = shape.hosts();
    let mut pairs = Vec::new();
    match chance.between(0, 3) {
        0 => {
            let side: Vec<bool> = (0..hosts).map(|_| chance.percent(50)).collect();
            let one_way = chance.percent(30);
            for a in 0..hosts {
                for b in 0..hosts {
                    if side[a] != side[b] && (!one_way || side[a]) {
                        pairs.push((a, b));
                    }
                }
            }
            (
                if one_way {
                    "asymmetric partition"
                } else {
                    "partition"
                },
                pairs,
            )
        }
        1 => {
            let one = chance.between(0, hosts as u64 - 1) as usize;
            let (to, from) = chance.pick(&[(true, true), (true, false), (false, true)]);
            for other in (0..hosts).filter(|h| *h != one) {
                if to {
                    pairs.push((other, one));
                }
                if from {
                    pairs.push((one, other));
                }
            }
            (
                if to && from {
                    "host cut off"
                } else {
                    "asymmetric partition"
                },
                pairs,
            )
        }
        2 => {
            // Some sentinels do not reach a master that others do reach.
            let server = any_server(shape, chance);
            for node in 0..shape.nodes {
                if chance.percent(60) {
                    let host = shape.servers() + node;
                    pairs.push((host, server));
                    pairs.push((server, host));
                }
            }
            ("master out of sight of some", pairs)
        }
        _ => {
            let a = chance.between(0, hosts as u64 - 1) as usize;
            let b = chance.between(0, hosts as u64 - 1) as usize;
            pairs.push((a, b));
            if chance.percent(60) {
                pairs.push((b, a));
            }
            ("link down", pairs)
        }
    }
}

fn of_sentinel(shape: &Shape, chance: &mut Chance, at: u64) -> Fault {
    let node = any_node(shape, chance);
    let ms = a_while(chance);
    match chance.between(0, 5) {
        0..=2 => effects(
            at,
            "sentinel crashes",
            vec![(0, Effect::Crash(node)), (ms, Effect::Start(node))],
        ),
        3 => {
            // All at once: power is back after a failure.
            let mut all: Vec<(u64, Effect)> =
                (0..shape.nodes).map(|n| (0, Effect::Crash(n))).collect();
            all.extend((0..shape.nodes).map(|n| (chance.between(100, 4_000), Effect::Start(n))));
            effects(at, "all sentinels restart", all)
        }
        4 => effects(
            at,
            "wall clock jumps",
            vec![(
                0,
                Effect::WallJump(node, chance.pick(&[-86_400_000, -5_000, 5_000, 3_600_000])),
            )],
        ),
        _ => effects(
            at,
            "sentinel stops",
            vec![
                (0, Effect::Pause(node, true)),
                (ms, Effect::Pause(node, false)),
            ],
        ),
    }
}

fn of_disk(shape: &Shape, chance: &mut Chance, at: u64) -> Fault {
    let node = any_node(shape, chance);
    let ms = a_while(chance);
    match chance.between(0, 2) {
        0 => effects(
            at,
            "disk fails",
            vec![
                (0, Effect::DiskFails(node, true)),
                (ms, Effect::DiskFails(node, false)),
            ],
        ),
        1 => effects(
            at,
            "disk slow",
            vec![
                (
                    0,
                    Effect::DiskSpeed(node, 200_000, chance.pick(&[600_000, 5_000_000])),
                ),
                (ms, Effect::DiskSpeed(node, shape.write.0, shape.write.1)),
            ],
        ),
        _ => effects(
            at,
            "disk fails at a vote",
            vec![(0, Effect::VotesFail(node, chance.between(1, 3) as u32))],
        ),
    }
}

fn of_operator(shape: &Shape, chance: &mut Chance, at: u64) -> Fault {
    let node = any_node(shape, chance);
    let group = chance.between(0, shape.masters as u64 - 1) as usize;
    let name = MasterName::new(&Shape::group_name(group));
    match chance.between(0, 6) {
        0..=2 => effects(
            at,
            "operator: FAILOVER",
            vec![(
                0,
                Effect::Instruct(
                    node,
                    Instruction::Failover {
                        name,
                        how: FailoverHow::Forced,
                    },
                ),
            )],
        ),
        3 => effects(
            at,
            "operator: RESET",
            vec![(
                0,
                Effect::Instruct(
                    node,
                    Instruction::Reset {
                        pattern: "*".into(),
                    },
                ),
            )],
        ),
        4 | 5 => effects(
            at,
            "operator: REMOVE and MONITOR",
            vec![
                (0, Effect::Instruct(node, Instruction::Remove { name })),
                (chance.between(1, 3_000), Effect::MonitorAgain(node, group)),
            ],
        ),
        _ => {
            let option = chance.pick(&[
                Setting::Quorum(1),
                Setting::Quorum(2),
                Setting::DownAfter(500),
                Setting::DownAfter(4_000),
                Setting::FailoverTimeout(2_000),
                Setting::FailoverTimeout(15_000),
            ]);
            effects(
                at,
                "operator: SET",
                vec![(0, Effect::Instruct(node, set(name, &[option])))],
            )
        }
    }
}

/// A server answers PING but not INFO, as with a user that lacks the permission, for longer than
/// what it said last counts as fresh.
fn info_refused(shape: &Shape, chance: &mut Chance, at: u64) -> Fault {
    let server = any_server(shape, chance);
    effects(
        at,
        "INFO refused",
        vec![
            (0, Effect::RefuseInfo(server, true)),
            (
                chance.between(22_000, 60_000),
                Effect::RefuseInfo(server, false),
            ),
        ],
    )
}

/// What the fault is called whose end has to be made by hand.
pub const ADDRESS_CHANGES: &str = "announced address changes";

/// For a while a sentinel announces an address at which nobody reaches it, as behind a translated
/// port: its peers must take it for the same one that has moved, and find it again.
fn address_changes(shape: &Shape, chance: &mut Chance, at: u64) -> Fault {
    let node = any_node(shape, chance);
    let announce = |ip: Option<String>| {
        Effect::Instruct(
            node,
            Instruction::ConfigSet(vec![ConfigChange::AnnounceIp(ip)]),
        )
    };
    effects(
        at,
        ADDRESS_CHANGES,
        vec![
            (0, announce(Some(format!("10.0.9.{}", node + 1)))),
            (a_while(chance), announce(None)),
        ],
    )
}

/// A setting of a group.
#[derive(Clone, Copy, Debug)]
pub enum Setting {
    /// `quorum`.
    Quorum(u32),
    /// `down-after-milliseconds`.
    DownAfter(u64),
    /// `failover-timeout`.
    FailoverTimeout(u64),
    /// `parallel-syncs`.
    ParallelSyncs(u32),
}

/// `SENTINEL SET`.
pub fn set(name: MasterName, settings: &[Setting]) -> Instruction {
    let changes = settings
        .iter()
        .map(|setting| {
            let option = match *setting {
                Setting::Quorum(n) => SetOption::Quorum(n),
                Setting::DownAfter(ms) => SetOption::DownAfter(ms),
                Setting::FailoverTimeout(ms) => SetOption::FailoverTimeout(ms),
                Setting::ParallelSyncs(n) => SetOption::ParallelSyncs(n),
            };
            SetChange {
                shown: format!("{option:?}"),
                option,
            }
        })
        .collect();
    Instruction::Set {
        name,
        changes,
        then_error: None,
    }
}
