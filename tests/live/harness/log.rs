//! A sentinel's log as a list of lines.

use std::fs;
use std::path::{Path, PathBuf};

/// The log file of one sentinel, over all its lives.
#[derive(Clone)]
pub struct Log(PathBuf);

/// One line: `pid:X day month year time mark text`.
#[derive(Clone, Debug)]
pub struct Line {
    /// The first word of the text: the name of an event, when it is one.
    pub name: String,
    /// What follows the first word.
    pub rest: String,
    /// The whole line.
    pub whole: String,
}

impl Log {
    /// The log at this path.
    pub fn at(path: &Path) -> Log {
        Log(path.to_owned())
    }

    /// All lines.
    pub fn lines(&self) -> Vec<Line> {
        let text = String::from_utf8_lossy(&fs::read(&self.0).unwrap_or_default()).into_owned();
        text.lines().map(parse).collect()
    }

    /// The lines of one event.
    pub fn events(&self, name: &str) -> Vec<Line> {
        let mut lines = self.lines();
        lines.retain(|line| line.name == name);
        lines
    }

    /// How often an event happened.
    pub fn count(&self, name: &str) -> usize {
        self.events(name).len()
    }
}

fn parse(line: &str) -> Line {
    let text = line.splitn(7, ' ').nth(6).unwrap_or(line);
    let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
    Line {
        name: name.to_owned(),
        rest: rest.to_owned(),
        whole: line.to_owned(),
    }
}
