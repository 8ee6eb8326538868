//! A master dies, or stops answering: when is each step of the failover?

use std::time::Duration;

use super::Row;
use crate::failover::steps::{Step, Steps};
use crate::failover::{Fault, Shape, round, stage};
use crate::finding::{Finding, Goal};
use crate::options::Options;
use crate::quantiles::Quantile::{Median, P99};
use crate::timeline;
use crate::turns::Turns;

/// kill -9.
pub const KILL: Row = Row {
    key: "kill",
    about: "the master is killed: 2 replicas, 3 sentinels, quorum 2, down-after 500 ms",
    run: kill,
};

/// SIGSTOP: sockets stay open, nobody answers.
pub const STOP: Row = Row {
    key: "stop",
    about: "the master stops answering (SIGSTOP): the same cluster",
    run: stop,
};

/// Clusters made ready at a time.
const AT_ONCE: usize = 8;
/// Oddities of a round that are shown.
const SHOWN: usize = 3;

/// kill -9.
fn kill(options: &Options) -> Result<Vec<Finding>, String> {
    let (shape, turns) = play(options, Fault::Kill)?;
    if let Some(folder) = &options.pictures {
        timeline::write(folder, &turns, shape.down_after)?;
    }
    let step = |step: Step, goals: Vec<Goal>| finding("kill -9", step, &turns, &shape, goals);
    let mut findings = vec![
        step(
            Step::FirstWrite,
            vec![Goal::Below(Median, 40.0), Goal::Below(P99, 100.0)],
        ),
        step(Step::LastObserver, vec![Goal::Below(Median, 50.0)]),
        step(Step::Leader, vec![Goal::Below(Median, 150.0)]),
    ];
    let further = [
        Step::FirstSdown,
        Step::FirstOdown,
        Step::Elected,
        Step::Promoted,
        Step::FirstObserver,
    ];
    findings.extend(further.map(|further| step(further, Vec::new())));
    findings[0].notes = notes(&turns);
    Ok(findings)
}

/// SIGSTOP: sockets stay open, nobody answers.
fn stop(options: &Options) -> Result<Vec<Finding>, String> {
    let (shape, turns) = play(options, Fault::Stop)?;
    let step = |step: Step, goals: Vec<Goal>| finding("SIGSTOP", step, &turns, &shape, goals);
    let mut findings = vec![
        step(Step::FirstWrite, vec![Goal::Below(Median, 80.0)]),
        step(Step::LastObserver, Vec::new()),
        step(Step::Leader, Vec::new()),
    ];
    findings[0].notes = notes(&turns);
    Ok(findings)
}

fn play(options: &Options, fault: Fault) -> Result<(Shape, Turns<Steps>), String> {
    let shape = Shape::usual(options.quick);
    let rounds = options.pick(1, 20);
    // A needless second failover is one of the oddities; a quick run has no time for it.
    let on = options.pick(Duration::ZERO, shape.down_after + Duration::from_secs(1));
    let turns = stage::play(
        [rounds; 2],
        AT_ONCE,
        &shape,
        |stage| round::strike_and_write(stage, fault),
        |stage, struck| Steps::of(&round::listen(stage, &struck, on)),
    )?;
    Ok((shape, turns))
}

fn finding(
    fault: &str,
    step: Step,
    turns: &Turns<Steps>,
    shape: &Shape,
    goals: Vec<Goal>,
) -> Finding {
    let title = format!("{fault}: {}, beyond down-after", step.title());
    let times = turns.map(|steps| steps.beyond(step, shape.down_after));
    Finding::of_rounds(title, "ms", times, goals)
}

/// Failed rounds, and what was not as it should be.
fn notes(turns: &Turns<Steps>) -> Vec<String> {
    let mut notes: Vec<String> = turns.failure_note().into_iter().collect();
    for (name, rounds) in [
        ("rsentinel", &turns.ours),
        ("redis-sentinel", &turns.reference),
    ] {
        let odd = rounds.iter().filter(|steps| !steps.oddities.is_empty());
        let odd: Vec<&Steps> = odd.collect();
        if let Some(first) = odd.first() {
            let shown = first.oddities.iter().take(SHOWN).map(String::as_str);
            notes.push(format!(
                "{name}: {} of {} rounds with oddities; the first of them, {} in all: {}",
                odd.len(),
                rounds.len(),
                first.oddities.len(),
                shown.collect::<Vec<_>>().join("; ")
            ));
        }
    }
    notes
}
