//! Where mutants are made: a copy of the source that is built again and again.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Mutant;

/// A core that goes round in circles is stopped after this.
const PATIENCE: Duration = Duration::from_secs(600);

/// What came of running seeds.
pub enum Verdict {
    /// No objection.
    Passes { seeds: String },
    /// An invariant is broken.
    Caught {
        by: String,
        seed: String,
        seeds: String,
        how: String,
    },
    /// The core panicked or did not come to an end.
    Breaks(String),
    /// It is no program.
    DoesNotCompile(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Passes { seeds } => write!(f, "passes {seeds} seeds"),
            Verdict::Caught {
                by,
                seed,
                seeds,
                how,
            } => {
                let how: String = how.chars().take(110).collect();
                write!(f, "{by:<5} seed {seed:<5} {seeds:>4} seeds  {how}")
            }
            Verdict::Breaks(how) => write!(f, "breaks: {how}"),
            Verdict::DoesNotCompile(text) => write!(f, "does not compile:\n{text}"),
        }
    }
}

/// The copy.
pub struct Workshop {
    root: PathBuf,
    copy: PathBuf,
    target: PathBuf,
}

impl Workshop {
    /// Brings the copy up to date, leaving files as they are that are as they should be: cargo
    /// builds again what is newer.
    pub fn open() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let base = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
        let workshop = Workshop {
            root,
            copy: base.join("source"),
            target: base.join("target"),
        };
        for tree in ["src", "tests", "examples", "benches"] {
            if workshop.root.join(tree).is_dir() {
                mirror(&workshop.root.join(tree), &workshop.copy.join(tree));
            }
        }
        for file in ["Cargo.toml", "Cargo.lock"] {
            mirror_file(&workshop.root.join(file), &workshop.copy.join(file));
        }
        workshop
    }

    /// Makes a mutant's changes.
    pub fn apply(&self, mutant: &Mutant) {
        for (file, from, to) in mutant.edits {
            let path = self.copy.join("src/core").join(file);
            let whole = fs::read_to_string(&path).expect("a source file");
            assert_eq!(
                whole.matches(from).count(),
                1,
                "{}: the text to change is not there exactly once in {file}:\n{from}",
                mutant.name
            );
            fs::write(&path, whole.replace(from, to)).expect("a write");
        }
    }

    /// Takes a mutant's changes back.
    pub fn restore(&self, mutant: &Mutant) {
        for (file, ..) in mutant.edits {
            let file = Path::new("src/core").join(file);
            mirror_file(&self.root.join(&file), &self.copy.join(&file));
        }
    }

    /// Builds the simulator: quickly rather than well, since most mutants need few seeds.
    pub fn build(&self) -> Result<(), String> {
        let output = Command::new(env!("CARGO"))
            .args(["build", "--release", "-p", "sim"])
            .current_dir(&self.copy)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_INCREMENTAL", "1")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2")
            .env("CARGO_TERM_COLOR", "never")
            .output()
            .expect("a process");
        if output.status.success() {
            return Ok(());
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Runs seeds until an invariant is broken.
    pub fn run(&self, seeds: &[&str]) -> Verdict {
        let said = self.target.join("said");
        let file = fs::File::create(&said).expect("a file");
        let mut child = Command::new(self.target.join("release/sim"))
            .args(["--jobs", "2", "--no-shrink"])
            .args(seeds)
            .stdout(file.try_clone().expect("a file"))
            .stderr(file)
            .stdin(Stdio::null())
            .spawn()
            .expect("a process");
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child") {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                child.kill().expect("a child");
                child.wait().expect("a child");
                return Verdict::Breaks(format!("no end after {PATIENCE:?}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let text = String::from_utf8_lossy(&fs::read(&said).expect("a file")).into_owned();
        let word_after = |line: &str, before: &str| {
            let rest = &line[line.find(before)? + before.len()..];
            rest.split([' ', ':', ';']).next().map(str::to_owned)
        };
        let line = |with: &str| text.lines().find(|l| l.contains(with));
        let seeds = line(" seeds/s,").and_then(|l| l.split(' ').next());
        let seeds = seeds.unwrap_or("no").to_owned();
        if status.success() {
            return Verdict::Passes { seeds };
        }
        if let Some(how) = line("TOO SLOW: ") {
            return Verdict::Caught {
                by: "SLOW".into(),
                seed: "any".into(),
                seeds,
                how: how.replace("TOO SLOW: ", ""),
            };
        }
        let violation = line("VIOLATION of ");
        let seed = line("; the same options with").and_then(|l| word_after(l, "seed "));
        match (violation, seed) {
            (Some(how), Some(seed)) => Verdict::Caught {
                by: word_after(how, "VIOLATION of ").unwrap_or_default(),
                seed,
                seeds,
                how: how
                    .split_once(" ms: ")
                    .map_or(how, |(_, rest)| rest)
                    .to_owned(),
            },
            _ => Verdict::Breaks(line("panicked").unwrap_or(&text).to_owned()),
        }
    }
}

fn mirror(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    let names = |at: &Path| -> BTreeSet<_> {
        let entries = fs::read_dir(at).expect("a directory");
        entries.map(|e| e.expect("an entry").file_name()).collect()
    };
    for gone in names(to).difference(&names(from)) {
        let path = to.join(gone);
        if path.is_dir() {
            fs::remove_dir_all(path).expect("a directory");
        } else {
            fs::remove_file(path).expect("a file");
        }
    }
    for name in names(from) {
        let (source, copy) = (from.join(&name), to.join(&name));
        if source.is_dir() {
            mirror(&source, &copy);
        } else {
            mirror_file(&source, &copy);
        }
    }
}

fn mirror_file(from: &Path, to: &Path) {
    let wanted = fs::read(from).expect("a file");
    if fs::read(to).is_ok_and(|there| there == wanted) {
        return;
    }
    fs::create_dir_all(to.parent().expect("a directory")).expect("a directory");
    fs::write(to, wanted).expect("a write");
}
