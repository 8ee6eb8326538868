//! The command line of the simulator: runs seeds, counts, and shows what broke.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use rsentinel::core::Features;
use rsentinel::core::notice::EventName;
use sim::liveness::Aim;
use sim::oracles::{Oracles, Violation};
use sim::run::Setup;
use sim::shape::Wishes;
use sim::shrink::shrink;
use sim::tally::Tally;

/// Every packet is an allocation or two: with this one a run takes an eighth less time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "usage: sim --seeds A..B | --seed N  [--nodes N] [--replicas N] [--masters N] \
[--mixed] [--calm] [--with NAME,...] [--without NAME,...] \
[--trace] [--jobs N] [--keep-going] [--no-shrink] [--most-slow PERCENT]
   or: sim measure WHAT ... (figures)";
/// Lines of a trace that are shown with a violation.
const LAST_LINES: usize = 200;
/// A failover in good order that takes longer than down-after and this, in ms, has lost an election.
const SLOW: u64 = 2_500;

struct Options {
    from: u64,
    to: u64,
    wishes: Wishes,
    trace: bool,
    jobs: usize,
    keep_going: bool,
    shrink: bool,
    most_slow: Option<u64>,
}

fn options() -> Option<Options> {
    let mut options = Options {
        from: 0,
        to: 0,
        wishes: Wishes::default(),
        trace: false,
        jobs: 1,
        keep_going: false,
        shrink: true,
        most_slow: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seeds" => {
                let range = words.next()?;
                let (from, to) = range.split_once("..")?;
                (options.from, options.to) = (from.parse().ok()?, to.parse().ok()?);
            }
            "--seed" => {
                options.from = words.next()?.parse().ok()?;
                options.to = options.from + 1;
            }
            "--nodes" => options.wishes.nodes = Some(words.next()?.parse().ok()?),
            "--replicas" => options.wishes.replicas = Some(words.next()?.parse().ok()?),
            "--masters" => options.wishes.masters = Some(words.next()?.parse().ok()?),
            "--jobs" => options.jobs = words.next()?.parse().ok()?,
            "--most-slow" => options.most_slow = Some(words.next()?.parse().ok()?),
            "--with" => switch(&mut options.wishes.features, &words.next()?, true)?,
            "--without" => switch(&mut options.wishes.features, &words.next()?, false)?,
            "--calm" => options.wishes.calm = true,
            "--mixed" => options.wishes.mixed = true,
            "--trace" => options.trace = true,
            "--keep-going" => options.keep_going = true,
            "--no-shrink" => options.shrink = false,
            _ => return None,
        }
    }
    (options.to > options.from).then_some(options)
}

/// Switches optional behaviours of the core: `early-retry,reassert`.
fn switch(features: &mut Features, names: &str, on: bool) -> Option<()> {
    names
        .split(',')
        .all(|name| features.set(name, on))
        .then_some(())
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    if words.next().as_deref() == Some("measure") {
        return sim::measure::main(words);
    }
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let started = Instant::now();
    let next = AtomicU64::new(options.from);
    let stop = AtomicBool::new(false);
    let total = Mutex::new(Tally::default());
    let broken: Mutex<Vec<(u64, u64, Violation)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                let mut tally = Tally::default();
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= options.to {
                        break;
                    }
                    let outcome = Setup::of_seed(seed, options.wishes).run(false);
                    let step = outcome.tally.turns;
                    tally.add(outcome.tally);
                    if let Some(violation) = outcome.violation {
                        if options.keep_going {
                            println!(
                                "seed {seed}: {} at step {step}, {} ms: {}",
                                violation.invariant, violation.at, violation.text
                            );
                        }
                        if let Ok(mut broken) = broken.lock() {
                            broken.push((seed, step, violation));
                        }
                        if !options.keep_going {
                            stop.store(true, Ordering::Relaxed);
                        }
                    }
                }
                if let Ok(mut total) = total.lock() {
                    total.add(tally);
                }
            });
        }
    });
    let seconds = started.elapsed().as_secs_f64();
    let done = next.load(Ordering::Relaxed).min(options.to) - options.from;
    let mut broken = broken.into_inner().unwrap_or_default();
    broken.sort_by_key(|(seed, ..)| *seed);
    let total = total.into_inner().unwrap_or_default();
    report(&total, done, seconds, broken.len());
    if options.trace && broken.is_empty() {
        show_trace(&Setup::of_seed(options.from, options.wishes), usize::MAX);
    }
    if let Some(most) = options.most_slow {
        let slow = total.recoveries.iter().filter(|ms| **ms > SLOW).count() as u64;
        let all = total.recoveries.len() as u64;
        if slow * 100 > most * all {
            println!("TOO SLOW: {slow} of {all} failovers in good order took more than {SLOW} ms");
            return ExitCode::FAILURE;
        }
    }
    let Some((seed, step, violation)) = broken.first() else {
        return ExitCode::SUCCESS;
    };
    show(&options, *seed, *step, violation);
    ExitCode::FAILURE
}

fn show(options: &Options, seed: u64, step: u64, violation: &Violation) {
    println!(
        "\nVIOLATION of {} at step {step}, {} ms: {}",
        violation.invariant, violation.at, violation.text
    );
    println!("seed {seed}; the same options with --seed {seed} reproduce it byte for byte");
    let whole = Setup::of_seed(seed, options.wishes);
    let small = if options.shrink {
        shrink(&whole, violation.invariant)
    } else {
        whole
    };
    println!(
        "\nshape: {:?}\nfaults until {} ms:",
        small.shape, small.heal_at
    );
    for fault in &small.faults {
        println!("  {:>7} {}: {:?}", fault.at, fault.name, fault.kind);
    }
    let lines = if options.trace {
        usize::MAX
    } else {
        LAST_LINES
    };
    show_trace(&small, lines);
}

fn show_trace(setup: &Setup, lines: usize) {
    let outcome = setup.run(true);
    let skipped = outcome.trace.len().saturating_sub(lines);
    println!("\ntrace ({skipped} earlier lines not shown):");
    for line in &outcome.trace[skipped..] {
        println!("{line}");
    }
    if let Some(v) = outcome.violation {
        println!(
            "{:>10} {} at step {}: {}",
            v.at, v.invariant, outcome.tally.turns, v.text
        );
    }
}

fn report(total: &Tally, done: u64, seconds: f64, broken: usize) {
    println!(
        "{done} seeds in {seconds:.1} s: {:.1} seeds/s, {:.0} virtual hours, {} turns, {broken} violations",
        done as f64 / seconds,
        total.virtual_ms as f64 / 3_600_000.0,
        total.turns
    );
    println!(
        "attempts {}, elected {}, failovers published {}, void or lost elections {}, switches {}, aborted otherwise {}",
        total.count(EventName::TryFailover),
        total.count(EventName::ElectedLeader),
        total.count(EventName::PromotedSlave),
        total.count(EventName::AbortNotElected),
        total.count(EventName::SwitchMaster),
        total.count(EventName::AbortSlaveTimeout) + total.count(EventName::AbortNoGoodSlave),
    );
    println!(
        "contested elections {}, of them split votes {}",
        total.contested_elections, total.split_votes
    );
    println!(
        "leaders elected beside a running failover: {}",
        total.beside_another
    );
    for (name, n) in &total.lines {
        println!("{name}: {n}");
    }
    if total.lasting_splits > 0 {
        println!(
            "runs that ended with a reference split off for good (its defects W7, W8): {}",
            total.lasting_splits
        );
    }
    if total.left_masterless > 0 {
        println!(
            "groups left without a master, because the rules let nobody be promoted: {}",
            total.left_masterless
        );
    }
    println!("faults ({} in all):", total.faults.values().sum::<u64>());
    for (name, n) in &total.faults {
        println!("  {n:>8} {name}");
    }
    println!("  {:>8} hellos doubled", total.duplicated_hellos);
    println!("invariants exercised:");
    let judged = Oracles::standard().exercised();
    for name in judged
        .into_iter()
        .map(|(name, _)| name)
        .chain(["L2"])
        .chain(Aim::ALL.map(Aim::name))
    {
        let n = total.exercised.get(name).copied().unwrap_or(0);
        let hole = if n == 0 { "  <- NEVER: a hole" } else { "" };
        let longest = total.longest.get(name);
        let longest = longest.map_or(String::new(), |ms| format!(", at most {ms} ms"));
        println!("  {n:>8} {name}{longest}{hole}");
    }
    let mut times = total.recoveries.clone();
    times.sort_unstable();
    if !times.is_empty() {
        let at = |p: usize| times[(times.len() - 1) * p / 100];
        println!(
            "time from down-after to the published new master in good order: median {} ms, p90 {}, p99 {}, greatest {}",
            at(50),
            at(90),
            at(99),
            times[times.len() - 1]
        );
    }
}
