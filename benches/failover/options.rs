//! The command line of the bench.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// What `--help` prints.
pub const HELP: &str = "\
Times a failover of rsentinel and of redis-sentinel, in alternating rounds.

cargo bench --bench failover -- [options]
  --rounds N        rounds of each daemon, 10 without it
  --quick           3 rounds
  --down-after MS   down-after-milliseconds, 1000 without it
  --fault kill      the master gets SIGKILL (without it, too)
  --fault stop      the master gets SIGSTOP
  --json PATH       write all times and events there
";

/// What happens to the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL: its sockets are closed.
    Kill,
    /// SIGSTOP: its sockets stay open, nobody answers.
    Stop,
}

impl Fault {
    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Fault::Kill => "kill",
            Fault::Stop => "stop",
        }
    }
}

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rounds of each daemon.
    pub rounds: usize,
    /// `down-after-milliseconds` of the sentinels.
    pub down_after: Duration,
    pub fault: Fault,
    /// Where the JSON goes.
    pub json: Option<PathBuf>,
}

/// What the command line asks for.
pub enum Wish {
    Run(Options),
    Explain,
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} rounds of each daemon, fault {}, down-after-milliseconds {}; 1 master, 2 replicas, 3 sentinels, quorum 2",
            self.rounds,
            self.fault.word(),
            self.down_after.as_millis()
        )
    }
}

/// Understands the words after the program's name.
///
/// Cargo adds `--bench`; without it this is not a bench run (`cargo test --all-targets` starts
/// benches, too, and a test run is no place to measure).
pub fn parse(words: impl Iterator<Item = String>) -> Result<Wish, String> {
    let mut words = words;
    let mut options = Options {
        rounds: 10,
        down_after: Duration::from_millis(1000),
        fault: Fault::Kill,
        json: None,
    };
    let mut is_bench = false;
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--bench" => is_bench = true,
            "--rounds" => options.rounds = number(&word, &value()?)?,
            "--quick" => options.rounds = 3,
            "--down-after" => {
                options.down_after = Duration::from_millis(number(&word, &value()?)?);
            }
            "--fault" => {
                options.fault = match value()?.as_str() {
                    "kill" => Fault::Kill,
                    "stop" => Fault::Stop,
                    other => return Err(format!("no such fault: {other}")),
                }
            }
            "--json" => options.json = Some(PathBuf::from(value()?)),
            "--help" | "-h" => return Ok(Wish::Explain),
            other => return Err(format!("no such option: {other}")),
        }
    }
    if options.rounds == 0 || options.down_after.is_zero() {
        return Err("a count of rounds or a time cannot be 0".to_owned());
    }
    Ok(if is_bench {
        Wish::Run(options)
    } else {
        Wish::Explain
    })
}

fn number<T: FromStr>(option: &str, text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{option} needs a number, not {text}"))
}
