//! The grid of a measurement: every cell is a situation on a ground, with switches.

use rsentinel::core::Features;

use crate::shape::Shape;

use super::death::{self, Manner};
use super::grounds::{DISKS, Ground, NETWORKS, Quorum, Span};
use super::leader_dies::{self, Course, Point};
use super::options::{Measurement, Options};
use super::round::Round;
use super::split::{self, Provocation};

/// What happens in a round.
#[derive(Clone, Copy, Debug)]
pub enum Situation {
    /// The master dies.
    Death(Manner),
    /// The master dies, and votes are split.
    Split(Provocation),
    /// The leader dies in mid-failover.
    LeaderDies(Course),
}

/// A time that a figure is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// How round trips and writes are taken: `mean` or `greatest`.
    pub by: &'static str,
    /// In µs.
    pub us: u64,
}

/// The conditions under which rounds are run.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What they are called.
    pub labels: Vec<(&'static str, String)>,
    /// The cluster.
    pub shape: Shape,
    /// What happens.
    pub situation: Situation,
    /// What recovery times are judged by; empty where no goal is set.
    pub bounds: Vec<Bound>,
}

impl Cell {
    /// Runs one round.
    pub fn round(&self, seed: u64, trace: bool) -> Round {
        match self.situation {
            Situation::Death(manner) => death::round(&self.shape, manner, seed, trace),
            Situation::Split(how) => split::round(&self.shape, how, seed, trace),
            Situation::LeaderDies(course) => leader_dies::round(&self.shape, course, seed, trace),
        }
    }

    /// `name=value,…` of all labels.
    pub fn place(&self) -> String {
        let parts: Vec<String> = self
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        parts.join(",")
    }

    /// Every condition (`name=value`) holds that concerns this cell; a value may list several
    /// with `|`.
    fn fits(&self, conditions: &[(String, String)]) -> bool {
        conditions.iter().all(|(name, wanted)| {
            self.labels
                .iter()
                .any(|(n, value)| n == name && wanted.split('|').any(|w| w == value))
        })
    }
}

/// The cells that the options ask for.
pub fn cells(options: &Options) -> Vec<Cell> {
    let mut cells = Vec::new();
    for ground in grounds(options) {
        for situation in situations(options.what) {
            for (switches, features) in switches(options) {
                cells.push(cell(ground, situation, &switches, features, options));
            }
        }
    }
    cells.retain(|cell| cell.fits(&options.only));
    cells
}

fn cell(
    ground: Ground,
    situation: Situation,
    switches: &str,
    features: Features,
    options: &Options,
) -> Cell {
    let mut shape = ground.shape(options.replicas);
    shape.features = features;
    if let Some(ms) = options.down_after {
        shape.down_after = ms;
    }
    if let Some(ms) = options.failover_timeout {
        shape.failover_timeout = ms;
    }
    let mut labels = ground.labels();
    match situation {
        Situation::Death(manner) => labels.push(("manner", manner.name().to_owned())),
        Situation::Split(how) => labels.push(("plan", how.name().to_owned())),
        Situation::LeaderDies(course) => labels.extend(course.labels()),
    }
    if !switches.is_empty() {
        labels.push(("switches", switches.to_owned()));
    }
    let judged = matches!(situation, Situation::Death(_)) && ground.quorum.references == 0;
    let bounds = if judged { goal(ground) } else { Vec::new() };
    Cell {
        labels,
        shape,
        situation,
        bounds,
    }
}

/// The goal beyond down-after: ten round trips and two writes.
fn goal(ground: Ground) -> Vec<Bound> {
    let sum = |latency: u64, write: u64| 10 * 2 * latency + 2 * write;
    vec![
        Bound {
            by: "mean",
            us: sum(ground.network.mean(), ground.disk.mean()),
        },
        Bound {
            by: "greatest",
            us: sum(ground.network.span.1, ground.disk.span.1),
        },
    ]
}

fn grounds(options: &Options) -> Vec<Ground> {
    let chosen = |all: &[Span], name: &Option<Vec<String>>| -> Option<Vec<Span>> {
        let names = name.as_ref()?;
        Some(
            all.iter()
                .copied()
                .filter(|s| names.iter().any(|n| n == s.name))
                .collect(),
        )
    };
    let networks = chosen(&NETWORKS, &options.networks);
    let disks = chosen(&DISKS, &options.disks);
    let pairs: Vec<(Span, Span)> = if networks.is_none() && disks.is_none() {
        match options.what {
            Measurement::Death => product(&NETWORKS, &DISKS),
            Measurement::Split => vec![(NETWORKS[0], DISKS[0]), (NETWORKS[2], DISKS[1])],
            Measurement::LeaderDies | Measurement::Restored => vec![(NETWORKS[0], DISKS[0])],
        }
    } else {
        product(
            &networks.unwrap_or(NETWORKS.to_vec()),
            &disks.unwrap_or(DISKS.to_vec()),
        )
    };
    let mut grounds = Vec::new();
    for quorum in quorums(options) {
        for &(network, disk) in &pairs {
            grounds.push(Ground {
                quorum,
                network,
                disk,
            });
        }
    }
    grounds
}

fn product(networks: &[Span], disks: &[Span]) -> Vec<(Span, Span)> {
    networks
        .iter()
        .flat_map(|network| disks.iter().map(|disk| (*network, *disk)))
        .collect()
}

fn quorums(options: &Options) -> Vec<Quorum> {
    let with = |nodes: usize, references: usize| Quorum { nodes, references };
    if !options.quorums.is_empty() {
        return options.quorums.clone();
    }
    match (&options.nodes[..], options.mixed, options.reference) {
        ([], true, _) => match options.references {
            Some(references) => vec![with(3, references.min(3))],
            None => vec![with(3, 1), with(3, 2), with(5, 2)],
        },
        ([], _, true) => vec![with(3, 3), with(5, 5)],
        ([], ..) => match options.what {
            Measurement::Death => [3, 5, 7, 9].map(Quorum::pure).to_vec(),
            _ => [3, 5].map(Quorum::pure).to_vec(),
        },
        (nodes, mixed, reference) => nodes
            .iter()
            .map(|&n| match (mixed, reference) {
                (_, true) => with(n, n),
                (true, _) => with(n, options.references.unwrap_or(1).min(n)),
                _ => Quorum::pure(n),
            })
            .collect(),
    }
}

fn situations(what: Measurement) -> Vec<Situation> {
    let mut situations = Vec::new();
    match what {
        Measurement::Death => situations.extend(Manner::ALL.map(Situation::Death)),
        Measurement::Split => situations.extend(Provocation::ALL.map(Situation::Split)),
        Measurement::LeaderDies => {
            for forced in [false, true] {
                for point in Point::ALL {
                    for returns in [None, Some(5_000), Some(40_000)] {
                        situations.push(Situation::LeaderDies(Course {
                            point,
                            returns,
                            forced,
                        }));
                    }
                }
            }
        }
        Measurement::Restored => {
            for forced in [false, true] {
                for returns in [1_000, 5_000, 15_000, 40_000] {
                    situations.push(Situation::LeaderDies(Course {
                        point: Point::Stored,
                        returns: Some(returns),
                        forced,
                    }));
                }
            }
        }
    }
    situations
}

/// The switches to measure with, each with its label: every combination of off and on.
fn switches(options: &Options) -> Vec<(String, Features)> {
    let mut combinations = vec![(Vec::new(), options.features)];
    for together in &options.compare {
        combinations = combinations
            .iter()
            .flat_map(|(label, features)| {
                [false, true].map(|on| {
                    let (mut label, mut features) = (label.clone(), *features);
                    label.push(format!(
                        "{}{}",
                        if on { '+' } else { '-' },
                        together.join("+")
                    ));
                    // The command line has let no other names pass.
                    let _ = together.iter().all(|name| features.set(name, on));
                    (label, features)
                })
            })
            .collect();
    }
    combinations
        .into_iter()
        .map(|(label, features)| (label.join(" "), features))
        .collect()
}
