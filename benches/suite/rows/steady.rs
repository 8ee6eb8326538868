//! A thousand masters with two replicas each, and nothing happens: what that costs, and whether
//! the period of PINGs holds.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Row;
use crate::cpu;
use crate::finding::{Finding, Goal};
use crate::fleet::Fleet;
use crate::harness::Daemon;
use crate::machine::resident_kib;
use crate::options::Options;
use crate::quantiles::Quantile;
use crate::turns;
use crate::watch::{Watch, wait_known};

pub const ROW: Row = Row {
    key: "steady",
    about: "One sentinel over 1000 masters with 2 replicas each (quick: 100), nothing happens",
    run,
};

const REPLICAS: usize = 2;
/// Both daemons send a PING a second.
const WATCH: Watch = Watch {
    quorum: 2,
    down_after: 30_000,
    failover_timeout: 180_000,
};
/// For everything to be known.
const DISCOVERY: Duration = Duration::from_secs(120);

struct Round {
    /// From before the process is made until every server is in use, in ms.
    in_use: f64,
    /// Milliseconds of processor time a second.
    cpu: f64,
    resident_mib: f64,
    files: f64,
    /// Milliseconds.
    gaps: Vec<f64>,
}

fn run(options: &Options) -> Result<Vec<Finding>, String> {
    let masters = options.pick(100, 1000);
    // Whole periods of INFO, which every server is asked each 10 s.
    let span = Duration::from_secs(options.pick(2, 20));
    let turns = turns::take(1, |daemon| play(daemon, masters, span))?;
    let servers = masters * (1 + REPLICAS);
    let seconds = span.as_secs();
    Ok(vec![
        Finding::of_rounds(
            format!("From the start until all {servers} servers are in use (PING and SUBSCRIBE)"),
            "ms",
            turns.map(|round| round.in_use),
            vec![Goal::Below(Quantile::Max, 3000.0)],
        ),
        Finding::of_rounds(
            format!("{servers} servers: processor time of the sentinel, over {seconds} s"),
            "ms/s",
            turns.map(|round| round.cpu),
            vec![Goal::RatioAtMost(Quantile::Median, 0.8)],
        ),
        Finding::of_rounds(
            format!("{servers} servers: resident memory"),
            "MiB",
            turns.map(|round| round.resident_mib),
            vec![Goal::RatioAtMost(Quantile::Median, 1.0)],
        ),
        Finding::of_samples(
            format!("{servers} servers: between two PINGs of a connection, as masters see it"),
            "ms",
            turns.map(|round| round.gaps.clone()),
            vec![Goal::Below(Quantile::P99, 1010.0)],
        )
        .note("nominal: 1000 ms, both daemons"),
        Finding::of_rounds(
            format!("{servers} servers: open files"),
            "files",
            turns.map(|round| round.files),
            Vec::new(),
        ),
    ])
}

fn play(daemon: Daemon, masters: usize, span: Duration) -> Result<Round, String> {
    let directory = TempDir::new().map_err(|error| error.to_string())?;
    let mut fleet = Fleet::start(masters, REPLICAS)?;
    let began = Instant::now();
    let mut sentinel = WATCH.start(daemon, directory.path(), &fleet);
    while fleet.in_use_by(1)? < fleet.servers() {
        if began.elapsed() > DISCOVERY {
            let used = fleet.in_use_by(1)?;
            return Err(format!("{used} servers in use after {DISCOVERY:?}"));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let in_use = began.elapsed().as_secs_f64() * 1000.0;
    wait_known(&mut fleet, std::slice::from_ref(&sentinel), DISCOVERY)?;
    // What has just been learnt may still be on its way to the disk.
    std::thread::sleep(Duration::from_secs(1));
    let process = sentinel.process().id();
    fleet.watch_pings()?;
    let (cpu, began) = (cpu::seconds(process)?, Instant::now());
    std::thread::sleep(span);
    let (cpu, took) = (cpu::seconds(process)? - cpu, began.elapsed());
    let gaps = fleet.ping_gaps()?;
    let resident = resident_kib(process).ok_or("the sentinel is gone")?;
    #[expect(clippy::cast_precision_loss)]
    Ok(Round {
        in_use,
        cpu: cpu * 1000.0 / took.as_secs_f64(),
        resident_mib: resident as f64 / 1024.0,
        files: sentinel.process().open_files() as f64,
        gaps,
    })
}
