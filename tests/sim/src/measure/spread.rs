//! Many values of one kind: how they are spread.

use super::round::{Figure, Round};

/// The values of one figure over all rounds of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Spans in µs with the seeds of their rounds, least first; what never came is last.
    Times(Vec<(i64, u64)>),
    /// How often something was so, and in how many rounds it could have been.
    Marks(u64, u64),
    /// The sum of counts, and how many there were.
    Counts(u64, u64),
    /// There is none.
    Nothing,
}

/// What never came, among times.
pub const NEVER: i64 = i64::MAX;

impl Spread {
    /// The values of a figure.
    pub fn of(rounds: &[Round], name: &str) -> Self {
        let figures = rounds
            .iter()
            .filter(|r| r.violation.is_none())
            .filter_map(|r| Some((r.seed, r.figure(name)?)));
        let mut spread = Spread::Nothing;
        for (seed, figure) in figures {
            spread.add(seed, figure);
        }
        if let Spread::Times(times) = &mut spread {
            times.sort_unstable();
        }
        spread
    }

    fn add(&mut self, seed: u64, figure: Figure) {
        match (&mut *self, figure) {
            (_, Figure::Skipped) => {}
            (Spread::Times(times), Figure::Time(time)) => {
                times.push((time.unwrap_or(NEVER), seed));
            }
            (Spread::Marks(so, of), Figure::Mark(mark)) => {
                *so += u64::from(mark);
                *of += 1;
            }
            (Spread::Counts(sum, of), Figure::Count(count)) => {
                *sum += count;
                *of += 1;
            }
            (_, Figure::Time(time)) => *self = Spread::Times(vec![(time.unwrap_or(NEVER), seed)]),
            (_, Figure::Mark(mark)) => *self = Spread::Marks(u64::from(mark), 1),
            (_, Figure::Count(count)) => *self = Spread::Counts(count, 1),
        }
    }

    /// The time that so many in a hundred do not exceed (the nearest rank), and its seed; 100 is
    /// the greatest.
    pub fn quantile(&self, percent: usize) -> Option<(i64, u64)> {
        let Spread::Times(times) = self else {
            return None;
        };
        let rank = (times.len() * percent).div_ceil(100).max(1);
        times.get(rank - 1).copied()
    }

    /// A share or a mean.
    pub fn mean(&self) -> Option<f64> {
        match self {
            Spread::Marks(so, of) | Spread::Counts(so, of) => Some(*so as f64 / *of as f64),
            Spread::Times(times) => {
                let came = times.iter().filter(|(t, _)| *t != NEVER);
                let n = came.clone().count();
                (n > 0).then(|| came.map(|(t, _)| *t as f64).sum::<f64>() / n as f64)
            }
            Spread::Nothing => None,
        }
    }

    /// How many values there are, and how many of them never came.
    pub fn size(&self) -> (u64, u64) {
        match self {
            Spread::Times(times) => {
                let never = times.iter().filter(|(t, _)| *t == NEVER).count();
                (times.len() as u64, never as u64)
            }
            Spread::Marks(_, of) | Spread::Counts(_, of) => (*of, 0),
            Spread::Nothing => (0, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(times: impl IntoIterator<Item = Option<i64>>) -> Vec<Round> {
        times
            .into_iter()
            .enumerate()
            .map(|(seed, time)| Round {
                seed: seed as u64,
                figures: vec![("t", Figure::Time(time))],
                ..Round::default()
            })
            .collect()
    }

    #[test]
    fn quantiles_are_values_that_occurred() {
        let spread = Spread::of(&rounds((1..=1000).map(Some)), "t");
        assert_eq!(spread.quantile(50), Some((500, 499)));
        assert_eq!(spread.quantile(99), Some((990, 989)));
        assert_eq!(spread.quantile(100), Some((1000, 999)));
    }

    #[test]
    fn what_never_came_is_later_than_everything() {
        let spread = Spread::of(&rounds([None, Some(5), Some(7)]), "t");
        assert_eq!(spread.quantile(100), Some((NEVER, 0)));
        assert_eq!(spread.size(), (3, 1));
        assert_eq!(spread.mean(), Some(6.0));
    }
}
