//! All deadlines of the core: named, in one ordered table, at most one instant each.

use std::collections::BTreeMap;

use crate::types::Mono;

use super::links::LinkId;
use super::{MasterId, Party, Who};

/// What is to be looked at when its time comes. Looking early is harmless: whoever looks
/// decides anew from the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// Proves that turns happen in time; its lateness is what TILT is judged by.
    Heartbeat,
    /// TILT may end.
    TiltEnd,
    /// A failed write is tried again.
    RetryPersist,
    /// A script may start, or has run too long.
    Scripts,
    /// A link: connect, PING, half-open checks.
    Link(LinkId),
    /// A record may become subjectively down.
    Down(Party),
    /// INFO is due.
    Info(Party),
    /// A hello is due.
    Hello(Party),
    /// A peer is to be asked about a down master, or its last report expires.
    Ask(Party),
    /// A master's failover: candidacy, election, step and time limits.
    Failover(MasterId),
    /// A conflict about a master's address: wait, requests, time limit.
    Reassert(MasterId),
    /// A master has been down for a while without a failover: say why.
    Explain(MasterId),
}

impl Deadline {
    /// In which of the tables of names it is, and its number there.
    fn place(self) -> (usize, u64) {
        let of_party = |kind: usize, party: Party| {
            let (who, key) = match party.who {
                Who::Master => (0, 0),
                Who::Replica(key) => (1, key),
                Who::Peer(key) => (2, key),
            };
            let number = u64::from(party.master.0) << 32 | u64::from(key);
            (kind * 3 + who, number)
        };
        match self {
            Deadline::Heartbeat => (0, 0),
            Deadline::TiltEnd => (0, 1),
            Deadline::RetryPersist => (0, 2),
            Deadline::Scripts => (0, 3),
            Deadline::Failover(MasterId(master)) => (1, u64::from(master)),
            Deadline::Explain(MasterId(master)) => (2, u64::from(master)),
            Deadline::Down(party) => of_party(1, party),
            Deadline::Info(party) => of_party(2, party),
            Deadline::Hello(party) => of_party(3, party),
            Deadline::Ask(party) => of_party(4, party),
            Deadline::Reassert(MasterId(master)) => (TABLES - 2, u64::from(master)),
            Deadline::Link(LinkId(link)) => (TABLES - 1, u64::from(link)),
        }
    }
}

/// Tables of names: small ones with simple numbers are searched quicker than one with whole names.
const TABLES: usize = 17;

/// The table: a heap whose entries can be moved in place. A name keeps its slot while its record
/// exists, because most deadlines are set anew as soon as they are met.
#[derive(Clone, Debug, Default)]
pub struct Deadlines {
    slots: Vec<Slot>,
    vacant: Vec<u32>,
    by_name: [BTreeMap<u64, u32>; TABLES],
    /// Slots, earliest first; at equal times in the order of the names.
    heap: Vec<Entry>,
    /// The one that was taken last; it lies in the heap until something else is taken.
    taken: Option<u32>,
    /// Counts the turns in which deadlines are met.
    turn: u64,
}

#[derive(Clone, Debug)]
struct Slot {
    deadline: Deadline,
    /// Where it lies in the heap, while it is set.
    position: Option<u32>,
    /// The last turn in which it was met.
    met: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Mono,
    slot: u32,
}

impl Deadlines {
    /// Sets, moves or (with `None`) clears a deadline.
    pub fn set(&mut self, deadline: Deadline, at: Option<Mono>) {
        let (table, number) = deadline.place();
        let found = self.by_name[table].get(&number).copied();
        let Some(at) = at else {
            if let Some(slot) = found {
                self.clear(slot);
            }
            return;
        };
        let slot = match found {
            Some(slot) => slot,
            None => {
                let slot = self.add(deadline);
                self.by_name[table].insert(number, slot);
                slot
            }
        };
        let entry = Entry { at, slot };
        match self.slots[slot as usize].position {
            Some(position) => {
                if self.taken == Some(slot) {
                    self.taken = None;
                }
                if self.heap[position as usize].at != at {
                    self.settle(position as usize, entry);
                }
            }
            None => {
                self.heap.push(entry);
                self.settle(self.heap.len() - 1, entry);
            }
        }
    }

    /// Clears a deadline whose record goes away for ever.
    pub fn forget(&mut self, deadline: Deadline) {
        let (table, number) = deadline.place();
        if let Some(slot) = self.by_name[table].remove(&number) {
            self.clear(slot);
            self.vacant.push(slot);
        }
    }

    /// The earliest instant.
    pub fn next(&self) -> Option<Mono> {
        let first = self.heap.first()?;
        if self.taken != Some(first.slot) {
            return Some(first.at);
        }
        let children = self.heap.iter().skip(1).take(BRANCHES);
        children.map(|entry| entry.at).min()
    }

    /// A turn begins: each deadline is met once in it.
    pub fn begin_turn(&mut self) {
        self.turn += 1;
    }

    /// Takes the earliest deadline that is due at `now`. What is due again in the turn that met it
    /// is put off by a millisecond: whatever the reason, it must not spin.
    pub fn take_due(&mut self, now: Mono) -> Option<Deadline> {
        if let Some(slot) = self.taken {
            self.clear(slot);
        }
        loop {
            let entry = *self.heap.first().filter(|entry| entry.at <= now)?;
            let slot = &mut self.slots[entry.slot as usize];
            if std::mem::replace(&mut slot.met, self.turn) != self.turn {
                // It stays where it is: mostly it is set anew at once.
                self.taken = Some(entry.slot);
                return Some(slot.deadline);
            }
            let at = now.plus(1);
            self.settle(0, Entry { at, ..entry });
        }
    }

    /// Forgets every deadline of a record.
    pub fn forget_party(&mut self, party: Party) {
        for deadline in [
            Deadline::Down(party),
            Deadline::Info(party),
            Deadline::Hello(party),
            Deadline::Ask(party),
        ] {
            self.forget(deadline);
        }
    }

    fn add(&mut self, deadline: Deadline) -> u32 {
        let new = Slot {
            deadline,
            position: None,
            met: u64::MAX,
        };
        match self.vacant.pop() {
            Some(slot) => {
                self.slots[slot as usize] = new;
                slot
            }
            None => {
                self.slots.push(new);
                self.slots.len() as u32 - 1
            }
        }
    }

    fn clear(&mut self, slot: u32) {
        if self.taken == Some(slot) {
            self.taken = None;
        }
        let Some(position) = self.slots[slot as usize].position.take() else {
            return;
        };
        if let Some(last) = self.heap.pop()
            && last.slot != slot
        {
            self.settle(position as usize, last);
        }
    }

    fn before(&self, a: Entry, b: Entry) -> bool {
        let name = |e: Entry| self.slots[e.slot as usize].deadline;
        a.at < b.at || a.at == b.at && name(a) < name(b)
    }

    fn put(&mut self, position: usize, entry: Entry) {
        self.heap[position] = entry;
        self.slots[entry.slot as usize].position = Some(position as u32);
    }

    /// Puts an entry where it belongs, beginning at a position whose own entry has gone.
    fn settle(&mut self, start: usize, entry: Entry) {
        let mut position = start;
        while position > 0 {
            let parent = (position - 1) / BRANCHES;
            if !self.before(entry, self.heap[parent]) {
                break;
            }
            self.put(position, self.heap[parent]);
            position = parent;
        }
        while position >= start {
            let first = position * BRANCHES + 1;
            let end = (first + BRANCHES).min(self.heap.len());
            let sooner = |a: usize, b: usize| {
                if self.before(self.heap[b], self.heap[a]) {
                    b
                } else {
                    a
                }
            };
            let Some(least) = (first..end)
                .reduce(sooner)
                .filter(|least| self.before(self.heap[*least], entry))
            else {
                break;
            };
            self.put(position, self.heap[least]);
            position = least;
        }
        self.put(position, entry);
    }
}

/// Children of each entry of the heap.
const BRANCHES: usize = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn deadlines_come_out_in_time_order_and_move_when_set_again() {
        let mut table = Deadlines::default();
        table.set(Deadline::Heartbeat, Some(Mono(5)));
        table.set(Deadline::TiltEnd, Some(Mono(3)));
        table.set(Deadline::TiltEnd, Some(Mono(9)));
        assert_eq!(table.next(), Some(Mono(5)));
        assert_eq!(table.take_due(Mono(10)), Some(Deadline::Heartbeat));
        assert_eq!(table.take_due(Mono(8)), None);
        assert_eq!(table.take_due(Mono(9)), Some(Deadline::TiltEnd));
        assert_eq!(table.next(), None);
    }

    #[test]
    fn a_removed_deadline_is_never_due() {
        let mut table = Deadlines::default();
        table.set(Deadline::Heartbeat, Some(Mono(5)));
        table.set(Deadline::Heartbeat, None);
        assert_eq!(table.take_due(Mono(100)), None);
    }

    #[test]
    fn what_is_due_again_in_its_own_turn_waits_a_millisecond() {
        let mut table = Deadlines::default();
        table.set(Deadline::Heartbeat, Some(Mono(5)));
        table.begin_turn();
        assert_eq!(table.take_due(Mono(7)), Some(Deadline::Heartbeat));
        table.set(Deadline::Heartbeat, Some(Mono(6)));
        assert_eq!(table.take_due(Mono(7)), None);
        assert_eq!(table.next(), Some(Mono(8)));
        table.begin_turn();
        assert_eq!(table.take_due(Mono(8)), Some(Deadline::Heartbeat));
    }

    fn some_deadline(n: u32) -> Deadline {
        let master = MasterId(n % 3);
        let party = [
            Party::master(master),
            Party::replica(master, n % 5),
            Party::peer(master, n % 5),
        ][n as usize % 7 % 3];
        match n % 10 {
            0 => Deadline::Heartbeat,
            1 => Deadline::TiltEnd,
            2 => Deadline::RetryPersist,
            3 => Deadline::Link(LinkId(n % 4)),
            4 => Deadline::Down(party),
            5 => Deadline::Info(party),
            6 => Deadline::Hello(party),
            7 => Deadline::Ask(party),
            8 => Deadline::Failover(master),
            _ => Deadline::Explain(master),
        }
    }

    proptest! {
        #[test]
        fn it_does_what_a_sorted_list_would(
            steps in proptest::collection::vec((0u8..8, 0u32..1_000, 0u64..40), 0..300)
        ) {
            let mut table = Deadlines::default();
            let mut list: Vec<(Mono, Deadline)> = Vec::new();
            let mut now = Mono(0);
            for (what, n, ms) in steps {
                let deadline = some_deadline(n);
                match what {
                    0 => {
                        list.retain(|(_, d)| *d != deadline);
                        table.set(deadline, None);
                    }
                    1 => {
                        list.retain(|(_, d)| *d != deadline);
                        table.forget(deadline);
                    }
                    2 => {
                        now = now.plus(ms / 4);
                        table.begin_turn();
                        list.sort();
                        let due = list.iter().take_while(|(at, _)| *at <= now).count();
                        let due: Vec<_> = list.drain(..due).map(|(_, d)| d).collect();
                        let mut taken = Vec::new();
                        while let Some(deadline) = table.take_due(now) {
                            taken.push(deadline);
                        }
                        prop_assert_eq!(taken, due);
                    }
                    _ => {
                        list.retain(|(_, d)| *d != deadline);
                        list.push((now.plus(ms), deadline));
                        table.set(deadline, Some(now.plus(ms)));
                    }
                }
                prop_assert_eq!(table.next(), list.iter().map(|(at, _)| *at).min());
            }
        }
    }
}
