//! A needless second failover: the new master is called down though it is well.

use std::thread;
use std::time::Duration;

use super::Row;
use crate::failover::round::{self, Struck};
use crate::failover::stage::{self, Stage};
use crate::failover::steps::Story;
use crate::failover::{Fault, Shape};
use crate::finding::{Finding, Goal};
use crate::options::Options;
use crate::turns::Turns;

/// The row of the table.
pub const ROW: Row = Row {
    key: "second",
    about: "after a kill: is the new master, which is well, failed over once more?",
    run: second,
};

/// Clusters that run, and lose their masters, at a time.
const AT_ONCE: usize = 10;
/// Between the deaths of two masters.
const APART: Duration = Duration::from_millis(50);
/// Blocks of rounds of both daemons in a full run.
const BLOCKS: usize = 4;

fn second(options: &Options) -> Result<Vec<Finding>, String> {
    let shape = Shape {
        down_after: Duration::from_secs(1),
        settle: Duration::from_millis(1500),
        ..Shape::usual(options.quick)
    };
    let mut all = Turns::new();
    let blocks = if options.quick {
        vec![[2, 2]]
    } else {
        // Of one daemon each: those of ours need not wait for the slower ones.
        [[50, 0], [0, 10]].repeat(BLOCKS)
    };
    for rounds in blocks {
        all.extend(stage::play(rounds, AT_ONCE, &shape, strike, tell)?);
    }
    let count = |rounds: &[f64]| {
        let needless = rounds.iter().filter(|count| **count > 0.0).count();
        format!("{needless} of {}", rounds.len())
    };
    let counts = all.map(|needless| *needless);
    let note = format!(
        "failovers followed by a needless one: rsentinel {}, redis-sentinel {}",
        count(&counts[0]),
        count(&counts[1])
    );
    let mut finding = Finding::of_rounds(
        "needless failovers after a kill (down-after 1000 ms)",
        "of a kill",
        counts,
        vec![Goal::AtMost(0.0)],
    )
    .note(note);
    finding.notes.extend(all.failure_note());
    Ok(vec![finding])
}

fn strike(stage: &mut Stage) -> Result<Struck, String> {
    thread::sleep(APART);
    round::strike(stage, Fault::Kill)
}

/// How many switches, or objective downs, there were of a master that was well.
#[expect(clippy::cast_precision_loss)]
fn tell(stage: &mut Stage, mut struck: Struck) -> Result<f64, String> {
    round::wait_switched(stage, &mut struck)?;
    let on = 2 * stage.shape.down_after + Duration::from_secs(1);
    Ok(needless(&round::listen(stage, &struck, on)) as f64)
}

/// Of the most eager sentinel.
fn needless(story: &Story) -> usize {
    let old = story.old.to_string();
    let of = |sentinel: usize| {
        let switches = story.switches(sentinel).count().saturating_sub(1);
        let downs = story.named("+odown").filter(|event| {
            // "master <name> <ip> <port> #quorum n/m"
            event.sentinel == sentinel && event.text.split(' ').nth(3) != Some(&old)
        });
        switches.max(downs.count())
    };
    (0..story.sentinels).map(of).max().unwrap_or_default()
}
