//! Hundreds and thousands of masters die in the same moment, as when a zone is lost.
//!
//! One replica each, so that rounds of all sizes do the same work a master.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

use super::Row;
use crate::finding::{Finding, Goal};
use crate::fleet::Fleet;
use crate::harness::Daemon;
use crate::options::Options;
use crate::turns;
use crate::watch::{Listener, Watch, wait_known};

pub const ROW: Row = Row {
    key: "mass",
    about: "Many masters die at once: until all three sentinels have published all new masters",
    run,
};

const REPLICAS: usize = 1;
const WATCH: Watch = Watch {
    quorum: 2,
    down_after: 1000,
    failover_timeout: 60_000,
};
/// For everything to be known and in use before the masters die.
const DISCOVERY: Duration = Duration::from_secs(120);
/// From then to the death: a sentinel treats connections of the first second otherwise (rsentinel
/// does not reconnect at once when such a one is lost), which is not what is measured here.
const SETTLE: Duration = Duration::from_secs(2);
/// How long to listen on: a needless second failover begins after `down-after`.
const LISTEN_ON: Duration = Duration::from_millis(WATCH.down_after + 500);

/// What one round gave.
#[derive(Debug)]
struct Round {
    /// Milliseconds from the first kill to the first `+switch-master` anywhere.
    first: f64,
    /// To the last one everywhere; none when some master was not published in time.
    all: Option<f64>,
    /// Masters published at all sentinels, and those that were not.
    published: usize,
    missing: usize,
    /// How long killing took, in milliseconds.
    killing: f64,
    /// Of all sentinels.
    attempts: usize,
    /// Of all sentinels, by channel.
    aborts: BTreeMap<String, usize>,
    tilts: usize,
    /// `+new-epoch` of the sentinel that announced most of them.
    epochs: usize,
}

fn run(options: &Options) -> Result<Vec<Finding>, String> {
    // For all new masters to be published.
    let limit = Duration::from_secs(options.pick(10, 60));
    let sizes: &[usize] = options.pick(&[50], &[100, 500, 1000, 2000]);
    let mut findings = Vec::new();
    for masters in sizes.iter().copied() {
        let [ours, reference] = if masters <= 500 {
            let turns = turns::take(1, |daemon| play(daemon, masters, limit))?;
            [turns.ours, turns.reference]
        } else {
            [vec![play(Daemon::Rsentinel, masters, limit)?], Vec::new()]
        };
        findings.extend(findings_of(masters, limit, [ours, reference]));
    }
    Ok(findings)
}

fn findings_of(masters: usize, limit: Duration, rounds: [Vec<Round>; 2]) -> Vec<Finding> {
    let of = |number: fn(&Round) -> Option<f64>| {
        rounds
            .each_ref()
            .map(|rounds| rounds.iter().filter_map(number).collect::<Vec<f64>>())
    };
    let title = |what: &str| format!("{masters} masters die: {what}");
    let goal = |goal| {
        if masters <= 1000 {
            vec![goal]
        } else {
            Vec::new()
        }
    };
    let limit = limit.as_secs();
    let mut all = Finding::of_rounds(
        title("all published, from the kill (down-after 1000 ms included)"),
        "ms",
        of(|round| round.all),
        goal(Goal::AtMost(5000.0)),
    );
    for (name, round) in ["rsentinel", "redis-sentinel"].iter().zip(&rounds) {
        for round in round {
            all.notes.push(format!(
                "{name}: {} of {masters} published within {limit} s; +try-failover {}, {:?}, +new-epoch {}; killing took {:.0} ms",
                round.published,
                round.attempts,
                round.aborts,
                round.epochs,
                round.killing
            ));
        }
    }
    vec![
        all,
        Finding::of_rounds(
            title(&format!("not published everywhere within {limit} s")),
            "masters",
            of(|round| Some(round.missing as f64)),
            goal(Goal::AtMost(0.0)),
        ),
        Finding::of_rounds(
            title("first published"),
            "ms",
            of(|round| Some(round.first)),
            Vec::new(),
        ),
        Finding::of_rounds(
            title("+try-failover per master"),
            "events",
            of(|round| Some(round.attempts as f64)).map(|all| {
                all.into_iter()
                    .map(|attempts| attempts / masters as f64)
                    .collect()
            }),
            Vec::new(),
        ),
        Finding::of_rounds(
            title("+tilt"),
            "events",
            of(|round| Some(round.tilts as f64)),
            vec![Goal::AtMost(0.0)],
        ),
    ]
}

fn play(daemon: Daemon, masters: usize, limit: Duration) -> Result<Round, String> {
    let directory = TempDir::new().map_err(|error| error.to_string())?;
    let mut fleet = Fleet::start(masters, REPLICAS)?;
    let sentinels: Vec<_> = (0..3)
        .map(|_| WATCH.start(daemon, directory.path(), &fleet))
        .collect();
    let known_after = wait_known(&mut fleet, &sentinels, DISCOVERY)?;
    println!("   {daemon:?}: {masters} masters known after {known_after:.1} s");
    let listeners = sentinels
        .iter()
        .map(|sentinel| Listener::start(sentinel.port()))
        .collect::<Result<Vec<_>, _>>()?;
    std::thread::sleep(SETTLE);
    let kill = fleet.kill(0..masters)?;
    let deadline = Instant::now() + limit;
    let switched = |listener: &Listener| listener.count(|channel| channel == "+switch-master");
    while Instant::now() < deadline
        && listeners
            .iter()
            .any(|listener| switched(listener) < masters)
    {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(LISTEN_ON);
    let killing = kill.ended.duration_since(kill.began).unwrap_or_default();
    Ok(judge(
        &listeners,
        kill.began,
        masters,
        limit,
        killing.as_secs_f64() * 1000.0,
    ))
}

/// The figures of what was heard.
fn judge(
    listeners: &[Listener],
    killed: SystemTime,
    masters: usize,
    limit: Duration,
    killing: f64,
) -> Round {
    let limit = limit.as_secs_f64() * 1000.0;
    // For each master, when each sentinel first published it.
    let mut published = BTreeMap::<String, Vec<f64>>::new();
    for listener in listeners {
        let mut here = BTreeMap::new();
        for heard in listener.heard() {
            let after = heard.ms_since(killed);
            if heard.channel == "+switch-master" && after <= limit {
                let name = heard.payload.split(' ').next().unwrap_or_default();
                here.entry(name.to_owned()).or_insert(after);
            }
        }
        for (name, after) in here {
            published.entry(name).or_default().push(after);
        }
    }
    let everywhere = published
        .values()
        .filter(|times| times.len() == listeners.len());
    let everywhere = everywhere.count();
    let times = published.values().flatten().copied();
    let count = |is: &dyn Fn(&str) -> bool| -> usize {
        listeners.iter().map(|listener| listener.count(is)).sum()
    };
    let mut aborts = BTreeMap::new();
    for heard in listeners.iter().flat_map(Listener::heard) {
        if heard.channel.starts_with("-failover-abort") {
            *aborts.entry(heard.channel).or_default() += 1;
        }
    }
    let epochs = listeners
        .iter()
        .map(|listener| listener.count(|channel| channel == "+new-epoch"));
    Round {
        first: times.clone().fold(f64::INFINITY, f64::min),
        all: (everywhere == masters).then(|| times.fold(0.0, f64::max)),
        published: everywhere,
        missing: masters - everywhere,
        killing,
        attempts: count(&|channel| channel == "+try-failover"),
        aborts,
        tilts: count(&|channel| channel == "+tilt"),
        epochs: epochs.max().unwrap_or_default(),
    }
}
