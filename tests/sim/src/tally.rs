//! Counting what happened.

use std::collections::BTreeMap;

use rsentinel::core::notice::EventName;

use crate::liveness::Liveness;

/// Counts of one run or of many.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Faults that struck, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Events of real cores, by name.
    pub events: BTreeMap<EventName, u64>,
    /// Events of modelled references, by name.
    pub reference_events: BTreeMap<EventName, u64>,
    /// Hellos that arrived twice.
    pub duplicated_hellos: u64,
    /// Runs at whose end a reference held on to another master than the real cores, for good.
    pub lasting_splits: u64,
    /// Groups without a master at the end of their run, because the rules let nobody be promoted.
    pub left_masterless: u64,
    /// The longest time, in ms, that a property of liveness took.
    pub longest: BTreeMap<&'static str, u64>,
    /// Leaders elected while another led a failover of the same group.
    pub beside_another: u64,
    /// Epochs of a group in which votes went to more than one candidate.
    pub contested_elections: u64,
    /// Those of them that elected nobody.
    pub split_votes: u64,
    /// Log lines of real cores that tell how often an optional behaviour showed.
    pub lines: BTreeMap<&'static str, u64>,
    /// Turns of cores.
    pub turns: u64,
    /// Virtual ms simulated.
    pub virtual_ms: u64,
    /// How often each invariant was put to a test that could have failed.
    pub exercised: BTreeMap<&'static str, u64>,
    /// Times from the death of a master to the publication of the next, in ms.
    pub recoveries: Vec<u64>,
}

/// Which log lines are counted: by a part of them, with the name of the count.
const COUNTED_LINES: [(&str, &str); 5] = [
    ("nobody can win it any more", "elections found void"),
    ("and no config epoch decides", "conflicts seen"),
    ("Asking for epoch", "re-assertions begun"),
    ("Re-asserting", "re-assertions won"),
    ("Not elected to re-assert", "re-assertions lost"),
];

impl Tally {
    /// A real core logged a line.
    pub fn line(&mut self, text: &str) {
        for (part, name) in COUNTED_LINES {
            if text.contains(part) {
                *self.lines.entry(name).or_default() += 1;
            }
        }
    }

    /// A fault struck.
    pub fn fault(&mut self, name: &'static str) {
        *self.faults.entry(name).or_default() += 1;
    }

    /// An event was announced.
    pub fn notice(&mut self, name: EventName, by_reference: bool) {
        let events = if by_reference {
            &mut self.reference_events
        } else {
            &mut self.events
        };
        *events.entry(name).or_default() += 1;
    }

    /// What was found about liveness.
    pub fn add_liveness(&mut self, liveness: &Liveness) {
        for (aim, tested) in &liveness.tested {
            *self.exercised.entry(aim.name()).or_default() += tested.times;
            let longest = self.longest.entry(aim.name()).or_default();
            *longest = tested.longest.max(*longest);
        }
    }

    /// How often cores announced an event.
    pub fn count(&self, name: EventName) -> u64 {
        self.events.get(&name).copied().unwrap_or(0)
            + self.reference_events.get(&name).copied().unwrap_or(0)
    }

    /// Adds the counts of another run.
    pub fn add(&mut self, other: Tally) {
        for (name, n) in other.faults {
            *self.faults.entry(name).or_default() += n;
        }
        for (name, n) in other.events {
            *self.events.entry(name).or_default() += n;
        }
        for (name, n) in other.reference_events {
            *self.reference_events.entry(name).or_default() += n;
        }
        for (name, n) in other.exercised {
            *self.exercised.entry(name).or_default() += n;
        }
        for (name, n) in other.lines {
            *self.lines.entry(name).or_default() += n;
        }
        self.beside_another += other.beside_another;
        self.contested_elections += other.contested_elections;
        self.split_votes += other.split_votes;
        self.duplicated_hellos += other.duplicated_hellos;
        self.turns += other.turns;
        self.lasting_splits += other.lasting_splits;
        self.left_masterless += other.left_masterless;
        for (name, ms) in other.longest {
            let longest = self.longest.entry(name).or_default();
            *longest = ms.max(*longest);
        }
        self.virtual_ms += other.virtual_ms;
        self.recoveries.extend(other.recoveries);
    }
}
