//! Medians, percentiles, and ratios with their spread.

/// A place in sorted samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantile {
    Median,
    P90,
    P99,
    Max,
}

impl Quantile {
    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Quantile::Median => "p50",
            Quantile::P90 => "p90",
            Quantile::P99 => "p99",
            Quantile::Max => "max",
        }
    }

    /// The sample at this place (nearest rank); NaN without samples.
    pub fn of(self, samples: &[f64]) -> f64 {
        let share = match self {
            Quantile::Median => 0.5,
            Quantile::P90 => 0.9,
            Quantile::P99 => 0.99,
            Quantile::Max => 1.0,
        };
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        #[expect(clippy::cast_precision_loss)]
        let rank = (share * sorted.len() as f64).ceil() as usize;
        match sorted.get(rank.saturating_sub(1)) {
            Some(sample) => *sample,
            None => f64::NAN,
        }
    }
}

/// How two daemons compare: `reference / ours` of the whole, and of each pair of rounds.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    pub whole: f64,
    pub least: f64,
    pub greatest: f64,
}

impl Ratio {
    /// `numerator / denominator`, compared at `quantile`; the spread is that of the rounds of
    /// each turn. Left out: a turn that one of them failed, and one with a time that is not
    /// positive, as of a step that came before `down-after`.
    pub fn of(numerator: &[Vec<f64>], denominator: &[Vec<f64>], quantile: Quantile) -> Ratio {
        let whole = quantile.of(&numerator.concat()) / quantile.of(&denominator.concat());
        let pairs = numerator
            .iter()
            .zip(denominator)
            .map(|(n, d)| quantile.of(n) / quantile.of(d));
        let pairs: Vec<f64> = pairs
            .filter(|ratio| ratio.is_finite() && *ratio > 0.0)
            .collect();
        let fold = |start: f64, pick: fn(f64, f64) -> f64| pairs.iter().copied().fold(start, pick);
        Ratio {
            whole,
            least: fold(whole, f64::min),
            greatest: fold(whole, f64::max),
        }
    }
}
