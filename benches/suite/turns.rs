//! Rounds of the two daemons in turns.

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
    let mut turns = Turns {
        ours: Vec::new(),
        reference: Vec::new(),
        failures: Vec::new(),
    };
    for round in 0..rounds {
        let first = if round % 2 == 0 {
            Daemon::Rsentinel
        } else {
            Daemon::Reference
        };
        for daemon in [first, first.other()] {
            match guarded(|| play(daemon)).and_then(|result| result) {
                Ok(result) => turns.of(daemon).push(result),
                Err(reason) => {
                    let first_line = reason.lines().next().unwrap_or_default();
                    println!("   round {round} of {daemon:?} failed: {first_line}");
                    turns.failures.push((daemon, reason));
                }
            }
        }
    }
    for daemon in [Daemon::Rsentinel, Daemon::Reference] {
        if turns.of(daemon).is_empty() {
            let reason = turns.failures.iter().find(|(whose, _)| *whose == daemon);
            let reason = reason.map_or("no rounds", |(_, reason)| reason.as_str());
            return Err(format!("no round of {daemon:?} succeeded: {reason}"));
        }
    }
    Ok(turns)
}

impl<T> Turns<T> {
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
    result.map_err(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        text.unwrap_or("a panic without a text").to_owned()
    })
}
