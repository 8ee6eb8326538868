//! What is wrong with an rsentinel.toml, and where.

use std::fmt;
use std::ops::Range;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1; `None` when the fault is not tied to a line.
    pub line: Option<usize>,
    /// What is wrong. Shows keys and words of the wrong kind, never the value of a password.
    pub message: String,
}

impl Fault {
    pub(super) fn at(text: &str, at: Range<usize>, message: &str) -> Self {
        let before = text.as_bytes().iter().take(at.start);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        Fault {
            line: Some(line),
            message: message.trim().replace('\n', "; "),
        }
    }

    pub(super) fn of_the_whole(message: String) -> Self {
        Fault {
            line: None,
            message,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}
