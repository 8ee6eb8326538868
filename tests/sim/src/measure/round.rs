//! One round of a measurement, and what was measured in it.

use crate::oracles::Violation;
use crate::world::World;

/// A measured value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// A span in µs; `None` when what was waited for did not happen.
    Time(Option<i64>),
    /// Does not apply to this round.
    Skipped,
    /// Whether something was so.
    Mark(bool),
    /// How often something happened.
    Count(u64),
}

/// What came of a round.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// Its seed.
    pub seed: u64,
    /// What was measured, by name.
    pub figures: Vec<(&'static str, Figure)>,
    /// The first broken invariant.
    pub violation: Option<Violation>,
    /// What happened, if it was asked for.
    pub trace: Vec<String>,
}

impl Round {
    /// A round that ends now.
    pub fn end(seed: u64, mut world: World, figures: Vec<(&'static str, Figure)>) -> Self {
        Round {
            seed,
            figures,
            violation: world.violation.take(),
            trace: world.trace.take().unwrap_or_default(),
        }
    }

    /// A measured value.
    pub fn figure(&self, name: &str) -> Option<Figure> {
        self.figures
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, f)| *f)
    }

    /// Whether something was so.
    pub fn mark(&self, name: &str) -> bool {
        self.figure(name) == Some(Figure::Mark(true))
    }

    /// A measured span in µs.
    pub fn time(&self, name: &str) -> Option<i64> {
        match self.figure(name) {
            Some(Figure::Time(time)) => time,
            _ => None,
        }
    }
}

/// The span from an instant to one that may not have come.
pub fn since(from: u64, to: Option<u64>) -> Figure {
    Figure::Time(to.map(|to| to as i64 - from as i64))
}

/// A span.
pub fn span(us: u64) -> Figure {
    Figure::Time(Some(us as i64))
}
