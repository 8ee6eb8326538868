//! The ACL log: who was refused what, newest first.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::types::Wall;

use super::user_name::UserName;

/// A repeat within this time of the last one is counted, not listed (measured).
const SAME_WITHIN_MS: u64 = 60_000;
/// Repeats are looked for among so many of the newest entries (measured).
const LOOKED_AT: usize = 10;
/// An object, a name or the text about a connection longer than this is cut: clients choose them,
/// also before they have authenticated. Far longer than any that is meant. In bytes.
const LONGEST: usize = 1024;

/// Why something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The command is not permitted.
    Command,
    /// The command is permitted, but not on this channel.
    Channel,
    /// The user or the password is wrong.
    Auth,
}

impl Reason {
    /// The word of ACL LOG.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Command => "command",
            Reason::Channel => "channel",
            Reason::Auth => "auth",
        }
    }
}

/// Something that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// Why.
    pub reason: Reason,
    /// The command's full name, the channel, or the word that was to authenticate as typed.
    pub object: Bytes,
    /// The user, or the name that was tried.
    pub username: Bytes,
}

impl Denial {
    /// A denial; overlong words are cut.
    pub fn new(reason: Reason, object: &[u8], username: &[u8]) -> Self {
        let cut = |word: &[u8]| Bytes::copy_from_slice(&word[..word.len().min(LONGEST)]);
        Denial {
            reason,
            object: cut(object),
            username: cut(username),
        }
    }

    /// A denial of a known user.
    pub fn of(reason: Reason, object: &[u8], user: &UserName) -> Self {
        Denial::new(reason, object, user.as_bytes())
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Unique in this process, counted from 0.
    pub id: u64,
    /// How often it happened.
    pub count: u64,
    /// What was refused.
    pub denial: Denial,
    /// The connection of the last time, as CLIENT LIST shows it.
    pub client: String,
    /// When it first happened.
    pub created: Wall,
    /// When it last happened.
    pub updated: Wall,
}

/// The log.
#[derive(Debug)]
pub struct AclLog {
    longest: usize,
    entries: VecDeque<Entry>,
    next_id: u64,
}

impl AclLog {
    /// A log of at most this many entries (`acllog-max-len`).
    pub fn new(longest: usize) -> Self {
        AclLog {
            longest,
            entries: VecDeque::new(),
            next_id: 0,
        }
    }

    /// Takes note of a denial.
    pub fn record(&mut self, denial: Denial, mut client: String, now: Wall) {
        if client.len() > LONGEST {
            let whole = (0..=LONGEST)
                .rev()
                .find(|&end| client.is_char_boundary(end));
            client.truncate(whole.unwrap_or(0));
            client.shrink_to_fit();
        }
        let same = |entry: &Entry| {
            entry.denial == denial && now.0.saturating_sub(entry.updated.0) <= SAME_WITHIN_MS
        };
        let at = self.entries.iter().take(LOOKED_AT).position(same);
        let known = at.and_then(|at| self.entries.remove(at));
        let entry = match known {
            Some(entry) => Entry {
                count: entry.count.saturating_add(1),
                client,
                updated: now,
                ..entry
            },
            None => {
                self.next_id += 1;
                Entry {
                    id: self.next_id - 1,
                    count: 1,
                    denial,
                    client,
                    created: now,
                    updated: now,
                }
            }
        };
        self.entries.push_front(entry);
        self.entries.truncate(self.longest);
    }

    /// The newest entries, newest first.
    pub fn newest(&self, count: usize) -> impl Iterator<Item = &Entry> {
        self.entries.iter().take(count)
    }

    /// Forgets all entries.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}
