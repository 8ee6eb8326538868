//! Clients that ask for long listings without a pause: whether the watching suffers.

use std::time::{Duration, Instant};

use rand::random_range;
use tempfile::TempDir;

use super::Row;
use crate::finding::{Finding, Goal};
use crate::fleet::{Fleet, Kill};
use crate::harness::Daemon;
use crate::load::Load;
use crate::options::Options;
use crate::pinging::Pinging;
use crate::quantiles::Quantile;
use crate::turns;
use crate::watch::{Listener, Watch, wait_known};

pub const ROW: Row = Row {
    key: "hammer",
    about: "500 clients loop SENTINEL MASTERS of 100 masters (quick: 100 of 20), masters die meanwhile",
    run,
};

const REPLICAS: usize = 2;
/// For everything to be known.
const DISCOVERY: Duration = Duration::from_secs(60);
/// A +sdown later than this does not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// The sizes of a round.
#[derive(Clone, Copy)]
struct Size {
    masters: usize,
    clients: usize,
    deaths: usize,
    /// Milliseconds.
    down_after: u64,
    /// All deaths lie within this, at random.
    dying: Duration,
}

struct Round {
    pings: Vec<f64>,
    /// From the death and down-after to +sdown, in ms.
    lateness: Vec<f64>,
    /// Beyond the daemon's own period, in ms.
    gaps: Vec<f64>,
    tilts: f64,
    /// Listings a second.
    served: f64,
}

fn run(options: &Options) -> Result<Vec<Finding>, String> {
    let size = options.pick(
        Size {
            masters: 20,
            clients: 100,
            deaths: 5,
            down_after: 1000,
            dying: Duration::from_secs(1),
        },
        Size {
            masters: 100,
            clients: 500,
            deaths: 10,
            down_after: 10_000,
            dying: Duration::from_secs(5),
        },
    );
    let turns = turns::take(1, |daemon| play(daemon, size))?;
    Ok(vec![
        Finding::of_samples(
            "PING of another client",
            "ms",
            turns.map(|round| round.pings.clone()),
            vec![Goal::Below(Quantile::P99, 20.0)],
        ),
        Finding::of_samples(
            "+sdown, beyond the death and down-after",
            "ms",
            turns.map(|round| round.lateness.clone()),
            vec![Goal::Below(Quantile::Max, 20.0)],
        )
        .note(format!(
            "down-after {} ms; the reference counts from the last reply before the death, up to its PING period earlier",
            size.down_after
        )),
        Finding::of_samples(
            "Between two PINGs of a connection to a master, beyond the daemon's period",
            "ms",
            turns.map(|round| round.gaps.clone()),
            vec![Goal::Below(Quantile::P99, 10.0)],
        )
        .note(format!(
            "periods: rsentinel {} ms, redis-sentinel {} ms",
            period(Daemon::Rsentinel, size.down_after),
            period(Daemon::Reference, size.down_after)
        )),
        Finding::of_rounds(
            "+tilt",
            "events",
            turns.map(|round| round.tilts),
            vec![Goal::AtMost(0.0)],
        ),
        Finding::of_rounds(
            "Listings answered",
            "1/s",
            turns.map(|round| round.served),
            Vec::new(),
        )
        .more_is_better(),
    ])
}

/// Milliseconds between PINGs.
fn period(daemon: Daemon, down_after: u64) -> u64 {
    match daemon {
        Daemon::Rsentinel => (down_after / 10).clamp(50, 1000),
        Daemon::Reference => down_after.min(1000),
    }
}

fn play(daemon: Daemon, size: Size) -> Result<Round, String> {
    let watch = Watch {
        quorum: 2,
        down_after: size.down_after,
        failover_timeout: 60_000,
    };
    let directory = TempDir::new().map_err(|error| error.to_string())?;
    let mut fleet = Fleet::start(size.masters, REPLICAS)?;
    let mut sentinel = watch.start(daemon, directory.path(), &fleet);
    wait_known(&mut fleet, std::slice::from_ref(&sentinel), DISCOVERY)?;
    let listener = Listener::start(sentinel.port())?;
    let (process, port) = (sentinel.process().id(), sentinel.port());
    let load = Load {
        words: &["SENTINEL", "MASTERS"],
        connections: size.clients,
        pipeline: 1,
    };
    // To the last +sdown and a little more.
    let down_after = Duration::from_millis(size.down_after);
    let duration = Duration::from_secs(1) + size.dying + down_after + Duration::from_millis(200);
    let (served, kills, pings, gaps) = std::thread::scope(|scope| {
        let loading = scope.spawn(move || load.run(process, port, duration));
        // All clients are connected and under way.
        std::thread::sleep(Duration::from_secs(1));
        fleet.watch_pings()?;
        let pinging = Pinging::start(port)?;
        let kills = kill_some(&mut fleet, size)?;
        let served = loading.join().map_err(|_| "a panic of the load")??;
        Ok::<_, String>((
            served.per_second,
            kills,
            pinging.stop()?,
            fleet.ping_gaps()?,
        ))
    })?;
    #[expect(clippy::cast_precision_loss)]
    let period = period(daemon, size.down_after) as f64;
    Ok(Round {
        pings,
        lateness: lateness(&listener, &kills, size.down_after)?,
        gaps: gaps.into_iter().map(|gap| gap - period).collect(),
        tilts: listener.count(|channel| channel == "+tilt") as f64,
        served,
    })
}

/// Kills the first masters one after the other, at random instants.
fn kill_some(fleet: &mut Fleet, size: Size) -> Result<Vec<Kill>, String> {
    let began = Instant::now();
    let mut instants: Vec<Duration> = (0..size.deaths)
        .map(|_| random_range(Duration::ZERO..size.dying))
        .collect();
    instants.sort();
    let mut kills = Vec::new();
    for (index, instant) in instants.into_iter().enumerate() {
        std::thread::sleep(instant.saturating_sub(began.elapsed()));
        kills.push(fleet.kill(index..index + 1)?);
    }
    Ok(kills)
}

/// Of each death, in ms.
fn lateness(listener: &Listener, kills: &[Kill], down_after: u64) -> Result<Vec<f64>, String> {
    let deadline = Instant::now() + PATIENCE;
    let is_down = |index: usize| {
        let payload = format!("master m{index} ");
        let mut heard = listener.heard().into_iter();
        heard.find(|heard| heard.channel == "+sdown" && heard.payload.starts_with(&payload))
    };
    let mut times = Vec::new();
    for (index, kill) in kills.iter().enumerate() {
        let heard = loop {
            match is_down(index) {
                Some(heard) => break heard,
                None if Instant::now() > deadline => {
                    return Err(format!("no +sdown of m{index} within {PATIENCE:?}"));
                }
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        #[expect(clippy::cast_precision_loss)]
        times.push(heard.ms_since(kill.ended) - down_after as f64);
    }
    Ok(times)
}
