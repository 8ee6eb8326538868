//! An operator's SENTINEL FAILOVER of a healthy master.

use std::time::Duration;

use super::Row;
use crate::failover::{Fault, Shape, millis, round, stage};
use crate::finding::{Finding, Goal};
use crate::options::Options;
use crate::quantiles::Quantile::Median;

/// The row of the table.
pub const ROW: Row = Row {
    key: "manual",
    about: "SENTINEL FAILOVER of a healthy master: the same cluster",
    run: manual,
};

/// Clusters made ready at a time.
const AT_ONCE: usize = 10;

/// From the request on.
struct Times {
    first_write: f64,
    last_switch: f64,
}

/// Asks one of the sentinels for it, and writes as soon as there is a new master.
fn manual(options: &Options) -> Result<Vec<Finding>, String> {
    let rounds = options.pick(1, 20);
    let turns = stage::play(
        [rounds; 2],
        AT_ONCE,
        &Shape::usual(options.quick),
        |stage| round::strike_and_write(stage, Fault::Manual),
        |stage, struck| {
            let story = round::listen(stage, &struck, Duration::ZERO);
            let switches = (0..story.sentinels).map(|sentinel| story.switches(sentinel).next());
            let last = switches.flatten().map(|event| event.after).max();
            Ok(Times {
                first_write: millis(story.first_write.ok_or("no write")?),
                last_switch: millis(last.ok_or("no switch")?),
            })
        },
    )?;
    let mut findings = vec![
        Finding::of_rounds(
            "SENTINEL FAILOVER: first write on the new master",
            "ms",
            turns.map(|times| times.first_write),
            vec![Goal::Below(Median, 40.0)],
        ),
        Finding::of_rounds(
            "SENTINEL FAILOVER: last sentinel's +switch-master",
            "ms",
            turns.map(|times| times.last_switch),
            Vec::new(),
        ),
    ];
    findings[0].notes.extend(turns.failure_note());
    Ok(findings)
}
