//! Faults that wait for the worst moment.

use rsentinel::core::event::{FailoverHow, Instruction};
use rsentinel::core::notice::EventName;
use rsentinel::types::MasterName;

use crate::chance::Chance;
use crate::shape::Shape;
use crate::world::effect::Effect;

use super::{Act, Fault, Kind, Trigger};

/// A fault that strikes at a bad moment of an election or a failover.
pub fn armed(chance: &mut Chance, at: u64) -> Fault {
    let while_ms = chance.pick(&[200, 1_500, 4_000, 12_000, 40_000]);
    let (name, trigger, act) = match chance.between(0, 17) {
        0 => (
            "crash between vote and reply",
            Trigger::Announced(EventName::VoteForLeader),
            Act::Crash(while_ms),
        ),
        1 => ("crash after a vote", Trigger::Vote, Act::Crash(while_ms)),
        2 => (
            "crash of a candidate",
            Trigger::Vote,
            Act::CrashCandidate(while_ms),
        ),
        3 => ("vote lost", Trigger::Vote, Act::LoseAnswer(while_ms)),
        4 => (
            "crash when elected",
            Trigger::Announced(EventName::ElectedLeader),
            Act::Crash(while_ms),
        ),
        5 => (
            "crash between promotion and publication",
            Trigger::Announced(EventName::PromotedSlave),
            Act::Crash(while_ms),
        ),
        6 => (
            "partition during RECONF",
            Trigger::Announced(EventName::StateReconfSlaves),
            chance.pick(&[Act::Isolate(while_ms), Act::CutFromPeers(while_ms)]),
        ),
        7 => (
            "disk fails at a vote",
            Trigger::Announced(EventName::TryFailover),
            Act::DiskFails(while_ms),
        ),
        8 => (
            "clock jump during an election",
            Trigger::Announced(EventName::TryFailover),
            Act::WallJump(chance.pick(&[-3_600_000, 7_200_000])),
        ),
        9 => (
            "pause during an election",
            Trigger::Announced(chance.pick(&[EventName::TryFailover, EventName::ElectedLeader])),
            Act::Pause(while_ms),
        ),
        10 => (
            "promoted server dies at once",
            Trigger::Announced(EventName::PromotedSlave),
            Act::KillServer(while_ms),
        ),
        11 => (
            "chosen server hangs",
            Trigger::Announced(EventName::SelectedSlave),
            Act::HangServer(while_ms),
        ),
        12 => (
            "SLAVEOF NO ONE of unknown outcome",
            Trigger::Announced(EventName::StateWaitPromotion),
            Act::ResetServer,
        ),
        13 => (
            "old master returns in mid-failover",
            Trigger::Announced(chance.pick(&[
                EventName::ElectedLeader,
                EventName::StateWaitPromotion,
                EventName::StateReconfSlaves,
            ])),
            Act::ReviveMaster,
        ),
        14 => (
            "two leaders in consecutive epochs",
            Trigger::Announced(chance.pick(&[
                EventName::ElectedLeader,
                EventName::StateWaitPromotion,
                EventName::StateReconfSlaves,
                EventName::TryFailover,
            ])),
            Act::OtherFailover,
        ),
        15 => (
            "leader cut off when elected",
            Trigger::Announced(
                chance.pick(&[EventName::ElectedLeader, EventName::StateWaitPromotion]),
            ),
            chance.pick(&[Act::CutFromPeers(while_ms), Act::Mute(while_ms)]),
        ),
        16 => (
            "RESET in mid-failover",
            Trigger::Announced(chance.pick(&[EventName::VoteForLeader, EventName::TryFailover])),
            Act::OtherReset,
        ),
        _ => (
            "leader stops in mid-failover",
            Trigger::Announced(chance.pick(&[
                EventName::StateWaitPromotion,
                EventName::StateReconfSlaves,
                EventName::SelectedSlave,
            ])),
            Act::Pause(while_ms),
        ),
    };
    Fault {
        at,
        name,
        kind: Kind::When(trigger, act),
    }
}

/// Operators who fail over at the worst moment, from more than one sentinel.
pub fn operators(shape: &Shape, chance: &mut Chance, at: u64) -> Vec<Fault> {
    let nodes = shape.nodes as u64;
    let leader = chance.between(0, nodes - 1);
    let other = (leader + chance.between(1, nodes - 1)) % nodes;
    let group = chance.between(0, shape.masters as u64 - 1) as usize;
    let scene = Operators {
        at,
        leader: leader as usize,
        other: other as usize,
        name: MasterName::new(&Shape::group_name(group)),
    };
    match chance.between(0, 3) {
        0 => scene.there_and_back(chance),
        1 => scene.epoch_never_written(),
        2 => scene.vote_replaced(shape, chance),
        _ => scene.crash_after_promotion(chance),
    }
}

struct Operators {
    at: u64,
    leader: usize,
    other: usize,
    name: MasterName,
}

impl Operators {
    fn fault(&self, name: &'static str, after: u64, effects: Vec<Effect>) -> Fault {
        Fault {
            at: self.at + after,
            name,
            kind: Kind::Effects(effects.into_iter().map(|e| (0, e)).collect()),
        }
    }

    fn fail_over(&self, node: usize) -> Effect {
        let name = self.name.clone();
        Effect::Instruct(
            node,
            Instruction::Failover {
                name,
                how: FailoverHow::Forced,
            },
        )
    }

    /// A leader is cut off from everybody while it waits for its promotion, and meanwhile another
    /// sentinel fails over to the replica and back again: when the leader hears of it, the newer
    /// configuration names the very master that it is about to replace.
    fn there_and_back(&self, chance: &mut Chance) -> Vec<Fault> {
        const NAME: &str = "there and back while the leader is cut off";
        // Long enough that its connections are given up: what waits in them would tell it of the
        // way there first.
        let cut_off = Act::Isolate(chance.pick(&[4_500, 7_500, 9_000]));
        let back = 1_500 + chance.between(0, 1_500);
        vec![
            Fault {
                at: self.at,
                name: NAME,
                kind: Kind::When(Trigger::Announced(EventName::StateWaitPromotion), cut_off),
            },
            self.fault(NAME, 1, vec![self.fail_over(self.leader)]),
            self.fault(NAME, 200, vec![self.fail_over(self.other)]),
            self.fault(NAME, back, vec![self.fail_over(self.other)]),
        ]
    }

    /// The epoch of an attempt never gets to the disk, another sentinel publishes under it, and
    /// the first tries again.
    fn epoch_never_written(&self) -> Vec<Fault> {
        const NAME: &str = "an attempt whose epoch is never written";
        let node = self.leader;
        let (first, again) = (self.fail_over(node), self.fail_over(node));
        vec![
            self.fault(NAME, 0, vec![Effect::DiskFails(node, true), first]),
            self.fault(NAME, 1, vec![self.fail_over(self.other)]),
            self.fault(NAME, 12_000, vec![Effect::DiskFails(node, false), again]),
        ]
    }

    /// A candidate hears of a greater epoch while its vote is being written, and its disk fails
    /// from then on until the attempt is over.
    fn vote_replaced(&self, shape: &Shape, chance: &mut Chance) -> Vec<Fault> {
        const NAME: &str = "a vote replaced while it is being written";
        let node = self.leader;
        let slow = Effect::DiskSpeed(node, 300_000, 600_000);
        let quick = Effect::DiskSpeed(node, shape.write.0, shape.write.1);
        let later = 20 + chance.between(0, 250);
        vec![
            self.fault(NAME, 0, vec![slow, self.fail_over(node)]),
            self.fault(NAME, 2, vec![Effect::DiskFails(node, true)]),
            self.fault(NAME, later, vec![self.fail_over(self.other)]),
            self.fault(NAME, 13_000, vec![Effect::DiskFails(node, false), quick]),
        ]
    }

    /// A leader writes its promotion down and dies before it tells anybody.
    fn crash_after_promotion(&self, chance: &mut Chance) -> Vec<Fault> {
        const NAME: &str = "a promotion written but not told";
        let node = self.leader;
        let crash = Instruction::SimulateFailure {
            crash_after_election: false,
            crash_after_promotion: true,
        };
        let effects = vec![Effect::Instruct(node, crash), self.fail_over(node)];
        let after = chance.between(500, 6_000);
        vec![
            self.fault(NAME, 0, effects),
            self.fault(NAME, after, vec![Effect::Start(node)]),
        ]
    }
}

/// An operator has the master hand over by itself, and perhaps something happens right in the
/// middle of it.
pub fn coordinated(shape: &Shape, chance: &mut Chance, at: u64) -> Vec<Fault> {
    const NAME: &str = "operator: FAILOVER COORDINATED";
    let node = chance.between(0, shape.nodes as u64 - 1) as usize;
    let group = chance.between(0, shape.masters as u64 - 1) as usize;
    let order = Instruction::Failover {
        name: MasterName::new(&Shape::group_name(group)),
        how: FailoverHow::Coordinated,
    };
    let while_ms = chance.pick(&[200, 1_500, 4_000, 12_000, 40_000]);
    let meanwhile = match chance.between(0, 13) {
        0 => Some(("leader dies in a handover", Act::Crash(while_ms))),
        1 => Some(("leader stops in a handover", Act::Pause(while_ms))),
        2 => Some(("leader cut off in a handover", Act::Isolate(while_ms))),
        3 => Some(("leader mute in a handover", Act::Mute(while_ms))),
        4 => Some(("master dies in a handover", Act::KillMaster(while_ms))),
        5 => Some(("master stops in a handover", Act::HangMaster(while_ms))),
        6 => Some(("link lost in a handover", Act::ResetMaster)),
        7 => Some(("replica dies in a handover", Act::KillServer(while_ms))),
        8 => Some(("replica stops in a handover", Act::HangServer(while_ms))),
        9 => Some(("forced failover in a handover", Act::OtherFailover)),
        _ => None,
    };
    let mut faults = vec![Fault {
        at,
        name: NAME,
        kind: Kind::Effects(vec![(0, Effect::Instruct(node, order))]),
    }];
    if let Some((name, act)) = meanwhile {
        let trigger = Trigger::Announced(chance.pick(&[
            EventName::StateWaitPromotion,
            EventName::StateWaitPromotion,
            EventName::StateSendSlaveofNoOne,
            EventName::PromotedSlave,
        ]));
        let kind = Kind::When(trigger, act);
        faults.insert(0, Fault { at, name, kind });
    }
    if chance.percent(10) {
        let server = shape.first_master(group) + chance.between(0, 1) as usize;
        let on = |on| Effect::RefuseFailover(server.min(shape.servers() - 1), on);
        faults.push(Fault {
            at: at.saturating_sub(1),
            name: "FAILOVER refused",
            kind: Kind::Effects(vec![(0, on(true)), (while_ms, on(false))]),
        });
    }
    faults
}
