//! The table and the JSON.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::Daemon;
use crate::machine::{Facts, Memory};
use crate::options::Options;
use crate::round::Outcome;
use crate::steps::{Event, Step, Steps};

/// A round of each daemon, one right after the other.
pub struct Pair {
    pub ours: Outcome,
    pub reference: Outcome,
}

impl Pair {
    /// With the daemon's name, ours first.
    fn both(&self) -> [(Daemon, &Outcome); 2] {
        [
            (Daemon::Rsentinel, &self.ours),
            (Daemon::Reference, &self.reference),
        ]
    }
}

impl Outcome {
    fn steps(&self) -> Option<&Steps> {
        match self {
            Outcome::Done(steps, _) => Some(steps),
            Outcome::Failed { .. } => None,
        }
    }
}

fn name(daemon: Daemon) -> &'static str {
    match daemon {
        Daemon::Rsentinel => "rsentinel",
        Daemon::Reference => "redis-sentinel",
    }
}

/// What the numbers of a round's line are.
pub fn print_steps() {
    println!(
        "Each round, in milliseconds less down-after: {}",
        Step::ALL.map(Step::title).join(", ")
    );
}

/// One line (more when something is odd) for each daemon of a pair.
pub fn print_round(number: usize, pair: &Pair, down_after: Duration) {
    for (daemon, outcome) in pair.both() {
        let name = name(daemon);
        match outcome {
            Outcome::Done(steps, _) => {
                let times =
                    Step::ALL.map(|step| format!("{:>7.1}", steps.beyond(step, down_after)));
                println!(
                    "round {number:>2}  {name:<14} {}  led by {}",
                    times.join(" "),
                    steps.leader
                );
                for oddity in &steps.oddities {
                    println!("          odd: {oddity}");
                }
            }
            Outcome::Failed {
                reason,
                logs,
                events,
            } => {
                println!("round {number:>2}  {name:<14}  FAILED: {reason}");
                for event in events {
                    println!("          {}", told(event));
                }
                print!("{logs}");
            }
        }
    }
}

fn told(event: &Event) -> String {
    format!(
        "{:>9.1} ms  sentinel {}  {} {}",
        event.after.as_secs_f64() * 1000.0,
        event.sentinel,
        event.name,
        event.text
    )
}

/// Everything at the end.
pub fn print(facts: &Facts, memory: &[Memory], pairs: &[Pair], down_after: Duration) {
    println!(
        "\nMilliseconds from the fault, less down-after ({} ms):\n",
        down_after.as_millis()
    );
    println!(
        "{:<32} {:^35}   {:^35}   redis-sentinel / rsentinel",
        "",
        name(Daemon::Rsentinel),
        name(Daemon::Reference)
    );
    let columns = format!(
        "{:>3} {:>7} {:>7} {:>7} {:>7}",
        "n", "min", "median", "p90", "max"
    );
    println!(
        "{:<32} {columns}   {columns}   {:>8}  paired rounds",
        "step", "medians"
    );
    for step in Step::ALL {
        let row = Row::of(step, pairs, down_after);
        let ratio = row
            .ratio
            .map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.1}"));
        let spread = row.spread.map_or_else(
            || "-".to_owned(),
            |(least, most)| format!("{least:.1} .. {most:.1}"),
        );
        println!(
            "{:<32} {}   {}   {ratio:>8}  {spread}",
            step.title(),
            cells(row.ours.as_ref()),
            cells(row.reference.as_ref()),
        );
    }
    println!();
    for (daemon, rounds) in [
        (Daemon::Rsentinel, failed(pairs, |pair| &pair.ours)),
        (Daemon::Reference, failed(pairs, |pair| &pair.reference)),
    ] {
        println!(
            "{}: {} of {} rounds failed; {} rounds with oddities",
            name(daemon),
            rounds.0,
            pairs.len(),
            rounds.1
        );
    }
    for Memory {
        daemon,
        resident_kib,
    } in memory
    {
        println!(
            "{}: resident memory of three idle sentinels {resident_kib:?} KiB",
            name(*daemon)
        );
    }
    println!(
        "rsentinel: program of {} bytes\nLoad averages: {} before, {} after",
        facts.binary_size, facts.load_before, facts.load_after
    );
}

/// How many rounds failed, and how many were odd.
fn failed(pairs: &[Pair], side: impl Fn(&Pair) -> &Outcome) -> (usize, usize) {
    let steps: Vec<_> = pairs.iter().filter_map(|pair| side(pair).steps()).collect();
    let odd = steps.iter().filter(|steps| !steps.oddities.is_empty());
    (pairs.len() - steps.len(), odd.count())
}

/// A step in numbers.
struct Row {
    ours: Option<Numbers>,
    reference: Option<Numbers>,
    /// Of the medians; none when one of them is not after `down-after`.
    ratio: Option<f64>,
    /// The least and the greatest ratio among the pairs in which both are after `down-after`.
    spread: Option<(f64, f64)>,
}

impl Row {
    fn of(step: Step, pairs: &[Pair], down_after: Duration) -> Row {
        let beyond = |outcome: &Outcome| Some(outcome.steps()?.beyond(step, down_after));
        let ours = Numbers::of(pairs.iter().filter_map(|pair| beyond(&pair.ours)));
        let reference = Numbers::of(pairs.iter().filter_map(|pair| beyond(&pair.reference)));
        let ratio =
            |reference: f64, ours: f64| (reference > 0.0 && ours > 0.0).then_some(reference / ours);
        let of_medians = match (&ours, &reference) {
            (Some(ours), Some(reference)) => ratio(reference.median, ours.median),
            _ => None,
        };
        let of_pairs = Numbers::of(
            pairs
                .iter()
                .filter_map(|pair| ratio(beyond(&pair.reference)?, beyond(&pair.ours)?)),
        );
        Row {
            ours,
            reference,
            ratio: of_medians,
            spread: of_pairs.map(|numbers| (numbers.min, numbers.max)),
        }
    }
}

/// A series in five numbers.
struct Numbers {
    count: usize,
    min: f64,
    median: f64,
    p90: f64,
    max: f64,
}

impl Numbers {
    /// None of an empty series.
    fn of(series: impl Iterator<Item = f64>) -> Option<Numbers> {
        let mut sorted: Vec<f64> = series.collect();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let median = f64::midpoint(sorted[(count - 1) / 2], sorted[count / 2]);
        // The nearest rank: the least value that nine tenths do not exceed.
        let p90 = sorted[(count * 9).div_ceil(10) - 1];
        Some(Numbers {
            count,
            min,
            median,
            p90,
            max,
        })
    }

    fn json(&self) -> Value {
        json!({
            "n": self.count, "min": self.min, "median": self.median, "p90": self.p90, "max": self.max,
        })
    }
}

fn cells(numbers: Option<&Numbers>) -> String {
    let Some(Numbers {
        count,
        min,
        median,
        p90,
        max,
    }) = numbers
    else {
        return format!("{:>3} {:>7} {:>7} {:>7} {:>7}", 0, "-", "-", "-", "-");
    };
    format!("{count:>3} {min:>7.1} {median:>7.1} {p90:>7.1} {max:>7.1}")
}

/// The same, and every event, for other programs.
pub fn json(options: &Options, facts: &Facts, memory: &[Memory], pairs: &[Pair]) -> String {
    let steps: Vec<_> = Step::ALL
        .iter()
        .map(|step| {
            let row = Row::of(*step, pairs, options.down_after);
            json!({
                "step": step.key(),
                "rsentinel_ms_beyond_down_after": row.ours.map(|numbers| numbers.json()),
                "redis_sentinel_ms_beyond_down_after": row.reference.map(|numbers| numbers.json()),
                "ratio_of_medians": row.ratio,
                "ratio_of_paired_rounds_min_max": row.spread,
            })
        })
        .collect();
    let memory: Vec<_> = memory
        .iter()
        .map(|memory| {
            json!({"daemon": name(memory.daemon), "idle_resident_kib": memory.resident_kib})
        })
        .collect();
    let rounds: Vec<_> = pairs
        .iter()
        .enumerate()
        .flat_map(|(index, pair)| {
            pair.both()
                .map(|(daemon, outcome)| round_json(index + 1, daemon, outcome))
        })
        .collect();
    let whole = json!({
        "rounds": options.rounds,
        "fault": options.fault.word(),
        "down_after_ms": u64::try_from(options.down_after.as_millis()).ok(),
        "machine": {
            "processor": facts.processor,
            "processors": facts.processors,
            "memory_mib": facts.memory_mib,
            "kernel": facts.kernel,
            "file_system": facts.file_system,
            "durable_write_ms_median": facts.write_ms.0,
            "durable_write_ms_max": facts.write_ms.1,
            "load_before": facts.load_before,
            "load_after": facts.load_after,
        },
        "redis": facts.redis,
        "rsentinel": {
            "version": env!("CARGO_PKG_VERSION"),
            "debug": facts.is_debug,
            "binary_bytes": facts.binary_size,
        },
        "memory": memory,
        "steps": steps,
        "outcomes": rounds,
    });
    format!("{whole:#}\n")
}

fn round_json(number: usize, daemon: Daemon, outcome: &Outcome) -> Value {
    let (result, events) = match outcome {
        Outcome::Done(steps, events) => {
            let times: serde_json::Map<_, _> = Step::ALL
                .iter()
                .map(|step| (step.key().to_owned(), json!(millis(steps.at(*step)))))
                .collect();
            let done = json!({
                "leader": steps.leader,
                "ms_since_fault": times,
                "oddities": steps.oddities,
            });
            (done, events)
        }
        Outcome::Failed { reason, events, .. } => (json!({ "failed": reason }), events),
    };
    let events: Vec<_> = events
        .iter()
        .map(|event| json!([millis(event.after), event.sentinel, event.name, event.text]))
        .collect();
    json!({"round": number, "daemon": name(daemon), "result": result, "events": events})
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
