//! Faults that wait for the worst moment.

use rsentinel::core::notice::EventName;

use crate::chance::Chance;

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
