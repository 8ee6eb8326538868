//! `client-output-buffer-limit`: how much may wait for a client before it is closed.

use super::error::Complaint;
use super::numbers;

/// The classes of clients, in the order in which their lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientClass {
    /// Ordinary clients.
    Normal,
    /// Replicas; there are none in Sentinel mode, the value is only kept.
    Replica,
    /// Clients with a subscription.
    Pubsub,
}

/// One class's limit; 0 switches a part off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimit {
    /// Bytes at which a client is closed at once.
    pub hard: u64,
    /// Bytes at which a client is closed when they have been waiting for `soft_seconds`.
    pub soft: u64,
    /// Seconds.
    pub soft_seconds: u64,
}

/// The limits of all classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimits {
    /// Of ordinary clients; default: none.
    pub normal: OutputLimit,
    /// Of replicas; default 256mb 64mb 60.
    pub replica: OutputLimit,
    /// Of subscribers; default 32mb 8mb 60.
    pub pubsub: OutputLimit,
}

impl ClientClass {
    /// All classes.
    pub const ALL: [ClientClass; 3] =
        [ClientClass::Normal, ClientClass::Replica, ClientClass::Pubsub];

    /// The class of this word, in any case.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        match word.to_ascii_lowercase().as_slice() {
            b"normal" => Some(ClientClass::Normal),
            b"replica" | b"slave" => Some(ClientClass::Replica),
            b"pubsub" => Some(ClientClass::Pubsub),
            _ => None,
        }
    }

    /// The word that is written.
    pub fn as_str(self) -> &'static str {
        match self {
            ClientClass::Normal => "normal",
            ClientClass::Replica => "replica",
            ClientClass::Pubsub => "pubsub",
        }
    }
}

impl Default for OutputLimits {
    fn default() -> Self {
        const MB: u64 = 1 << 20;
        OutputLimits {
            normal: OutputLimit { hard: 0, soft: 0, soft_seconds: 0 },
            replica: OutputLimit { hard: 256 * MB, soft: 64 * MB, soft_seconds: 60 },
            pubsub: OutputLimit { hard: 32 * MB, soft: 8 * MB, soft_seconds: 60 },
        }
    }
}

impl OutputLimits {
    /// The limit of a class.
    pub fn of(&self, class: ClientClass) -> OutputLimit {
        match class {
            ClientClass::Normal => self.normal,
            ClientClass::Replica => self.replica,
            ClientClass::Pubsub => self.pubsub,
        }
    }

    /// Applies a line's groups of four words; classes it does not name stay.
    pub(super) fn apply(&mut self, words: &[Vec<u8>]) -> Result<(), Complaint> {
        if words.is_empty() || !words.len().is_multiple_of(4) {
            return Err(Complaint::OutputLimitWords);
        }
        let mut changed = *self;
        for group in words.chunks_exact(4) {
            let class = ClientClass::from_word(&group[0]).ok_or(Complaint::OutputLimitClass)?;
            let number = |n: Option<u64>| n.ok_or(Complaint::OutputLimitNumber);
            let limit = OutputLimit {
                hard: number(numbers::memory(&group[1]))?,
                soft: number(numbers::memory(&group[2]))?,
                soft_seconds: number(
                    numbers::strict_int(&group[3]).and_then(|n| u64::try_from(n).ok()),
                )?,
            };
            match class {
                ClientClass::Normal => changed.normal = limit,
                ClientClass::Replica => changed.replica = limit,
                ClientClass::Pubsub => changed.pubsub = limit,
            }
        }
        *self = changed;
        Ok(())
    }
}

impl OutputLimit {
    /// The three words that follow the class.
    pub(super) fn write(self) -> String {
        let (hard, soft) = (numbers::memory_text(self.hard), numbers::memory_text(self.soft));
        format!("{hard} {soft} {}", self.soft_seconds)
    }
}
