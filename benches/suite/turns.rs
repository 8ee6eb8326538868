//! Rounds of the two daemons in turns.

use std::any::Any;
use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

use crate::harness::Daemon;

/// What the rounds of both daemons gave; a round that failed is not in it.
#[derive(Debug)]
pub struct Turns<T> {
    pub ours: Vec<T>,
    pub reference: Vec<T>,
    /// Rounds that failed, and why.
    pub failures: Vec<(Daemon, String)>,
}

impl<T> Turns<T> {
    /// One kind of number from each round.
    pub fn map<U>(&self, number: impl Fn(&T) -> U) -> [Vec<U>; 2] {
        [
            self.ours.iter().map(&number).collect(),
            self.reference.iter().map(&number).collect(),
        ]
    }
}

/// Plays rounds of each daemon in turns.
///
/// Who goes first changes too: a machine that gets slower with time favours nobody. An error when
/// all rounds of one daemon failed.
pub fn take<T>(
    rounds: usize,
    mut play: impl FnMut(Daemon) -> Result<T, String>,
) -> Result<Turns<T>, String> {
    let mut turns = Turns::new();
    for daemon in order([rounds, rounds]) {
        turns.add(daemon, guarded(|| play(daemon)).and_then(|result| result));
    }
    turns.complete([rounds, rounds])
}

/// Who plays when: so many rounds of rsentinel and of redis-sentinel, spread evenly.
pub fn order([ours, reference]: [usize; 2]) -> Vec<Daemon> {
    let (mut played, mut first) = ([0, 0], Daemon::Rsentinel);
    let next = |_| {
        let next = match (played[0] * reference).cmp(&(played[1] * ours)) {
            Ordering::Less => Daemon::Rsentinel,
            Ordering::Greater => Daemon::Reference,
            Ordering::Equal => {
                let next = first;
                first = first.other();
                next
            }
        };
        // One that has no more rounds, or none at all, gives way.
        let next = match next {
            Daemon::Rsentinel if played[0] == ours => Daemon::Reference,
            Daemon::Reference if played[1] == reference => Daemon::Rsentinel,
            next => next,
        };
        played[usize::from(next == Daemon::Reference)] += 1;
        next
    };
    (0..ours + reference).map(next).collect()
}

impl<T> Turns<T> {
    /// None yet.
    pub fn new() -> Turns<T> {
        Turns {
            ours: Vec::new(),
            reference: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Keeps what a round gave; says so when it failed.
    pub fn add(&mut self, daemon: Daemon, result: Result<T, String>) {
        match result {
            Ok(result) => self.of(daemon).push(result),
            Err(reason) => {
                // With the ends of the logs, if there are any: why it failed is worth knowing.
                println!("   a round of {daemon:?} failed: {reason}");
                self.failures.push((daemon, reason));
            }
        }
    }

    /// Adds what other rounds gave.
    pub fn extend(&mut self, other: Turns<T>) {
        self.ours.extend(other.ours);
        self.reference.extend(other.reference);
        self.failures.extend(other.failures);
    }

    /// An error when all rounds of a daemon that should have played some failed.
    pub fn complete(mut self, rounds: [usize; 2]) -> Result<Turns<T>, String> {
        for (daemon, rounds) in [Daemon::Rsentinel, Daemon::Reference]
            .into_iter()
            .zip(rounds)
        {
            if rounds > 0 && self.of(daemon).is_empty() {
                let reason = self.failures.iter().find(|(whose, _)| *whose == daemon);
                let reason = reason.map_or("no rounds", |(_, reason)| reason.as_str());
                return Err(format!("no round of {daemon:?} succeeded: {reason}"));
            }
        }
        Ok(self)
    }

    /// What a reader has to know of rounds that failed; nothing when none did.
    pub fn failure_note(&self) -> Option<String> {
        let (daemon, reason) = self.failures.first()?;
        let of = |whose: Daemon| {
            let failures = self.failures.iter();
            failures.filter(|(daemon, _)| *daemon == whose).count()
        };
        let reason = reason.lines().next().unwrap_or_default();
        Some(format!(
            "failed rounds: {} of rsentinel, {} of redis-sentinel; the first ({daemon:?}): {reason}",
            of(Daemon::Rsentinel),
            of(Daemon::Reference)
        ))
    }

    fn of(&mut self, daemon: Daemon) -> &mut Vec<T> {
        match daemon {
            Daemon::Rsentinel => &mut self.ours,
            Daemon::Reference => &mut self.reference,
        }
    }
}

/// Turns a panic of the harness (a cluster that does not come up) into an error with its text,
/// which ends with the logs.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // The text is reported with the round, not in between.
    let loud = take_hook();
    set_hook(Box::new(|_| {}));
    let result = catch_unwind(AssertUnwindSafe(work));
    set_hook(loud);
    result.map_err(|panic| panic_text(panic.as_ref()))
}

/// What a panic said.
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a text").to_owned()
}
