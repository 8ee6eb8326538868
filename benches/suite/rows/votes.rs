//! A vote is answered when it is durable: what that takes with a short and with a long file.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Row;
use crate::finding::{Finding, Goal};
use crate::harness::{Client, Daemon, Sentinel, signal};
use crate::long_file;
use crate::options::Options;
use crate::quantiles::Quantile;
use crate::turns;

pub const ROW: Row = Row {
    key: "votes",
    about: "A vote in a new epoch (IS-MASTER-DOWN-BY-ADDR), from the question to the answer",
    run,
};

/// Of the candidate who asks.
const CANDIDATE: &str = "0123456789abcdef0123456789abcdef01234567";
/// Votes while system calls are counted.
const COUNTED: u64 = 20;

struct Round {
    /// Milliseconds of each vote.
    votes: Vec<f64>,
    /// The same, less a durable write of as many bytes right after it.
    beyond_disk: Vec<f64>,
    file_kib: f64,
    /// Renames and fsyncs (of all kinds) of a vote; none without strace.
    calls: Option<[f64; 2]>,
}

fn run(options: &Options) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for masters in [1, 1000] {
        let turns = turns::take(options.pick(1, 3), |daemon| {
            play(daemon, masters, options.pick(20, 100))
        })?;
        let file_kib = turns.ours.first().map_or(0.0, |round| round.file_kib);
        let title = |what: &str| match masters {
            1 => format!("1 master in the file: {what}"),
            _ => format!("{masters} masters in the file: {what}"),
        };
        findings.push(
            Finding::of_samples(
                title("a vote"),
                "ms",
                turns.map(|round| round.votes.clone()),
                vec![Goal::RatioAtMost(Quantile::Median, 0.5)],
            )
            .note(format!("the file of rsentinel has {file_kib:.1} KiB")),
        );
        let [ours, reference] = turns.map(|round| round.beyond_disk.clone());
        let reference = Quantile::Median.of(&reference.concat());
        findings.push(
            // A ratio of differences would say nothing.
            Finding::of_samples(
                title("a vote, beyond a durable write of the same size right after it"),
                "ms",
                [ours, Vec::new()],
                vec![Goal::Below(Quantile::Median, 3.0)],
            )
            .note(format!("redis-sentinel: p50 {reference:.2} ms")),
        );
        let calls = |place: usize| {
            let of = |rounds: &[Round]| -> Vec<f64> {
                let counted = rounds.iter().filter_map(|round| round.calls);
                counted.map(|calls| calls[place]).collect()
            };
            [of(&turns.ours), of(&turns.reference)]
        };
        if calls(0)[0].is_empty() {
            if let Some(last) = findings.last_mut() {
                last.notes
                    .push("strace is missing: rewrites not counted".to_owned());
            }
            continue;
        }
        findings.push(Finding::of_rounds(
            title("rewrites (renames) of a vote"),
            "calls",
            calls(0),
            vec![Goal::AtMost(1.0)],
        ));
        findings.push(Finding::of_rounds(
            title("fsync and fdatasync of a vote, files and folders"),
            "calls",
            calls(1),
            Vec::new(),
        ));
    }
    Ok(findings)
}

fn play(daemon: Daemon, masters: usize, count: u64) -> Result<Round, String> {
    let directory = TempDir::new().map_err(text)?;
    let mut sentinel = long_file::sentinel(daemon, directory.path(), masters, 0);
    let mut voter = Voter::connect(&sentinel)?;
    // The first one finds the file in whatever state the start left it.
    voter.vote()?;
    let size = fs::metadata(sentinel.file()).map_err(text)?.len();
    let size = usize::try_from(size).map_err(|error| error.to_string())?;
    let (mut votes, mut beyond_disk) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let vote = voter.vote()?;
        let disk = write_durably(directory.path(), size).map_err(text)?;
        votes.push(vote);
        beyond_disk.push(vote - disk);
    }
    #[expect(clippy::cast_precision_loss)]
    Ok(Round {
        votes,
        beyond_disk,
        file_kib: size as f64 / 1024.0,
        calls: count_calls(&mut sentinel, directory.path(), &mut voter)?,
    })
}

/// A candidate that asks in one new epoch after the other.
struct Voter {
    client: Client,
    epoch: u64,
}

impl Voter {
    fn connect(sentinel: &Sentinel) -> Result<Voter, String> {
        let client = Client::connect(sentinel.port()).map_err(text)?;
        Ok(Voter { client, epoch: 0 })
    }

    /// Milliseconds until the vote was there.
    fn vote(&mut self) -> Result<f64, String> {
        self.epoch += 1;
        let master = long_file::address(0, 0);
        let words = [
            "SENTINEL",
            "IS-MASTER-DOWN-BY-ADDR",
            &master.ip().to_string(),
            &master.port().to_string(),
            &self.epoch.to_string(),
            CANDIDATE,
        ];
        let asked = Instant::now();
        let answer = self.client.ask(&words).map_err(text)?;
        let took = asked.elapsed().as_secs_f64() * 1000.0;
        match answer.items() {
            [_, leader, epoch]
                if leader.text() == CANDIDATE && epoch.text() == self.epoch.to_string() =>
            {
                Ok(took)
            }
            _ => Err(format!("no vote in epoch {}: {answer}", self.epoch)),
        }
    }
}

/// Milliseconds of writing a file as a sentinel does.
fn write_durably(directory: &Path, size: usize) -> std::io::Result<f64> {
    let (new, old) = (directory.join("new"), directory.join("old"));
    let bytes = vec![b'#'; size];
    let began = Instant::now();
    let mut file = File::create(&new)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&new, &old)?;
    File::open(directory)?.sync_all()?;
    Ok(began.elapsed().as_secs_f64() * 1000.0)
}

/// Renames and fsyncs of a vote, of votes that nobody times; none without strace.
fn count_calls(
    sentinel: &mut Sentinel,
    directory: &Path,
    voter: &mut Voter,
) -> Result<Option<[f64; 2]>, String> {
    let (table, said) = (directory.join("strace"), directory.join("strace-said"));
    let strace = Command::new("strace")
        .args(["-f", "-c", "-o"])
        .arg(&table)
        .args([
            "-e",
            "trace=fsync,fdatasync,rename,renameat,renameat2",
            "-p",
        ])
        .arg(sentinel.process().id().to_string())
        .stdout(Stdio::null())
        .stderr(File::create(&said).map_err(text)?)
        .spawn();
    let Ok(mut strace) = strace else {
        return Ok(None);
    };
    // It says "attached" for each thread; then the votes may begin.
    let began = Instant::now();
    while !fs::read_to_string(&said).is_ok_and(|said| said.contains("attached")) {
        if began.elapsed() > Duration::from_secs(5) {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let votes = (0..COUNTED).try_for_each(|_| voter.vote().map(drop));
    signal(strace.id(), "INT");
    let _ = strace.wait();
    votes?;
    let table = fs::read_to_string(&table).map_err(text)?;
    Ok(read_table(&table))
}

/// The columns of `strace -c`: time, seconds, µs a call, calls, (errors,) name.
fn read_table(table: &str) -> Option<[f64; 2]> {
    let mut calls = [0.0; 2];
    for line in table.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (Some(count), Some(name)) = (words.get(3), words.last()) else {
            continue;
        };
        let place = match *name {
            name if name.starts_with("rename") => 0,
            "fsync" | "fdatasync" => 1,
            _ => continue,
        };
        calls[place] += count.parse::<f64>().ok()?;
    }
    #[expect(clippy::cast_precision_loss)]
    (calls[0] > 0.0).then(|| calls.map(|calls| calls / COUNTED as f64))
}

fn text(error: std::io::Error) -> String {
    error.to_string()
}
