//! All deadlines of the core: named, in one ordered table, at most one instant each.

use std::collections::{BTreeMap, BTreeSet};

use crate::types::Mono;

use super::links::LinkId;
use super::{MasterId, Party};

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
    /// A master has been down for a while without a failover: say why.
    Explain(MasterId),
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Deadlines {
    by_time: BTreeSet<(Mono, Deadline)>,
    by_name: BTreeMap<Deadline, Mono>,
}

impl Deadlines {
    /// Sets, moves or (with `None`) removes a deadline.
    pub fn set(&mut self, deadline: Deadline, at: Option<Mono>) {
        match at {
            Some(at) => {
                if self.by_name.get(&deadline) == Some(&at) {
                    return;
                }
                if let Some(old) = self.by_name.insert(deadline, at) {
                    self.by_time.remove(&(old, deadline));
                }
                self.by_time.insert((at, deadline));
            }
            None => {
                if let Some(old) = self.by_name.remove(&deadline) {
                    self.by_time.remove(&(old, deadline));
                }
            }
        }
    }

    /// The earliest instant.
    pub fn next(&self) -> Option<Mono> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes the earliest deadline that is due at `now`.
    pub fn take_due(&mut self, now: Mono) -> Option<Deadline> {
        let (at, deadline) = *self.by_time.first()?;
        if at > now {
            return None;
        }
        self.by_time.remove(&(at, deadline));
        self.by_name.remove(&deadline);
        Some(deadline)
    }

    /// Forgets every deadline of a record.
    pub fn forget_party(&mut self, party: Party) {
        for deadline in [
            Deadline::Down(party),
            Deadline::Info(party),
            Deadline::Hello(party),
            Deadline::Ask(party),
        ] {
            self.set(deadline, None);
        }
    }
}

#[cfg(test)]
mod tests {
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
}
