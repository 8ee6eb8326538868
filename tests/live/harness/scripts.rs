//! Scripts for sentinels to run, and what they were called with.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Between the words of a recorded call; no event contains it.
const BETWEEN: char = '\u{1f}';

/// Shell text that hangs for as long as the sentinel that called it lives: nothing is left over,
/// however a test ends.
pub const UNTIL_SENTINEL_ENDS: &str = "while [ -d /proc/$PPID ]; do sleep 1; done";

/// Writes an executable file.
pub fn write_script(path: &Path, text: &str) {
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o755)
        .open(path)
        .expect("the directory is writable");
    file.write_all(text.as_bytes()).expect("there is room");
}

/// A script that records every call; after that it does what the test wants.
pub struct Recorder {
    path: PathBuf,
    calls: PathBuf,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The process that ran it.
    pub pid: u32,
    /// Its arguments, without the path.
    pub words: Vec<String>,
}

impl Recorder {
    /// A script of this name in `directory`; `then` is shell text that runs after the recording.
    pub fn new(directory: &Path, name: &str, then: &str) -> Recorder {
        let path = directory.join(name);
        let calls = directory.join(format!("{name}.calls"));
        let text = format!(
            "#!/bin/sh\nread -r stat < /proc/$$/stat\nIFS='{BETWEEN}'\n\
             echo \"$stat{BETWEEN}$*\" >> '{}'\nunset IFS\n{then}\n",
            calls.display()
        );
        write_script(&path, &text);
        Recorder { path, calls }
    }

    /// Its path.
    pub fn path(&self) -> String {
        self.path.display().to_string()
    }

    /// The calls so far, in the order in which their processes were made.
    pub fn calls(&self) -> Vec<Call> {
        let text = fs::read_to_string(&self.calls).unwrap_or_default();
        let whole = text.split_inclusive('\n').filter(|l| l.ends_with('\n'));
        let mut calls: Vec<_> = whole.map(|line| read(line.trim_end())).collect();
        calls.sort_by_key(|(begun, call)| (*begun, call.pid));
        calls.into_iter().map(|(_, call)| call).collect()
    }

    /// The words of the calls so far.
    pub fn words(&self) -> Vec<Vec<String>> {
        self.calls().into_iter().map(|call| call.words).collect()
    }
}

/// When the process of a call was made (in clock ticks), and the call.
fn read(line: &str) -> (u64, Call) {
    let mut words = line.split(BETWEEN).map(str::to_owned);
    let stat = words.next().expect("a line of /proc");
    // `pid (name) state ppid …`: the time is the 22nd word.
    let (before, after) = stat.rsplit_once(')').expect("a name in parentheses");
    let pid = before.split(' ').next().and_then(|pid| pid.parse().ok());
    let begun = after
        .split_whitespace()
        .nth(19)
        .and_then(|at| at.parse().ok());
    let call = Call {
        pid: pid.expect("a process id"),
        words: words.collect(),
    };
    (begun.expect("a time"), call)
}
