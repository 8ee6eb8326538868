//! What a row has found: samples of both daemons, the goal, and whether it is met.

use crate::quantiles::{Quantile, Ratio};

/// Something measured of both daemons.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What it is, e.g. "kill -9: first write, beyond down-after".
    pub title: String,
    /// Of the samples, e.g. "ms".
    pub unit: &'static str,
    pub better: Better,
    /// Samples of each round of rsentinel.
    pub ours: Vec<Vec<f64>>,
    /// Samples of each round of redis-sentinel; empty where it was not asked to do this.
    pub reference: Vec<Vec<f64>>,
    /// What must be reached; all of it.
    pub goals: Vec<Goal>,
    /// What a reader has to know, e.g. how many rounds failed.
    pub notes: Vec<String>,
}

/// Which samples are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    Less,
    More,
}

/// What must be reached.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// Our samples at this place are below the limit.
    Below(Quantile, f64),
    /// All our samples are at most this.
    AtMost(f64),
    /// Ours divided by the reference's at this place is at most this.
    RatioAtMost(Quantile, f64),
    /// Ours divided by the reference's at this place is at least this.
    RatioAtLeast(Quantile, f64),
}

/// Whether a goal is met, and the figure that tells.
pub struct Verdict {
    pub met: bool,
    pub text: String,
}

impl Finding {
    /// One sample a round.
    pub fn of_rounds(
        title: impl Into<String>,
        unit: &'static str,
        [ours, reference]: [Vec<f64>; 2],
        goals: Vec<Goal>,
    ) -> Finding {
        let single = |samples: Vec<f64>| samples.into_iter().map(|sample| vec![sample]).collect();
        Finding::of_samples(title, unit, [single(ours), single(reference)], goals)
    }

    /// Many samples a round.
    pub fn of_samples(
        title: impl Into<String>,
        unit: &'static str,
        [ours, reference]: [Vec<Vec<f64>>; 2],
        goals: Vec<Goal>,
    ) -> Finding {
        Finding {
            title: title.into(),
            unit,
            better: Better::Less,
            ours,
            reference,
            goals,
            notes: Vec::new(),
        }
    }

    /// The same, where more is better.
    pub fn more_is_better(self) -> Finding {
        Finding {
            better: Better::More,
            ..self
        }
    }

    /// With something a reader has to know.
    pub fn note(mut self, text: impl Into<String>) -> Finding {
        self.notes.push(text.into());
        self
    }

    /// How many times better rsentinel is, at the median.
    pub fn advantage(&self) -> Ratio {
        match self.better {
            Better::Less => Ratio::of(&self.reference, &self.ours, Quantile::Median),
            Better::More => Ratio::of(&self.ours, &self.reference, Quantile::Median),
        }
    }

    /// Of each goal.
    pub fn verdicts(&self) -> Vec<Verdict> {
        self.goals.iter().map(|goal| self.verdict(*goal)).collect()
    }

    fn verdict(&self, goal: Goal) -> Verdict {
        let unit = self.unit;
        let (met, text) = match goal {
            Goal::Below(place, limit) => {
                let found = place.of(&self.ours.concat());
                let text = format!("{} {found:.1} {unit} (goal: < {limit})", place.name());
                (found < limit, text)
            }
            Goal::AtMost(limit) => {
                let found = Quantile::Max.of(&self.ours.concat());
                (
                    found <= limit,
                    format!("max {found:.1} {unit} (goal: <= {limit})"),
                )
            }
            Goal::RatioAtMost(place, limit) => {
                let found = Ratio::of(&self.ours, &self.reference, place).whole;
                let text = format!(
                    "{} {found:.2} times the reference's (goal: <= {limit})",
                    place.name()
                );
                (found <= limit, text)
            }
            Goal::RatioAtLeast(place, limit) => {
                let found = Ratio::of(&self.ours, &self.reference, place).whole;
                let text = format!(
                    "{} {found:.2} times the reference's (goal: >= {limit})",
                    place.name()
                );
                (found >= limit, text)
            }
        };
        Verdict { met, text }
    }
}
