//! Waiting for a condition with a deadline, and a failure text that helps.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// For what takes milliseconds, or a few seconds of a sentinel's own periods.
pub const SHORT: Duration = Duration::from_secs(30);
/// For a failover with a retry, or what a sentinel does only at its second INFO (20 s).
pub const LONG: Duration = Duration::from_secs(90);

/// Between two looks at a condition: small against every time that is measured here.
const LOOK: Duration = Duration::from_millis(10);

/// Waits until `look` gives something.
///
/// # Panics
/// When the time is over: with the end of every log in `logs`.
#[track_caller]
pub fn until<T>(
    logs: &Path,
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        if Instant::now() >= deadline {
            panic!("not within {patience:?}: {what}\n{}", tails(logs));
        }
        thread::sleep(LOOK);
    }
}

/// The last lines of every log in a directory.
pub fn tails(directory: &Path) -> String {
    let mut paths: Vec<_> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    paths.sort();
    let sections = paths.iter().map(|path| {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(30)..];
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        format!("--- {name}\n{}\n", tail.join("\n"))
    });
    sections.collect()
}
