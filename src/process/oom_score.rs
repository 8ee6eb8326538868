//! `oom-score-adj`: how readily the kernel ends the process when memory runs out.

use std::fs;
use std::io;
use std::path::Path;

use super::errno::errno_text;
use super::logging;
use crate::config::{ServerConf, Value};
use crate::core::notice::Level;

const FILE: &str = "/proc/self/oom_score_adj";
/// What the kernel takes.
const RANGE: std::ops::RangeInclusive<i64> = -1000..=1000;

/// Sets it, if the configuration says so. A failure is a line in the log.
pub fn adjust(conf: &ServerConf) {
    let Some(wanted) = wanted(conf) else { return };
    if let Err(error) = write(Path::new(FILE), wanted) {
        let text = format!("Unable to write oom_score_adj: {}", errno_text(&error));
        logging::line(Level::Warning, &text);
    }
}

/// What to set, and whether it is added to what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    value: i64,
    relative: bool,
}

fn wanted(conf: &ServerConf) -> Option<Wanted> {
    let relative = match conf.kept("oom-score-adj") {
        Some(Value::Word("yes" | "relative")) => true,
        Some(Value::Word("absolute")) => false,
        _ => return None,
    };
    // The first value is for a process that is nobody's replica.
    let value = match conf.kept("oom-score-adj-values") {
        Some(Value::Words(values)) => {
            let first = std::str::from_utf8(values.first()?).ok()?;
            first.parse().ok()?
        }
        _ => 0,
    };
    Some(Wanted { value, relative })
}

fn write(file: &Path, wanted: Wanted) -> io::Result<()> {
    let base = if wanted.relative {
        let now = fs::read_to_string(file)?;
        now.trim().parse().map_err(io::Error::other)?
    } else {
        0_i64
    };
    let score = (base + wanted.value).clamp(*RANGE.start(), *RANGE.end());
    fs::write(file, score.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, IncludeReader, UserLine};

    struct NoFiles;

    impl IncludeReader for NoFiles {
        fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
            Err("none".to_owned())
        }
        fn glob(&mut self, _: &str) -> Vec<String> {
            Vec::new()
        }
        fn change_dir(&mut self, _: &str) -> Result<(), String> {
            Ok(())
        }
        fn check_log_file(&mut self, _: &str) -> Result<(), String> {
            Ok(())
        }
        fn fault_of_user(&mut self, _: &UserLine) -> Option<String> {
            None
        }
        fn is_executable(&mut self, _: &str) -> bool {
            true
        }
    }

    fn of(text: &str) -> Option<Wanted> {
        let conf = config::parse(text.as_bytes(), &mut NoFiles).unwrap();
        wanted(&conf.server)
    }

    #[test]
    fn only_an_enabled_adjustment_is_wanted_and_its_first_value_counts() {
        let some = |value, relative| Some(Wanted { value, relative });
        assert_eq!(of(""), None);
        assert_eq!(of("oom-score-adj-values 1 2 3"), None);
        assert_eq!(of("oom-score-adj no\noom-score-adj-values 1 2 3"), None);
        assert_eq!(of("oom-score-adj yes"), some(0, true));
        let values = "\noom-score-adj-values 7 200 800";
        assert_eq!(
            of(&format!("oom-score-adj relative{values}")),
            some(7, true)
        );
        assert_eq!(
            of(&format!("oom-score-adj absolute{values}")),
            some(7, false)
        );
    }

    #[test]
    fn a_relative_score_is_added_and_kept_within_what_the_kernel_takes() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("score");
        for (before, value, relative, after) in [
            ("100\n", 7, true, "107"),
            ("100\n", 7, false, "7"),
            ("900\n", 2000, true, "1000"),
        ] {
            fs::write(&file, before).unwrap();
            write(&file, Wanted { value, relative }).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), after);
        }
    }
}
