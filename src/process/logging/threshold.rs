//! Which lines are shown.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::config::LogLevel;
use crate::core::notice::Level;

const LEVELS: [LogLevel; 5] = [
    LogLevel::Debug,
    LogLevel::Verbose,
    LogLevel::Notice,
    LogLevel::Warning,
    LogLevel::Nothing,
];

/// The `loglevel` in force: many threads read it, one changes it.
#[derive(Debug)]
pub(super) struct Threshold(AtomicU8);

impl Threshold {
    pub(super) fn new(least: LogLevel) -> Self {
        Threshold(AtomicU8::new(index(least)))
    }

    pub(super) fn set(&self, least: LogLevel) {
        self.0.store(index(least), Ordering::Relaxed);
    }

    /// The `loglevel` in force.
    pub(super) fn get(&self) -> LogLevel {
        LEVELS[usize::from(self.0.load(Ordering::Relaxed)) % LEVELS.len()]
    }

    /// Whether a line of this level is shown.
    pub(super) fn shows(&self, level: Level) -> bool {
        let needed = match level {
            Level::Debug => LogLevel::Debug,
            Level::Verbose => LogLevel::Verbose,
            Level::Notice => LogLevel::Notice,
            Level::Warning => LogLevel::Warning,
        };
        self.0.load(Ordering::Relaxed) <= index(needed)
    }

    /// Whether no line at all is shown.
    pub(super) fn is_silent(&self) -> bool {
        self.0.load(Ordering::Relaxed) == index(LogLevel::Nothing)
    }
}

/// A level's place among [`LEVELS`].
fn index(level: LogLevel) -> u8 {
    LEVELS.iter().take_while(|other| **other < level).count() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_threshold_shows_its_own_level_and_more_important_ones() {
        let levels = [Level::Debug, Level::Verbose, Level::Notice, Level::Warning];
        for (n, least) in LEVELS.into_iter().enumerate() {
            let threshold = Threshold::new(LogLevel::Notice);
            threshold.set(least);
            let shown: Vec<Level> = levels.into_iter().filter(|l| threshold.shows(*l)).collect();
            assert_eq!(shown, levels[n..], "{least:?}");
            assert_eq!(threshold.is_silent(), least == LogLevel::Nothing);
        }
    }
}
