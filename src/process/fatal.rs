//! Why a start ends before it has begun, and where that is said.

use std::io::Write as _;

use super::logging;
use crate::config::ConfigError;
use crate::core::notice::Level;

/// The start cannot go on; the exit status is 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FatalStart {
    /// Said as a warning line of the log: on stdout until a log file is configured.
    Logged(String),
    /// A fault of the configuration text. This is the whole report, which begins with an empty
    /// line and ends without a newline: said on stderr.
    Config(String),
}

impl From<ConfigError> for FatalStart {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::CannotOpen { .. } => FatalStart::Logged(error.to_string()),
            ConfigError::Rejected { .. } => FatalStart::Config(error.to_string()),
        }
    }
}

impl FatalStart {
    /// Says it where the caller of the program looks for it.
    pub fn report(&self) {
        match self {
            FatalStart::Logged(text) => logging::line(Level::Warning, text),
            FatalStart::Config(report) => {
                // With stderr gone there is nobody to tell.
                let _ = writeln!(std::io::stderr(), "{report}");
            }
        }
    }
}
