//! The command line of measurements.

use rsentinel::core::Features;

use super::grounds::{DISKS, NETWORKS, Quorum};

/// How to use it.
pub const USAGE: &str = "usage: sim measure death|split|leader-dies|restored
  [--nodes N,...]           sentinels (pure; default 3,5,7,9 for death, else 3,5)
  [--mixed [--references K]] the last K are models of the reference (default 2+1, 1+2 and 3+2)
  [--reference]             all are models of the reference
  [--quorums 3,2+1,0+3,...] any of those, real cores + references
  [--network lan|metro|wan,...] [--disk quick|uneven|slow,...]
  [--only NAME=VALUE[|VALUE],...]  only cells with these labels
  [--rounds N] [--seed N]   so many rounds a cell (default 200) from this seed on; --seed alone: one
  [--with NAME,...] [--without NAME,...] switches; [--compare NAME,...] each cell with and
                            without, in every combination; NAME+NAME are switched together
  [--replicas N] [--down-after MS] [--failover-timeout MS]
  [--jobs N] [--json PATH] [--steps] [--trace]";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measurement {
    /// A healthy cluster's master dies.
    Death,
    /// The same, and votes are split.
    Split,
    /// The leader dies in mid-failover.
    LeaderDies,
    /// The leader dies between promotion and publication, and comes back with what its disk says.
    Restored,
}

impl Measurement {
    /// By its word on the command line.
    fn of(word: &str) -> Option<Self> {
        [
            Measurement::Death,
            Measurement::Split,
            Measurement::LeaderDies,
            Measurement::Restored,
        ]
        .into_iter()
        .find(|m| m.name() == word)
    }

    /// Its word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Measurement::Death => "death",
            Measurement::Split => "split",
            Measurement::LeaderDies => "leader-dies",
            Measurement::Restored => "restored",
        }
    }
}

/// What the command line asks for.
#[derive(Clone, Debug)]
pub struct Options {
    /// What is measured.
    pub what: Measurement,
    /// Numbers of sentinels; empty = the default of the measurement.
    pub nodes: Vec<usize>,
    /// Some are references.
    pub mixed: bool,
    /// So many of them.
    pub references: Option<usize>,
    /// All are references.
    pub reference: bool,
    /// Quorums given one by one; they replace the four above.
    pub quorums: Vec<Quorum>,
    /// Names of networks.
    pub networks: Option<Vec<String>>,
    /// Names of disks.
    pub disks: Option<Vec<String>>,
    /// Conditions on the labels of cells.
    pub only: Vec<(String, String)>,
    /// Rounds a cell.
    pub rounds: u64,
    /// The seed of the first round.
    pub seed: u64,
    /// Switches of the cores.
    pub features: Features,
    /// Switches that are measured both ways, in every combination; those of one entry together.
    pub compare: Vec<Vec<String>>,
    /// Replicas of the group.
    pub replicas: usize,
    /// `down-after-milliseconds`.
    pub down_after: Option<u64>,
    /// `failover-timeout`.
    pub failover_timeout: Option<u64>,
    /// Threads.
    pub jobs: usize,
    /// Where to write all figures.
    pub json: Option<String>,
    /// Show when each step happened.
    pub steps: bool,
    /// Show what happened in the first round of each cell.
    pub trace: bool,
}

impl Options {
    /// What is measured by default.
    pub fn of(what: Measurement) -> Self {
        Options {
            what,
            nodes: Vec::new(),
            mixed: false,
            references: None,
            reference: false,
            quorums: Vec::new(),
            networks: None,
            disks: None,
            only: Vec::new(),
            rounds: 200,
            seed: 0,
            features: Features::default(),
            compare: Vec::new(),
            replicas: 2,
            down_after: None,
            failover_timeout: None,
            jobs: 1,
            json: None,
            steps: false,
            trace: false,
        }
    }

    /// Reads the words after `measure`; `None` if they make no sense.
    pub fn parse(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let mut options = Options::of(Measurement::of(&words.next()?)?);
        let mut rounds = None;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--nodes" => options.nodes = numbers(&words.next()?)?,
                "--mixed" => options.mixed = true,
                "--references" => {
                    options.mixed = true;
                    options.references = Some(words.next()?.parse().ok()?);
                }
                "--reference" => options.reference = true,
                "--quorums" => options.quorums = quorums(&words.next()?)?,
                "--network" => {
                    options.networks = Some(known(&words.next()?, &NETWORKS.map(|n| n.name))?);
                }
                "--disk" => options.disks = Some(known(&words.next()?, &DISKS.map(|d| d.name))?),
                "--only" => {
                    for condition in list(&words.next()?) {
                        let (name, value) = condition.split_once('=')?;
                        options.only.push((name.to_owned(), value.to_owned()));
                    }
                }
                "--rounds" => rounds = Some(words.next()?.parse().ok()?),
                "--seed" => {
                    options.seed = words.next()?.parse().ok()?;
                    options.rounds = 1;
                }
                "--with" => switch(&mut options.features, &words.next()?, true)?,
                "--without" => switch(&mut options.features, &words.next()?, false)?,
                "--compare" => options.compare = compared(&words.next()?)?,
                "--replicas" => options.replicas = words.next()?.parse().ok()?,
                "--down-after" => options.down_after = Some(words.next()?.parse().ok()?),
                "--failover-timeout" => {
                    options.failover_timeout = Some(words.next()?.parse().ok()?);
                }
                "--jobs" => options.jobs = words.next()?.parse().ok()?,
                "--json" => options.json = Some(words.next()?),
                "--steps" => options.steps = true,
                "--trace" => options.trace = true,
                _ => return None,
            }
        }
        options.rounds = rounds.unwrap_or(options.rounds);
        let sensible = options.rounds > 0
            && options.replicas > 0
            && options.nodes.iter().all(|n| (1..=50).contains(n));
        sensible.then_some(options)
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

fn numbers(text: &str) -> Option<Vec<usize>> {
    text.split(',').map(|n| n.parse().ok()).collect()
}

fn quorums(text: &str) -> Option<Vec<Quorum>> {
    text.split(',')
        .map(|quorum| {
            let (cores, references) = quorum.split_once('+').unwrap_or((quorum, "0"));
            let (cores, references): (usize, usize) =
                (cores.parse().ok()?, references.parse().ok()?);
            (cores + references > 0).then_some(Quorum {
                nodes: cores + references,
                references,
            })
        })
        .collect()
}

fn known(text: &str, names: &[&str]) -> Option<Vec<String>> {
    let chosen = list(text);
    chosen
        .iter()
        .all(|c| names.contains(&c.as_str()))
        .then_some(chosen)
}

fn compared(text: &str) -> Option<Vec<Vec<String>>> {
    text.split(',')
        .map(|together| known(&together.replace('+', ","), &Features::NAMES))
        .collect()
}

fn switch(features: &mut Features, names: &str, on: bool) -> Option<()> {
    names
        .split(',')
        .all(|name| features.set(name, on))
        .then_some(())
}
