//! All rounds of a cell.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::oracles::Violation;

use super::cell::Cell;
use super::round::Round;
use super::spread::Spread;

/// What came of a cell.
#[derive(Debug)]
pub struct Outcome {
    /// Every round, in the order of their seeds.
    pub rounds: Vec<Round>,
}

impl Outcome {
    /// Runs so many rounds, from a seed on, on so many threads. The result depends on the cell and
    /// the seeds only.
    pub fn of(cell: &Cell, seed: u64, rounds: u64, jobs: usize) -> Self {
        let next = AtomicU64::new(seed);
        let done = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..jobs.max(1) {
                scope.spawn(|| {
                    loop {
                        let seed_now = next.fetch_add(1, Ordering::Relaxed);
                        if seed_now >= seed + rounds {
                            return;
                        }
                        let round = cell.round(seed_now, false);
                        if let Ok(mut done) = done.lock() {
                            done.push(round);
                        }
                    }
                });
            }
        });
        let mut rounds = done.into_inner().unwrap_or_default();
        rounds.sort_by_key(|r: &Round| r.seed);
        Outcome { rounds }
    }

    /// How the values of a figure are spread; rounds with a violation do not count.
    pub fn spread(&self, name: &str) -> Spread {
        Spread::of(&self.rounds, name)
    }

    /// Broken invariants, each with its seed.
    pub fn violations(&self) -> impl Iterator<Item = (u64, &Violation)> {
        self.rounds
            .iter()
            .filter_map(|r| Some((r.seed, r.violation.as_ref()?)))
    }
}
