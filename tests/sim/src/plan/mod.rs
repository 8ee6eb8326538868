//! What goes wrong in a run, and when.

mod nasty;
mod random;

use rsentinel::core::notice::EventName;

use crate::world::effect::Effect;

pub use random::{ADDRESS_CHANGES, Setting, random, set};

/// A fault: something that happens at an instant, with what follows from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// In ms of world time.
    pub at: u64,
    /// What it is called in the counts.
    pub name: &'static str,
    /// What it does.
    pub kind: Kind,
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Changes, each so many ms after its begin.
    Effects(Vec<(u64, Effect)>),
    /// Waits for something to happen (once), and strikes then.
    When(Trigger, Act),
}

/// What an armed fault waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A sentinel announces this event.
    Announced(EventName),
    /// A sentinel gives its vote to another, the answer being on its way.
    Vote,
}

/// What an armed fault does to whoever set it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The sentinel crashes and starts again after so many ms.
    Crash(u64),
    /// The sentinel is stopped for so many ms.
    Pause(u64),
    /// The sentinel reaches nobody for so many ms.
    Isolate(u64),
    /// Nobody hears the sentinel for so many ms, but it hears all.
    Mute(u64),
    /// The sentinel reaches no other sentinel for so many ms.
    CutFromPeers(u64),
    /// The server of the event dies and starts again after so many ms.
    KillServer(u64),
    /// The master that the sentinel publishes dies and starts again after so many ms.
    KillMaster(u64),
    /// It hangs for so many ms.
    HangMaster(u64),
    /// Every connection of it is reset.
    ResetMaster,
    /// The server of the event hangs for so many ms.
    HangServer(u64),
    /// Every connection of the server of the event is reset.
    ResetServer,
    /// The first master of the group starts again, if it is down, as it was configured first.
    ReviveMaster,
    /// Writes of the sentinel fail for so many ms.
    DiskFails(u64),
    /// The sentinel's wall clock jumps by so many ms.
    WallJump(i64),
    /// An operator has another sentinel fail over at once.
    OtherFailover,
    /// An operator resets another sentinel.
    OtherReset,
    /// The vote's candidate crashes and starts again after so many ms.
    CrashCandidate(u64),
    /// The vote's candidate does not hear the voter for so many ms.
    LoseAnswer(u64),
}
