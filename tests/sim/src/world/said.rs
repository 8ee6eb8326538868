//! What sentinels said, kept for whoever measures a run.

use rsentinel::core::notice::EventName;

use super::World;

/// Something a sentinel said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When, in µs.
    pub at: u64,
    /// Which sentinel.
    pub node: usize,
    /// What.
    pub what: What,
}

/// What a sentinel said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It announced an event: its name and text.
    Notice(EventName, String),
    /// It asked a peer for its vote in this epoch.
    AsksForVote(u64),
}

impl World {
    /// What has been said since the last call.
    pub fn said_since(&mut self) -> Vec<Said> {
        self.said.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(super) fn keep(&mut self, node: usize, what: impl FnOnce() -> What) {
        let at = self.now;
        if let Some(said) = &mut self.said {
            said.push(Said {
                at,
                node,
                what: what(),
            });
        }
    }
}
