//! A healthy cluster, and its master dies.

use rsentinel::core::notice::EventName;

use crate::server::Restart;
use crate::shape::Shape;
use crate::world::effect::Effect;

use super::elections::Elections;
use super::healthy::healthy;
use super::round::{Figure, Round, since};
use super::service::Service;

/// How the master dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Its process ends; connections are reset.
    Killed,
    /// Its machine is gone: silence.
    BlackHoled,
}

impl Manner {
    /// All of them.
    pub const ALL: [Manner; 2] = [Manner::Killed, Manner::BlackHoled];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Manner::Killed => "killed",
            Manner::BlackHoled => "black-holed",
        }
    }
}

/// A round ends so many µs after down-after without a new master.
const PATIENCE: u64 = 150_000_000;
/// After the recovery the cluster is watched for so long, in µs.
const AFTERMATH: u64 = 6_000_000;

/// One round. Times are beyond down-after, counted from the death.
pub fn round(shape: &Shape, manner: Manner, seed: u64, trace: bool) -> Round {
    let mut world = healthy(shape, seed, trace);
    let died = world.now;
    let mut service = Service::begin(&world, 0, false);
    let mut elections = Elections::default();
    world.affect(match manner {
        Manner::Killed => Effect::KillServer(0),
        Manner::BlackHoled => Effect::PowerOff(0),
    });
    let due = died + shape.down_after * 1_000;
    let mut end = due + PATIENCE;
    let mut elected_by = None;
    while world.advance(end) {
        for said in world.said_since() {
            elections.hear(&said);
        }
        service.look(&world);
        if let (None, Some(all)) = (elected_by, service.all) {
            elected_by = Some(all);
            end = all + AFTERMATH;
            // It comes back, as servers do.
            world.later(AFTERMATH / 2, Effect::StartServer(0, Restart::Same, 0));
        }
    }
    let known = elections.found_down_by(shape.quorum);
    let acted = known.map_or(Figure::Time(None), |known| since(known, service.all));
    let at = |name| since(due, elections.first(name));
    let figures = vec![
        ("sdown", at(EventName::Sdown)),
        ("quorum", since(due, known)),
        ("odown", at(EventName::Odown)),
        ("stood", at(EventName::TryFailover)),
        ("elected", at(EventName::ElectedLeader)),
        ("ordered", at(EventName::StateWaitPromotion)),
        ("proved", at(EventName::PromotedSlave)),
        ("first", since(due, service.first)),
        ("all", since(due, service.all)),
        ("acted", acted),
        ("split", Figure::Mark(elections.split())),
        ("lost", Figure::Mark(elections.first_lost())),
        (
            "split or lost",
            Figure::Mark(elections.split() || elections.first_lost()),
        ),
        (
            "again",
            Figure::Mark(service.all.is_some_and(|all| elections.won_after(all) > 0)),
        ),
        ("elections", Figure::Count(elections.epochs())),
    ];
    Round::end(seed, world, figures)
}
