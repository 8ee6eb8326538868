//! What will happen, in the order in which it will.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::net::IpAddr;
use std::sync::Arc;

use rsentinel::core::Ask;
use rsentinel::core::scripts::ScriptId;

use super::conn::In;
use super::effect::Effect;

/// Something that will happen.
#[derive(Debug)]
pub enum Due {
    /// A sentinel's own deadline.
    Wake(usize),
    /// A connect reaches the far end; the number counts repeats.
    Syn(u32, u32),
    /// A request reaches the far end of a connection.
    Out(u32, Ask),
    /// Something reaches the near end of a connection.
    In(u32, In),
    /// A sentinel looks at the next request of a connection.
    Think(u32),
    /// A write ends: sentinel, its life, the write's number.
    Disk(usize, u32, u64),
    /// A name is looked up: sentinel, its life, the name, the outcome.
    Resolved(usize, u32, Arc<str>, Result<IpAddr, String>),
    /// A sentinel's script runs, and has ended well: sentinel, its life, the script.
    Script(usize, u32, ScriptId),
    /// Replication links move on.
    Replication,
    /// A fault of the plan begins.
    Fault(usize),
    /// Something that an earlier fault has planned.
    Effect(Effect),
}

struct Entry {
    at: u64,
    number: u64,
    due: Due,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// The queue: ordered by time, then by who came first.
#[derive(Default)]
pub struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    number: u64,
}

impl Queue {
    /// Adds something, at this time in µs.
    pub fn push(&mut self, at: u64, due: Due) {
        self.number += 1;
        self.heap.push(Reverse(Entry {
            at,
            number: self.number,
            due,
        }));
    }

    /// Takes the next thing, if it happens until `end`.
    pub fn pop_until(&mut self, end: u64) -> Option<(u64, Due)> {
        if self.heap.peek()?.0.at > end {
            return None;
        }
        self.heap.pop().map(|Reverse(e)| (e.at, e.due))
    }
}
