//! What will happen, in the order in which it will.

use std::cmp::Reverse;
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

/// What the heap orders: the time, then who came first, then where it lies. One number, because
/// the heap compares and moves it often.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry(u128);

const SLOT_BITS: u32 = 24;

impl Entry {
    fn new(at: u64, number: u64, slot: u32) -> Self {
        debug_assert!(slot < 1 << SLOT_BITS && number < 1 << (64 - SLOT_BITS));
        Entry(u128::from(at) << 64 | u128::from(number << SLOT_BITS | u64::from(slot)))
    }

    fn at(self) -> u64 {
        (self.0 >> 64) as u64
    }

    fn slot(self) -> usize {
        (self.0 as u64 & ((1 << SLOT_BITS) - 1)) as usize
    }
}

/// The queue: ordered by time, then by who came first.
#[derive(Default)]
pub struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    /// What the entries stand for; vacant slots are used again.
    slots: Vec<Option<Due>>,
    vacant: Vec<u32>,
    number: u64,
}

impl Queue {
    /// Adds something, at this time in µs.
    pub fn push(&mut self, at: u64, due: Due) {
        self.number += 1;
        let slot = match self.vacant.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some(due);
                slot
            }
            None => {
                self.slots.push(Some(due));
                self.slots.len() as u32 - 1
            }
        };
        self.heap.push(Reverse(Entry::new(at, self.number, slot)));
    }

    /// Takes the next thing, if it happens until `end`.
    pub fn pop_until(&mut self, end: u64) -> Option<(u64, Due)> {
        if self.heap.peek()?.0.at() > end {
            return None;
        }
        let Reverse(entry) = self.heap.pop()?;
        let due = self.slots[entry.slot()].take()?;
        self.vacant.push(entry.slot() as u32);
        Some((entry.at(), due))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_happen_in_order_of_time_and_then_of_planning() {
        let mut queue = Queue::default();
        for (at, node) in [(5, 0), (3, 1), (5, 2), (9, 3)] {
            queue.push(at, Due::Wake(node));
        }
        let mut happened = Vec::new();
        while let Some((at, due)) = queue.pop_until(8) {
            if let Due::Wake(node) = due {
                happened.push((at, node));
            }
            if happened.len() == 1 {
                // A slot that is used again changes nothing of the order.
                queue.push(5, Due::Wake(4));
            }
        }
        assert_eq!(happened, [(3, 1), (5, 0), (5, 2), (5, 4)]);
    }
}
