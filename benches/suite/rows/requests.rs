//! Small requests: how many a second, and what one costs the daemon.

use std::time::Duration;

use crate::finding::{Finding, Goal};
use crate::harness::{Daemon, MASTER};
use crate::load::{Load, Served};
use crate::options::Options;
use crate::quantiles::Quantile;
use crate::serving::Serving;
use crate::turns;

use super::Row;

pub const ROW: Row = Row {
    key: "requests",
    about: "Small requests of 50 clients (daemon and clients share the machine)",
    run,
};

const CLIENTS: usize = 50;

/// What is asked, and its name in the table.
const ASKED: [(&str, &[&str]); 2] = [
    (
        "GET-MASTER-ADDR-BY-NAME",
        &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER],
    ),
    ("PING", &["PING"]),
];

/// Requests on the way together, and how many times the reference's rate is the goal.
const PIPELINES: [(usize, f64); 2] = [(1, 1.0), (16, 1.5)];

fn run(options: &Options) -> Result<Vec<Finding>, String> {
    let duration = options.pick(Duration::from_millis(500), Duration::from_secs(2));
    let turns = turns::take(options.pick(1, 5), |daemon| play(daemon, duration))?;
    let mut findings = Vec::new();
    let cases = ASKED
        .iter()
        .flat_map(|(name, _)| PIPELINES.map(|(pipeline, goal)| (name, pipeline, goal)));
    for (index, (name, pipeline, goal)) in cases.enumerate() {
        let what = format!("{name}, pipeline {pipeline}");
        findings.push(
            Finding::of_rounds(
                what.clone(),
                "requests/s",
                turns.map(|served| served[index].per_second),
                vec![Goal::RatioAtLeast(Quantile::Median, goal)],
            )
            .more_is_better(),
        );
        findings.push(Finding::of_rounds(
            format!("{what}: processor time of a request"),
            "µs",
            turns.map(|served| served[index].cpu_us),
            vec![Goal::RatioAtMost(Quantile::Median, 1.0)],
        ));
    }
    Ok(findings)
}

/// What each case gave, in the order of the table.
fn play(daemon: Daemon, duration: Duration) -> Result<Vec<Served>, String> {
    let mut serving = Serving::start(daemon, &[]);
    let (process, port) = (serving.sentinel.process().id(), serving.sentinel.port());
    let mut all = Vec::new();
    for (_, words) in ASKED {
        for (pipeline, _) in PIPELINES {
            let load = Load {
                words,
                connections: CLIENTS,
                pipeline,
            };
            all.push(load.run(process, port, duration)?);
        }
    }
    Ok(all)
}
