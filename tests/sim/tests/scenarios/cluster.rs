//! A cluster under the test's control.

use rsentinel::core::notice::EventName;
use sim::oracles::Oracles;
use sim::plan::{Act, Fault, Kind, Trigger};
use sim::shape::Shape;
use sim::world::World;
use sim::world::effect::Effect;

/// A world, with what tests ask of it.
pub struct Cluster {
    pub world: World,
}

impl Cluster {
    /// A cluster of this shape, in good order.
    pub fn settled(shape: Shape) -> Cluster {
        Cluster::armed(shape, &[])
    }

    /// The same, with faults that wait for their moment.
    pub fn armed(shape: Shape, faults: &[(EventName, Act)]) -> Cluster {
        let faults = faults
            .iter()
            .map(|(event, act)| Fault {
                at: 1,
                name: "armed",
                kind: Kind::When(Trigger::Announced(*event), *act),
            })
            .collect();
        let mut world = World::new(shape, 1, faults, Oracles::standard());
        world.trace = Some(Vec::new());
        let mut cluster = Cluster { world };
        cluster.run(5_000);
        cluster.settles(15_000);
        cluster
    }

    /// A cluster whose first seconds the test arranges itself.
    pub fn unsettled(shape: Shape) -> Cluster {
        let mut world = World::new(shape, 1, Vec::new(), Oracles::standard());
        world.trace = Some(Vec::new());
        Cluster { world }
    }

    pub fn act(&mut self, effect: Effect) {
        self.world.affect(effect);
    }

    /// Lets `ms` pass.
    pub fn run(&mut self, ms: u64) {
        let end = self.world.now + ms * 1_000;
        self.world.run_to(end);
        self.check();
    }

    /// Waits for something, at most so many ms; how long it took.
    pub fn until(&mut self, ms: u64, what: &str, done: impl FnMut(&World) -> bool) -> u64 {
        let begin = self.world.now;
        let found = self.world.run_until(begin + ms * 1_000, 5_000, done);
        self.check();
        assert!(
            found,
            "{what} did not happen within {ms} ms\n{}",
            self.story()
        );
        (self.world.now - begin) / 1_000
    }

    /// The cluster comes to rest in good order within so many ms.
    pub fn settles(&mut self, ms: u64) -> u64 {
        let begin = self.world.now;
        let found = self
            .world
            .run_until(begin + ms * 1_000, 100_000, |w| w.unsettled().is_none());
        self.check();
        let missing = self.world.unsettled();
        assert!(
            found,
            "not at rest after {ms} ms: {missing:?}\n{}",
            self.story()
        );
        (self.world.now - begin) / 1_000
    }

    /// All sentinels name a master of the first group other than `old`, and it is one.
    pub fn new_master(&mut self, old: usize, ms: u64) -> u64 {
        self.until(ms, "a new master", |w| {
            w.agreed_master(0)
                .is_some_and(|m| m != old && w.servers[m].is_master())
        })
    }

    /// How often an event was announced.
    pub fn count(&self, name: EventName) -> u64 {
        self.world.tally.count(name)
    }

    fn check(&self) {
        if let Some(v) = &self.world.violation {
            panic!(
                "{} at {} ms: {}\n{}",
                v.invariant,
                v.at,
                v.text,
                self.story()
            );
        }
    }

    fn story(&self) -> String {
        let trace = self.world.trace.as_deref().unwrap_or_default();
        trace[trace.len().saturating_sub(120)..].join("\n")
    }
}
