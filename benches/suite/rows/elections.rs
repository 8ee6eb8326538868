//! The first election of a failover: does it give a leader?

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::Row;
use crate::failover::steps::{Event, Story};
use crate::failover::{Fault, Shape, round, stage};
use crate::finding::{Finding, Goal};
use crate::harness::Daemon;
use crate::options::Options;
use crate::quantiles::Quantile::Max;

/// The row of the table.
pub const ROW: Row = Row {
    key: "elections",
    about: "5 sentinels, quorum 3, the master is killed: first elections that give no leader",
    run: elections,
};

/// Clusters made ready at a time.
const AT_ONCE: usize = 12;
/// Rounds of the simulator for each manner of death.
const SIMULATED: u64 = 300;

fn elections(options: &Options) -> Result<Vec<Finding>, String> {
    let shape = Shape {
        sentinels: 5,
        quorum: 3,
        ..Shape::usual(options.quick)
    };
    let rounds = options.pick([2, 1], [50, 10]);
    let turns = stage::play(
        rounds,
        AT_ONCE,
        &shape,
        |stage| {
            let mut struck = round::strike(stage, Fault::Kill)?;
            round::wait_switched(stage, &mut struck)?;
            Ok(struck)
        },
        |stage, struck| first_failed(&round::listen(stage, &struck, Duration::ZERO)),
    )?;
    let failed = turns.map(|failed| *failed);
    let mut finding = share_of(
        "failed first elections",
        failed.each_ref().map(|rounds| {
            let failed = rounds.iter().filter(|failed| **failed).count();
            (failed as u64, rounds.len() as u64)
        }),
        vec![Goal::Below(Max, 1.0)],
    );
    finding.notes.extend(turns.failure_note());
    let mut findings = vec![finding];
    // The simulator may have to be built first.
    if !options.quick {
        findings.extend(simulated()?);
    }
    Ok(findings)
}

/// Whether nobody was elected in the first epoch in which anybody voted.
fn first_failed(story: &Story) -> Result<bool, String> {
    // "<id> <epoch>"
    let epoch = |vote: &Event| vote.text.split(' ').nth(1)?.parse::<u64>().ok();
    let votes = || story.named("+vote-for-leader");
    let first = votes().filter_map(epoch).min().ok_or("nobody voted")?;
    let elected = story.named("+elected-leader").next();
    let elected = elected.ok_or("nobody was elected")?;
    // Its own vote is the last one it announced before.
    let own = votes()
        .filter(|vote| vote.sentinel == elected.sentinel && vote.after <= elected.after)
        .filter_map(epoch)
        .last()
        .ok_or("the leader did not vote")?;
    Ok(own != first)
}

/// A share in percent, of so many of so many, for both daemons.
#[expect(clippy::cast_precision_loss)]
fn share_of(title: &str, counts: [(u64, u64); 2], goals: Vec<Goal>) -> Finding {
    let share = counts.map(|(so, of)| vec![100.0 * so as f64 / of as f64]);
    let [ours, reference] = counts.map(|(so, of)| format!("{so} of {of}"));
    Finding::of_rounds(title, "%", share, goals)
        .note(format!("rsentinel {ours}, redis-sentinel {reference}"))
}

/// The same by the simulator: the real core, and a model of redis-sentinel.
fn simulated() -> Result<Vec<Finding>, String> {
    let ours = simulate(Daemon::Rsentinel)?;
    let reference = simulate(Daemon::Reference)?;
    let about = |what: &str| format!("{what}, simulated (redis-sentinel: a model of it)");
    let counts = |figure: &str| -> Result<[(u64, u64); 2], String> {
        Ok([count(&ours, figure)?, count(&reference, figure)?])
    };
    Ok(vec![
        share_of(
            &about("failed first elections"),
            counts("lost")?,
            vec![Goal::Below(Max, 1.0)],
        ),
        share_of(
            &about("several candidates in one epoch"),
            counts("split")?,
            Vec::new(),
        ),
    ])
}

/// All figures of so many simulated deaths.
fn simulate(daemon: Daemon) -> Result<Value, String> {
    let directory = TempDir::new().map_err(|error| error.to_string())?;
    let path = directory.path().join("simulated.json");
    let rounds = SIMULATED.to_string();
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["run", "--release", "--quiet", "--package", "sim", "--"])
        .args(["measure", "death", "--nodes", "5", "--rounds", &rounds])
        .args(["--network", "lan", "--disk", "quick", "--down-after", "500"])
        .arg("--json")
        .arg(&path);
    if daemon == Daemon::Reference {
        command.arg("--reference");
    }
    let status = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::null())
        .status()
        .map_err(|error| format!("the simulator does not start: {error}"))?;
    if !status.success() {
        return Err(format!("the simulator ended with {status}"));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// In how many rounds, of how many, something was so: of all cells.
fn count(figures: &Value, name: &str) -> Result<(u64, u64), String> {
    let cells = figures["cells"].as_array().into_iter().flatten();
    let counts = cells.map(|cell| {
        let figure = &cell["figures"][name];
        Some((figure["so"].as_u64()?, figure["of"].as_u64()?))
    });
    let counts: Option<Vec<(u64, u64)>> = counts.collect();
    let counts = counts.filter(|counts| !counts.is_empty());
    let counts = counts.ok_or_else(|| format!("the simulator says nothing of {name}"))?;
    let sum = |total: (u64, u64), (so, of): (u64, u64)| (total.0 + so, total.1 + of);
    Ok(counts.into_iter().fold((0, 0), sum))
}
