//! The master dies, and votes are split: several sentinels stand before they hear of each other.

use crate::shape::Shape;
use crate::world::What;
use crate::world::World;
use crate::world::effect::Effect;
use rsentinel::core::notice::EventName;

use super::elections::Elections;
use super::healthy::healthy;
use super::round::{Figure, Round, since};
use super::service::Service;

/// How votes are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provocation {
    /// Vote requests that leave within the first second after somebody stood take
    /// 400 … 600 ms longer: everybody stands before anybody is asked.
    LateVotes,
    /// From the death until 3 s after somebody stood, packets between sentinels take
    /// 250 … 500 ms: ranks do not help, opinions and votes are late alike.
    SlowWhile,
    /// The same for good.
    SlowForGood,
}

/// One-way latency between sentinels that are slow, in µs.
const SLOW: (u64, u64) = (250_000, 500_000);
/// How much longer late vote requests take, in µs.
const LATE: (u64, u64) = (400_000, 600_000);
/// For how long vote requests are late, in µs.
const LATE_FOR: u64 = 1_000_000;
/// For how long sentinels are slow once somebody stood, in µs.
const SLOW_FOR: u64 = 3_000_000;
/// A round ends so many µs after down-after without a new master.
const PATIENCE: u64 = 200_000_000;

impl Provocation {
    /// All of them.
    pub const ALL: [Provocation; 3] = [
        Provocation::LateVotes,
        Provocation::SlowWhile,
        Provocation::SlowForGood,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Provocation::LateVotes => "late-votes",
            Provocation::SlowWhile => "slow-3s",
            Provocation::SlowForGood => "slow",
        }
    }

    fn at_death(self, world: &mut World) {
        match self {
            Provocation::LateVotes => world.network.late_votes = Some(LATE),
            Provocation::SlowWhile | Provocation::SlowForGood => {
                world.network.between_sentinels = Some(SLOW);
            }
        }
    }

    fn after_first_candidate(self, world: &mut World, since: u64) {
        let over = match self {
            Provocation::LateVotes => since > LATE_FOR,
            Provocation::SlowWhile => since > SLOW_FOR,
            Provocation::SlowForGood => false,
        };
        if over {
            world.network.late_votes = None;
            world.network.between_sentinels = None;
        }
    }
}

/// One round. Times are beyond down-after, counted from the death.
pub fn round(shape: &Shape, how: Provocation, seed: u64, trace: bool) -> Round {
    let mut world = healthy(shape, seed, trace);
    let died = world.now;
    let due = died + shape.down_after * 1_000;
    let mut service = Service::begin(&world, 0, false);
    let mut elections = Elections::default();
    let mut stood: Option<u64> = None;
    let mut aborted = false;
    how.at_death(&mut world);
    world.affect(Effect::KillServer(0));
    while world.advance(due + PATIENCE) && service.all.is_none() {
        for said in world.said_since() {
            elections.hear(&said);
            match said.what {
                What::AsksForVote(_) => {
                    stood.get_or_insert(said.at);
                }
                What::Notice(name, _) => aborted |= name == EventName::AbortNotElected,
            }
        }
        if let Some(since) = stood {
            let since = world.now - since;
            how.after_first_candidate(&mut world, since);
        }
        service.look(&world);
    }
    let lost = elections.first_lost();
    let figures = vec![
        ("stood", since(due, stood)),
        ("first", since(due, service.first)),
        ("all", since(due, service.all)),
        ("split", Figure::Mark(elections.split())),
        ("lost", Figure::Mark(lost)),
        ("split and lost", Figure::Mark(lost && elections.split())),
        // The time to recover, of those rounds whose first election was really lost.
        (
            "after a loss",
            if lost {
                since(due, service.all)
            } else {
                Figure::Skipped
            },
        ),
        ("aborted", Figure::Mark(aborted)),
        ("elections", Figure::Count(elections.epochs())),
    ];
    Round::end(seed, world, figures)
}
