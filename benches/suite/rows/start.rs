//! From exec to the first PONG, and what an idle sentinel needs.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Row;
use crate::finding::{Finding, Goal};
use crate::harness::{Daemon, Process, free_port};
use crate::long_file;
use crate::machine::resident_kib;
use crate::options::Options;
use crate::quantiles::Quantile;
use crate::turns;

pub const ROW: Row = Row {
    key: "start",
    about: "From exec to the first PONG, and the memory of an idle sentinel",
    run,
};

const REPLICAS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two attempts: small against a start.
const LOOK: Duration = Duration::from_micros(200);
/// Before memory is read.
const REST: Duration = Duration::from_secs(2);

fn run(options: &Options) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    for (masters, rounds, goal) in [
        (1, options.pick(5, 20), 1.0),
        (1000, options.pick(1, 8), 0.3),
    ] {
        let turns = turns::take(rounds, |daemon| start(daemon, masters, None))?;
        findings.push(Finding::of_rounds(
            format!("First PONG, masters with {REPLICAS} replicas each in the file: {masters}"),
            "ms",
            turns.map(|round| round.0),
            vec![Goal::RatioAtMost(Quantile::Median, goal)],
        ));
    }
    let turns = turns::take(options.pick(1, 3), |daemon| start(daemon, 1, Some(REST)))?;
    findings.push(Finding::of_rounds(
        format!("Resident memory with 1 master, {} s after", REST.as_secs()),
        "MiB",
        turns.map(|round| round.1),
        vec![Goal::RatioAtMost(Quantile::Median, 1.0)],
    ));
    Ok(findings)
}

/// Milliseconds to the first PONG, and MiB after a rest.
fn start(daemon: Daemon, masters: usize, rest: Option<Duration>) -> Result<(f64, f64), String> {
    let directory = TempDir::new().map_err(|error| error.to_string())?;
    let directory = directory.path();
    let port = free_port();
    let file = directory.join("sentinel.conf");
    fs::write(&file, long_file::text(directory, port, masters, REPLICAS))
        .map_err(|error| error.to_string())?;
    let log = directory.join("sentinel.log");
    let began = Instant::now();
    let arguments = [file.display().to_string()];
    let mut process = Process::start(daemon.program(), &arguments, directory, &log);
    while !says_pong(port) {
        if began.elapsed() > PATIENCE || process.ended().is_some() {
            let log = fs::read_to_string(&log).unwrap_or_default();
            return Err(format!("{daemon:?} does not answer\n{log}"));
        }
        std::thread::sleep(LOOK);
    }
    let first = began.elapsed().as_secs_f64() * 1000.0;
    if let Some(rest) = rest {
        std::thread::sleep(rest);
    }
    let resident = resident_kib(process.id()).ok_or("the sentinel is gone")?;
    #[expect(clippy::cast_precision_loss)]
    Ok((first, resident as f64 / 1024.0))
}

/// Whether a new connection gets its answer.
fn says_pong(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 7];
        stream.read_exact(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    ask().is_ok_and(|answer| &answer == b"+PONG\r\n")
}
