//! The logical clock of elections.

use std::fmt;

/// A current, configuration, leader or failover epoch.
///
/// Valid values are 0 … 2^63−1: what lies above can only come from a malformed or hostile
/// message (the reference prints epochs as signed numbers and wraps), so it cannot be built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch before any election.
    pub const ZERO: Epoch = Epoch(0);
    /// The greatest valid epoch, 2^63−1.
    pub const MAX: Epoch = Epoch(i64::MAX as u64);

    /// `None` above 2^63−1.
    pub fn new(value: u64) -> Option<Self> {
        (value <= Self::MAX.0).then_some(Epoch(value))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The next epoch; saturates instead of wrapping.
    pub fn next(self) -> Self {
        Epoch((self.0 + 1).min(Self::MAX.0))
    }

    /// Reads the leading unsigned decimal of a text, garbage being 0, as hellos and config
    /// files are read. A negative number or one above 2^63−1 is `None`.
    pub fn parse_lenient(text: &str) -> Option<Self> {
        let text = text.trim_start();
        if let Some(magnitude) = text.strip_prefix('-') {
            let digits = magnitude.bytes().take_while(u8::is_ascii_digit);
            return digits.into_iter().all(|d| d == b'0').then_some(Self::ZERO);
        }
        let text = text.strip_prefix('+').unwrap_or(text);
        let end = text
            .bytes()
            .position(|b| !b.is_ascii_digit())
            .unwrap_or(text.len());
        if end == 0 {
            return Some(Self::ZERO);
        }
        text[..end].parse().ok().and_then(Self::new)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
