//! A cluster in good order, at a random phase of everybody's clocks.

use crate::chance::Chance;
use crate::node::Brain;
use crate::oracles::{Oracles, Violation};
use crate::shape::Shape;
use crate::world::World;

/// Sentinels get to know each other until this, in µs.
const WARM_UP: u64 = 12_000_000;
/// And no longer than this.
const LONGEST_WARM_UP: u64 = 120_000_000;
/// The longest period of anything periodic (INFO), in µs.
const LONGEST_PERIOD: u64 = 10_000_000;

/// A cluster that has come to good order and has been left alone for a random time. If it does
/// not come to good order, that is the world's violation.
pub fn healthy(shape: &Shape, seed: u64, trace: bool) -> World {
    let mut world = World::new(shape.clone(), seed, Vec::new(), Oracles::standard());
    world.run_to(WARM_UP);
    let found = world.run_until(LONGEST_WARM_UP, 250_000, in_good_order);
    if !found && world.violation.is_none() {
        world.violation = Some(Violation {
            invariant: "good order",
            at: world.now / 1_000,
            text: "the cluster did not come to good order before the measurement".to_owned(),
        });
    }
    let phase = Chance::new(seed, 11).between(0, LONGEST_PERIOD);
    world.run_to(world.now + phase);
    world.said = Some(Vec::new());
    if trace {
        world.trace = Some(Vec::new());
    }
    world
}

fn in_good_order(world: &World) -> bool {
    let shape = &world.shape;
    let all_know = world.nodes.iter().all(|node| match &node.brain {
        Some(Brain::Reference(model)) => model.knows() == (shape.replicas, shape.nodes - 1),
        _ => true,
    });
    all_know && (shape.references == shape.nodes || world.unsettled().is_none())
}
