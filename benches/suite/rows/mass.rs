//! Hundreds and thousands of masters die in the same moment, as when a zone is lost.
//!
//! One replica each, so that rounds of all sizes do the same work a master. The sentinels of both
//! kinds have met before, as those that lose a zone have: once all is known they are started
//! again, on the files that they have written. (In the first time after MONITOR, rsentinel
//! repeats a split vote later: there may be voters that it has not met.)

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use tempfile::TempDir;

use super::Row;
use crate::finding::{Finding, Goal};
use crate::fleet::Fleet;
use crate::harness::Daemon;
use crate::options::Options;
use crate::scale_curves::{self, Point};
use crate::turns;
use crate::watch::{Listener, Watch, wait_known};

pub const ROW: Row = Row {
    key: "mass",
    about: "Many masters die at once: until all three sentinels have published all new masters",
    run,
};

const REPLICAS: usize = 1;
/// The reference needs minutes for more.
const REFERENCE_AT_MOST: usize = 500;
/// Milliseconds beyond `down-after` within which up to 1000 new masters shall be published.
const GOAL: f64 = 4000.0;
/// In milliseconds. With less, the PINGs of three of our sentinels to thousands of servers (one
/// each tenth of this) are all that a machine with two processors can do.
const DOWN_AFTER: u64 = 5000;
/// With few masters it may be short.
const DOWN_AFTER_OF_QUICK: u64 = 1000;
/// For everything to be known and in use before the masters die.
const DISCOVERY: Duration = Duration::from_secs(120);
/// From then to the death: a sentinel treats connections of the first second otherwise (rsentinel
/// does not reconnect at once when such a one is lost), which is not what is measured here.
const SETTLE: Duration = Duration::from_secs(2);
/// How long to listen on beyond `down-after`: a needless second failover begins then.
const LISTEN_ON: Duration = Duration::from_millis(500);

/// A round to be played.
#[derive(Clone, Copy)]
struct Case {
    masters: usize,
    watch: Watch,
    /// From the kill on, for all new masters to be published.
    limit: Duration,
}

/// What one round gave.
#[derive(Debug)]
struct Round {
    /// Milliseconds from the first kill and `down-after` to the first `+switch-master` anywhere.
    first: Option<f64>,
    /// The same to the last sentinel's, of each master published at all of them.
    each: Vec<f64>,
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
    let down_after = options.pick(DOWN_AFTER_OF_QUICK, DOWN_AFTER);
    let watch = Watch {
        quorum: 2,
        down_after,
        failover_timeout: 60_000,
    };
    let limit = Duration::from_millis(down_after) + Duration::from_secs(options.pick(10, 60));
    let sizes: &[usize] = options.pick(&[30], &[100, 500, 1000, 2000]);
    let mut findings = Vec::new();
    let mut curves: [Vec<Point>; 2] = Default::default();
    for masters in sizes.iter().copied() {
        let case = Case {
            masters,
            watch,
            limit,
        };
        let mut rounds: [Vec<Round>; 2] = Default::default();
        let mut failures = Vec::new();
        for (place, daemon) in [Daemon::Rsentinel, Daemon::Reference]
            .into_iter()
            .enumerate()
        {
            if daemon == Daemon::Reference && masters > REFERENCE_AT_MOST {
                continue;
            }
            match turns::guarded(|| play(daemon, case)).and_then(|round| round) {
                Ok(round) => {
                    curves[place].push(round.point(case));
                    rounds[place].push(round);
                }
                Err(reason) => {
                    println!("   {masters} masters, {daemon:?}: {reason}");
                    failures.push(format!("the round of {daemon:?} failed: {reason:.300}"));
                }
            }
        }
        let mut found = findings_of(case, &rounds);
        found[0].notes.extend(failures);
        findings.extend(found);
    }
    if let Some(folder) = &options.pictures {
        let about = format!(
            "All masters die at once: 1 replica each, 3 sentinels, quorum 2, seconds beyond down-after {down_after} ms"
        );
        scale_curves::write(folder, &about, GOAL / 1000.0, &curves)?;
    }
    Ok(findings)
}

impl Round {
    fn point(&self, case: Case) -> Point {
        let limit = case.limit.as_secs_f64() - seconds(case.watch.down_after);
        Point {
            masters: case.masters,
            seconds: self.all.map_or(limit, |all| all / 1000.0),
            published: self.published,
        }
    }
}

/// Milliseconds in seconds.
#[expect(clippy::cast_precision_loss)]
fn seconds(millis: u64) -> f64 {
    millis as f64 / 1000.0
}

fn findings_of(case: Case, rounds: &[Vec<Round>; 2]) -> Vec<Finding> {
    let of = |number: fn(&Round) -> Option<f64>| {
        rounds
            .each_ref()
            .map(|rounds| rounds.iter().filter_map(number).collect::<Vec<f64>>())
    };
    let (masters, limit) = (case.masters, case.limit.as_secs());
    let title = |what: &str| format!("{masters} masters die: {what}");
    let goal = |goal| {
        if masters <= 1000 {
            vec![goal]
        } else {
            Vec::new()
        }
    };
    let mut all = Finding::of_rounds(
        title("all published, beyond down-after"),
        "ms",
        of(|round| round.all),
        goal(Goal::AtMost(GOAL)),
    );
    for (name, round) in ["rsentinel", "redis-sentinel"].iter().zip(rounds) {
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
        Finding::of_samples(
            title("each of those published, beyond down-after"),
            "ms",
            rounds
                .each_ref()
                .map(|rounds| rounds.iter().map(|round| round.each.clone()).collect()),
            Vec::new(),
        ),
        Finding::of_rounds(
            title("first published, beyond down-after"),
            "ms",
            of(|round| round.first),
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

fn play(daemon: Daemon, case: Case) -> Result<Round, String> {
    let directory = TempDir::new().map_err(|error| error.to_string())?;
    let Case {
        masters,
        watch,
        limit,
    } = case;
    let mut fleet = Fleet::start(masters, REPLICAS)?;
    let mut sentinels: Vec<_> = (0..3)
        .map(|_| watch.start(daemon, directory.path(), &fleet))
        .collect();
    wait_known(&mut fleet, &sentinels, DISCOVERY)?;
    std::thread::sleep(SETTLE);
    for sentinel in &mut sentinels {
        sentinel.restart();
    }
    let known_after = wait_known(&mut fleet, &sentinels, DISCOVERY)?;
    println!("   {daemon:?}: {masters} masters known again after {known_after:.1} s");
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
    std::thread::sleep(Duration::from_millis(watch.down_after) + LISTEN_ON);
    let killing = kill.ended.duration_since(kill.began).unwrap_or_default();
    let round = judge(&listeners, kill.began, case, killing.as_secs_f64() * 1000.0);
    println!(
        "   {daemon:?}: {} of {masters} published everywhere, +try-failover {}, {:?}",
        round.published, round.attempts, round.aborts
    );
    Ok(round)
}

/// The figures of what was heard.
fn judge(listeners: &[Listener], killed: SystemTime, case: Case, killing: f64) -> Round {
    let Case {
        masters,
        watch,
        limit,
    } = case;
    let due = killed + Duration::from_millis(watch.down_after);
    let end = killed + limit;
    // For each master, when each sentinel first published it.
    let mut published = BTreeMap::<String, Vec<f64>>::new();
    for listener in listeners {
        let mut here = BTreeMap::new();
        for heard in listener.heard() {
            let after = heard.ms_since(due);
            if heard.channel == "+switch-master" && heard.at <= end {
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
    let each: Vec<f64> = everywhere
        .filter_map(|times| times.iter().copied().max_by(f64::total_cmp))
        .collect();
    let everywhere = each.len();
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
        first: times.clone().min_by(f64::total_cmp),
        each,
        all: (everywhere == masters).then(|| times.fold(f64::NEG_INFINITY, f64::max)),
        published: everywhere,
        missing: masters - everywhere,
        killing,
        attempts: count(&|channel| channel == "+try-failover"),
        aborts,
        tilts: count(&|channel| channel == "+tilt"),
        epochs: epochs.max().unwrap_or_default(),
    }
}
