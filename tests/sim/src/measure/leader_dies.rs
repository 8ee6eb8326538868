//! The leader of a failover dies in the middle of it.

use rsentinel::core::event::{FailoverHow, Instruction};
use rsentinel::core::notice::EventName;
use rsentinel::types::MasterName;

use crate::chance::Chance;
use crate::shape::{Shape, server_of_host};
use crate::world::effect::Effect;
use crate::world::{Said, What, World};

use super::elections::Elections;
use super::healthy::healthy;
use super::round::{Figure, Round, since, span};
use super::service::Service;

/// At which point the leader dies. What it has sent in that turn is lost with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Its vote requests have arrived, it is not elected yet.
    Asked,
    /// It has announced its election.
    Elected,
    /// The replica has obeyed SLAVEOF NO ONE, the leader does not know yet.
    Ordered,
    /// It has seen the promotion, nobody else knows.
    Proved,
    /// The same, but its disk has it already.
    Stored,
    /// One other sentinel publishes the new master; the failover is not over.
    Telling,
}

impl Point {
    /// Those of the measurement `leader-dies`.
    pub const ALL: [Point; 5] = [
        Point::Asked,
        Point::Elected,
        Point::Ordered,
        Point::Proved,
        Point::Telling,
    ];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Point::Asked => "asked",
            Point::Elected => "elected",
            Point::Ordered => "ordered",
            Point::Proved => "proved",
            Point::Stored => "stored",
            Point::Telling => "telling",
        }
    }
}

/// What a round of this kind consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// Where the leader dies.
    pub point: Point,
    /// It starts again so many ms later.
    pub returns: Option<u64>,
    /// The old master lives, and an operator has had it failed over.
    pub forced: bool,
}

impl Course {
    /// What it is called, in parts.
    pub fn labels(self) -> Vec<(&'static str, String)> {
        let returns = self
            .returns
            .map_or("never".to_owned(), |ms| format!("{}s", ms / 1_000));
        vec![
            ("point", self.point.name().to_owned()),
            ("returns", returns),
            (
                "master",
                if self.forced { "alive" } else { "dead" }.to_owned(),
            ),
        ]
    }
}

/// A round ends so many µs after the leader's death at the latest.
const PATIENCE: u64 = 150_000_000;
/// If the leader has not come to the point by then, in µs, the round is void.
const UNTIL_THE_POINT: u64 = 60_000_000;
/// It ends earlier once all has been well for so long, in µs.
const REST: u64 = 15_000_000;

/// Who leads, and how far it has come.
#[derive(Debug, Default)]
struct Leader {
    node: usize,
    asked: Option<u64>,
    elected: bool,
    proved: bool,
    over: bool,
    reached: Reached,
}

/// What had happened when the leader died.
#[derive(Debug, Default)]
struct Reached {
    elected: bool,
    ordered: bool,
    proved: bool,
    stored: bool,
    told: bool,
}

impl Leader {
    fn hear(&mut self, said: &Said) {
        let What::Notice(name, _) = &said.what else {
            return;
        };
        match name {
            // The first one to stand, until somebody is elected.
            EventName::TryFailover if !self.elected && self.asked.is_none() => {
                (self.node, self.asked) = (said.node, Some(said.at));
            }
            EventName::ElectedLeader => (self.node, self.elected) = (said.node, true),
            EventName::PromotedSlave => (self.node, self.proved) = (said.node, true),
            EventName::FailoverEnd => self.over = true,
            _ => {}
        }
    }

    fn reached(&self, world: &World) -> Reached {
        let published = |n: usize| {
            world
                .published(n, 0)
                .and_then(|(host, _)| server_of_host(host))
        };
        let durable = world.nodes[self.node].disk.durable.masters.first();
        let stored = durable.and_then(|m| server_of_host(m.address.host()));
        Reached {
            elected: self.elected,
            ordered: self.elected && (1..world.servers.len()).any(|s| world.servers[s].is_master()),
            proved: self.proved,
            stored: stored.is_some_and(|s| s != 0),
            told: (0..world.nodes.len())
                .any(|n| n != self.node && published(n).is_some_and(|s| s != 0)),
        }
    }

    fn is_at(&self, point: Point, world: &World) -> bool {
        if point == Point::Asked {
            let all_asked = |at: u64| world.now > at + world.shape.latency.1;
            return self.elected || self.asked.is_some_and(all_asked);
        }
        let reached = self.reached(world);
        match point {
            Point::Asked | Point::Elected => reached.elected,
            Point::Ordered => reached.ordered,
            Point::Proved => reached.proved,
            Point::Stored => reached.proved && reached.stored,
            Point::Telling => reached.proved && reached.told,
        }
    }
}

/// Nobody hears the sentinel from now on, or again.
fn mute(world: &mut World, node: usize, on: bool) {
    let host = world.host_of_node(node);
    for other in (0..world.shape.hosts()).filter(|other| *other != host) {
        world.affect(Effect::Block(host, other, on));
    }
}

/// One round. A master that is dead died before; `recovered` and `lasting` are then beyond its
/// down-after, otherwise counted from the leader's death.
pub fn round(shape: &Shape, course: Course, seed: u64, trace: bool) -> Round {
    let mut world = healthy(shape, seed, trace);
    let mut service = Service::begin(&world, 0, course.forced);
    let mut elections = Elections::default();
    let mut leader = Leader::default();
    let begin = world.now;
    if course.forced {
        let node = Chance::new(seed, 12).between(0, shape.nodes as u64 - 1) as usize;
        let name = MasterName::new(&Shape::group_name(0));
        world.affect(Effect::Instruct(
            node,
            Instruction::Failover {
                name,
                how: FailoverHow::Forced,
            },
        ));
    } else {
        world.affect(Effect::KillServer(0));
    }
    let mut end = begin + UNTIL_THE_POINT;
    let mut crashed: Option<u64> = None;
    let mut muted = false;
    loop {
        for said in world.said_since() {
            elections.hear(&said);
            if crashed.is_none() {
                leader.hear(&said);
            }
        }
        if crashed.is_none() && course.point == Point::Stored && leader.proved && !muted {
            muted = true;
            mute(&mut world, leader.node, true);
        }
        if crashed.is_none() && leader.is_at(course.point, &world) {
            crashed = Some(world.now);
            leader.reached = leader.reached(&world);
            end = world.now + PATIENCE;
            world.affect(Effect::Crash(leader.node));
            if muted {
                mute(&mut world, leader.node, false);
            }
            if course.forced {
                service = Service::begin(&world, 0, true);
            }
            if let Some(ms) = course.returns {
                world.later(ms * 1_000, Effect::Start(leader.node));
            }
        }
        service.look(&world);
        let back = crashed.map(|at| at + course.returns.unwrap_or(0) * 1_000);
        let quiet = |at: u64| service.rests(world.now, REST) && world.now > at + REST;
        if back.is_some_and(quiet) || !world.advance(end) {
            break;
        }
    }
    service.count_until(world.now);
    let figures = figures(
        &world, course, begin, crashed, &leader, &service, &elections,
    );
    Round::end(seed, world, figures)
}

fn figures(
    world: &World,
    course: Course,
    begin: u64,
    crashed: Option<u64>,
    leader: &Leader,
    service: &Service,
    elections: &Elections,
) -> Vec<(&'static str, Figure)> {
    let Some(crashed) = crashed else {
        return vec![("void", Figure::Mark(true))];
    };
    let from = if course.forced {
        crashed
    } else {
        begin + world.shape.down_after * 1_000
    };
    let returned = course.returns.map(|ms| crashed + ms * 1_000);
    let after_return = |at: u64| match service.since {
        // It was so before, and nothing disturbed it.
        Some(since) if since <= at => span(0),
        since_when => since(at, since_when),
    };
    vec![
        ("void", Figure::Mark(false)),
        (
            "by reference",
            Figure::Mark(world.nodes[leader.node].is_reference),
        ),
        ("was elected", Figure::Mark(leader.reached.elected)),
        ("was ordered", Figure::Mark(leader.reached.ordered)),
        ("was proved", Figure::Mark(leader.reached.proved)),
        ("was stored", Figure::Mark(leader.reached.stored)),
        ("was told", Figure::Mark(leader.reached.told)),
        ("was over", Figure::Mark(leader.over)),
        ("crash", since(begin, Some(crashed))),
        ("recovered", since(from, service.all)),
        ("lasting", since(from, service.since)),
        ("no master", span(service.no_master)),
        ("replica", span(service.replica)),
        (
            "replica each",
            span(service.replica_by_all / world.shape.nodes as u64),
        ),
        ("two masters", span(service.two_masters)),
        ("agreed", returned.map_or(Figure::Skipped, after_return)),
        ("elections", Figure::Count(elections.epochs())),
        ("failovers", Figure::Count(elections.won_after(crashed))),
        (
            "needless",
            returned.map_or(Figure::Skipped, |at| Figure::Count(elections.won_after(at))),
        ),
    ]
}
