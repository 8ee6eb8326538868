//! Faults that wait for the worst moment.

use rsentinel::core::event::Instruction;
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

/// A leader is cut off from everybody while it waits for its promotion, and meanwhile an operator
/// has another sentinel fail over to the replica and back again: when the leader hears of it, the
/// newer configuration names the very master that it is about to replace.
pub fn there_and_back(shape: &Shape, chance: &mut Chance, at: u64) -> [Fault; 4] {
    let nodes = shape.nodes as u64;
    let leader = chance.between(0, nodes - 1);
    let other = ((leader + chance.between(1, nodes - 1)) % nodes) as usize;
    let group = chance.between(0, shape.masters as u64 - 1) as usize;
    let name = || MasterName::new(&Shape::group_name(group));
    let fail_over = |node: usize, at: u64| {
        let instruction = Instruction::Failover { name: name() };
        Fault {
            at,
            name: THERE_AND_BACK,
            kind: Kind::Effects(vec![(0, Effect::Instruct(node, instruction))]),
        }
    };
    let cut_off = Kind::When(
        Trigger::Announced(EventName::StateWaitPromotion),
        Act::Isolate(chance.pick(&[2_500, 4_500, 7_000])),
    );
    [
        Fault {
            at,
            name: "leader cut off at its promotion",
            kind: cut_off,
        },
        fail_over(leader as usize, at + 1),
        fail_over(other, at + 200),
        fail_over(other, at + 1_500 + chance.between(0, 1_500)),
    ]
}

const THERE_AND_BACK: &str = "operator: FAILOVER there and back";
