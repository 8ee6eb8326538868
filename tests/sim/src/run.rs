//! One run: a plan of faults, then peace, then an examination.

use crate::chance::Chance;
use crate::liveness::{Liveness, bounds};
use crate::oracles::{Oracles, Violation};
use crate::plan::{self, Fault};
use crate::shape::{Shape, Wishes};
use crate::tally::Tally;
use crate::world::World;
use crate::world::effect::Effect;

/// How soon a cluster is looked at again while its sentinels say different config epochs, in µs.
const CLOSELY: u64 = 25_000;

/// How long a cluster must rest before it counts as at rest, in µs.
const STAYS: u64 = 2_500_000;

/// All that a run depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Feeds every choice of the world.
    pub seed: u64,
    /// The cluster.
    pub shape: Shape,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// When everything becomes well again, in ms.
    pub heal_at: u64,
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// What was counted.
    pub tally: Tally,
    /// The first broken invariant.
    pub violation: Option<Violation>,
    /// What happened, if it was asked for.
    pub trace: Vec<String>,
}

impl Setup {
    /// The setup of a seed.
    pub fn of_seed(seed: u64, wishes: Wishes) -> Self {
        let mut chance = Chance::new(seed, 2);
        let mut shape = Shape::random(&mut chance, wishes);
        let (faults, heal_at) = if wishes.calm {
            let replicas = shape.replicas.max(1);
            shape = Shape {
                masters: shape.masters,
                references: shape.references,
                down_after: shape.down_after,
                features: shape.features,
                ..Shape::plain(shape.nodes, replicas)
            };
            (Vec::new(), 12_000 + chance.between(0, 3_000))
        } else {
            plan::random(&shape, &mut chance)
        };
        Setup {
            seed,
            shape,
            faults,
            heal_at,
        }
    }

    /// How long, in ms, a new master may take when nothing else is wrong: detection, and attempts
    /// that votes given to others hold back.
    pub fn exam_patience(&self) -> u64 {
        let (d, ft) = (self.shape.down_after, self.shape.failover_timeout);
        let majority = self.shape.nodes as u32 / 2 + 1;
        // References stand again and again at the same time, and one vote amiss is enough.
        let lonely = self.shape.references > 0 && self.shape.quorum > majority;
        let attempts = if lonely { 6 } else { 2 };
        d + attempts * (2 * ft + 11_000) + 10_000
    }

    /// Runs it before the standard judges.
    pub fn run(&self, trace: bool) -> Outcome {
        self.run_before(Oracles::standard(), trace)
    }

    /// Runs it before these judges.
    pub fn run_before(&self, oracles: Oracles, trace: bool) -> Outcome {
        let mut world = World::new(self.shape.clone(), self.seed, self.faults.clone(), oracles);
        if trace {
            world.trace = Some(Vec::new());
        }
        world.run_to(self.heal_at * 1_000);
        world.heal();
        self.must_settle(&mut world);
        self.examine(&mut world);
        let mut tally = std::mem::take(&mut world.tally);
        tally.virtual_ms = world.now / 1_000;
        (tally.contested_elections, tally.split_votes) = world.divided_votes();
        for (name, n) in world.oracles.exercised() {
            *tally.exercised.entry(name).or_default() += n;
        }
        Outcome {
            tally,
            violation: world.violation,
            trace: world.trace.unwrap_or_default(),
        }
    }

    fn must_settle(&self, world: &mut World) {
        let mut liveness = Liveness::new(&self.shape);
        self.watch(world, &mut liveness);
        world.tally.add_liveness(&liveness);
    }

    fn watch(&self, world: &mut World, liveness: &mut Liveness) {
        let end = world.now + bounds::in_all(&self.shape) * 1_000;
        let mut rests_since = None;
        while world.violation.is_none() {
            if let Err(violation) = liveness.look(world) {
                world.violation = Some(violation);
                return;
            }
            let rests = world.unsettled().is_none() && world.split_off_references() == 0;
            // It must stay so for a while.
            let since = *rests_since.get_or_insert(world.now);
            if rests && world.now - since >= STAYS {
                world.tally.left_masterless += world.masterless_groups();
                return;
            }
            if !rests {
                rests_since = None;
            }
            if world.now >= end {
                break;
            }
            look_on(world, end, |_| false);
        }
        if world.violation.is_none() && world.split_off_references() > 0 {
            // One epoch, two addresses: the defects W7 and W8 of the reference. It and the real
            // cores go on to correct each other's servers.
            world.tally.lasting_splits += 1;
        } else {
            self.object(world);
        }
    }

    fn object(&self, world: &mut World) {
        if let Some(missing) = world.unsettled().filter(|_| world.violation.is_none()) {
            world.violation = Some(Violation {
                invariant: missing.property(),
                at: world.now / 1_000,
                text: format!(
                    "not at rest {} s after the last fault: {missing:?}",
                    bounds::in_all(&self.shape) / 1_000
                ),
            });
        }
    }

    /// In good order, every master with a replica that may follow it dies once.
    fn examine(&self, world: &mut World) {
        if self.shape.replicas == 0 || world.violation.is_some() || world.tally.lasting_splits > 0 {
            return;
        }
        for group in 0..self.shape.masters {
            let Some(old) = world.agreed_master(group) else {
                continue;
            };
            if !world.has_heir(group, old) || !world.servers[old].is_master() {
                continue;
            }
            // A leader that died in the middle of a handover has left writers paused, for as long as
            // `failover-timeout`: such a server answers too late to be promoted.
            if world.holds_writers_back(group) {
                continue;
            }
            // At any moment of the sentinels' clocks.
            let moment = world.now + (self.seed.wrapping_mul(7_919) % 1_000_000);
            world.run_to(moment);
            let died = world.now;
            world.affect(Effect::KillServer(old));
            let end = died + self.exam_patience() * 1_000;
            let is_found = |w: &World| {
                w.agreed_master(group)
                    .is_some_and(|m| m != old && w.servers[m].is_master())
            };
            let mut liveness = Liveness::new(&self.shape);
            let found = loop {
                if let Err(violation) = liveness.look(world) {
                    world.violation.get_or_insert(violation);
                }
                if is_found(world) || world.violation.is_some() || world.now >= end {
                    break is_found(world);
                }
                look_on(world, end, is_found);
            };
            world.tally.add_liveness(&liveness);
            *world.tally.exercised.entry("L2").or_default() += 1;
            if world.violation.is_some() {
                return;
            }
            if !found {
                world.violation = Some(Violation {
                    invariant: "L2",
                    at: world.now / 1_000,
                    text: format!(
                        "no new master of group {group} {} ms after its master died in good order",
                        self.exam_patience()
                    ),
                });
                return;
            }
            let took = (world.now - died) / 1_000;
            world
                .tally
                .recoveries
                .push(took - self.shape.down_after.min(took));
            world.affect(Effect::StartServer(old, crate::server::Restart::Same, 0));
        }
        self.must_settle(world);
    }
}

/// Lets time pass until the cluster should be looked at again, at most until `end` (µs).
fn look_on(world: &mut World, end: u64, found: impl Fn(&World) -> bool) {
    let begin = world.now;
    let next = (begin + bounds::SAMPLE * 1_000).min(end);
    world.run_until(next, 1_000, |w| {
        found(w) || (w.now >= begin + CLOSELY && w.says_different_epochs())
    });
}
