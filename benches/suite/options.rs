//! The command line of the suite.

use std::path::PathBuf;

use crate::rows::{self, Row};

/// What to measure.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Few rounds and small fleets: all rows within two minutes.
    pub quick: bool,
    /// Keys of the rows to run; empty means all.
    pub only: Vec<String>,
    /// Where the JSON goes.
    pub json: Option<PathBuf>,
    /// Where the tables go, as Markdown.
    pub markdown: Option<PathBuf>,
    /// A folder for the pictures.
    pub pictures: Option<PathBuf>,
}

impl Options {
    /// One number for a quick run, another for a full one.
    pub fn pick<T>(&self, quick: T, full: T) -> T {
        if self.quick { quick } else { full }
    }

    /// The rows to run, in their order.
    pub fn rows(&self) -> impl Iterator<Item = &'static Row> {
        let wanted = |key: &str| {
            let left_out = self.quick && rows::NOT_QUICK.contains(&key);
            let asked_for = self.only.iter().any(|only| only == key);
            asked_for || self.only.is_empty() && !left_out
        };
        rows::ALL.iter().filter(move |row| wanted(row.key))
    }
}

/// What the command line asks for.
pub enum Wish {
    Run(Options),
    Explain,
}

/// What `--help` prints.
pub fn help() -> String {
    let mut text = "\
Measures rsentinel and the installed redis-sentinel side by side.

cargo bench --bench suite -- [options]
  --quick           few rounds, small fleets, without stop and second: under two minutes
  --only KEY,KEY    these rows
  --json PATH       write all samples there
  --markdown PATH   write the tables of docs/benchmarks.md there
  --pictures DIR    draw the failover timeline and the scale curves there, as SVG

Rows:
"
    .to_owned();
    for row in rows::ALL {
        text += &format!("  {:<12} {}\n", row.key, row.about);
    }
    text
}

/// Understands the words after the program's name.
///
/// Cargo adds `--bench`; without it this is not a bench run (`cargo test --all-targets` starts
/// benches, too, and a test run is no place to measure).
pub fn parse(words: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut words = words;
    let mut options = Options::default();
    let mut is_bench = false;
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--bench" => is_bench = true,
            "--quick" => options.quick = true,
            "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
            "--json" => options.json = Some(PathBuf::from(value()?)),
            "--markdown" => options.markdown = Some(PathBuf::from(value()?)),
            "--pictures" => options.pictures = Some(PathBuf::from(value()?)),
            "--help" | "-h" => return Ok(Wish::Explain),
            other => return Err(format!("no such option: {other}")),
        }
    }
    for key in &options.only {
        if rows::ALL.iter().all(|row| row.key != key) {
            return Err(format!("no such row: {key}"));
        }
    }
    Ok(if is_bench {
        Wish::Run(options)
    } else {
        Wish::Explain
    })
}
