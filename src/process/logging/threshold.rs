//! Which lines are shown.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::core::notice::Level;

/// The `loglevel` setting: the least important level that is still shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Threshold {
    /// Everything.
    Debug,
    /// All but debug lines.
    Verbose,
    /// The default.
    Notice,
    /// Warnings only.
    Warning,
    /// No line at all.
    Nothing,
}

/// A word that is no log level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLevel;

impl Threshold {
    const ALL: [(&str, Threshold); 5] = [
        ("debug", Threshold::Debug),
        ("verbose", Threshold::Verbose),
        ("notice", Threshold::Notice),
        ("warning", Threshold::Warning),
        ("nothing", Threshold::Nothing),
    ];

    /// Reads the word of the setting, in any case.
    ///
    /// # Errors
    /// It is none of the five words.
    pub fn parse(word: &str) -> Result<Threshold, UnknownLevel> {
        Self::ALL
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(word))
            .map(|(_, threshold)| *threshold)
            .ok_or(UnknownLevel)
    }

    /// Whether a line of this level is shown.
    pub fn shows(self, level: Level) -> bool {
        let needed = match level {
            Level::Debug => Threshold::Debug,
            Level::Verbose => Threshold::Verbose,
            Level::Notice => Threshold::Notice,
            Level::Warning => Threshold::Warning,
        };
        self <= needed
    }
}

/// A threshold that many threads read and one changes.
#[derive(Debug)]
pub(super) struct SharedThreshold(AtomicU8);

impl SharedThreshold {
    pub(super) fn new(threshold: Threshold) -> Self {
        SharedThreshold(AtomicU8::new(threshold as u8))
    }

    pub(super) fn set(&self, threshold: Threshold) {
        self.0.store(threshold as u8, Ordering::Relaxed);
    }

    pub(super) fn load(&self) -> Threshold {
        match self.0.load(Ordering::Relaxed) {
            0 => Threshold::Debug,
            1 => Threshold::Verbose,
            2 => Threshold::Notice,
            3 => Threshold::Warning,
            _ => Threshold::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_threshold_shows_its_own_level_and_more_important_ones() {
        let levels = [Level::Debug, Level::Verbose, Level::Notice, Level::Warning];
        for (n, (word, threshold)) in Threshold::ALL.iter().enumerate() {
            assert_eq!(Threshold::parse(&word.to_uppercase()), Ok(*threshold));
            let shown = levels.iter().filter(|l| threshold.shows(**l)).count();
            assert_eq!(shown, 4 - n, "{word}");
            let shared = SharedThreshold::new(*threshold);
            assert_eq!(shared.load(), *threshold);
        }
        assert_eq!(Threshold::parse("info"), Err(UnknownLevel));
    }
}
