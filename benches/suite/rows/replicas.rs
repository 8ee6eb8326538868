//! After a failover every other replica is sent to the new master, one after the other.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Row;
use crate::failover::round::{self, PATIENCE, Struck};
use crate::failover::server_log::Told;
use crate::failover::stage::{self, Stage};
use crate::failover::{Fault, Shape, millis};
use crate::finding::{Finding, Goal};
use crate::harness::Client;
use crate::options::Options;
use crate::quantiles::Quantile::Median;

/// The row of the table.
pub const ROW: Row = Row {
    key: "replicas",
    about: "many replicas after a failover, parallel-syncs 1: how long each further one takes",
    run: replicas,
};

/// Clusters made ready at a time.
const AT_ONCE: usize = 4;
/// Between two looks at a replica's INFO, in both daemons.
const LOOK: Duration = Duration::from_millis(5);

/// What became of the replicas that were not promoted, in milliseconds.
struct Times {
    /// Between one SLAVEOF and the next, on average.
    each: f64,
    /// From the promotion to the link of the last one.
    whole: f64,
}

fn replicas(options: &Options) -> Result<Vec<Finding>, String> {
    let shape = Shape {
        replicas: options.pick(4, 6),
        // Within it all are sent away one by one, by both.
        failover_timeout: Duration::from_secs(30),
        ..Shape::usual(options.quick)
    };
    let rounds = options.pick(1, 6);
    let turns = stage::play([rounds; 2], AT_ONCE, &shape, strike, tell)?;
    let further = shape.replicas - 1;
    let mut findings = vec![
        Finding::of_rounds(
            format!("from one SLAVEOF to the next, mean of {further}"),
            "ms",
            turns.map(|times| times.each),
            vec![Goal::Below(Median, 30.0)],
        )
        .note(
            "the next one's turn comes when the one before is linked: the instants at which \
             servers are told, in one failover",
        ),
        Finding::of_rounds(
            format!("from the promotion to the link of the last of {further} others"),
            "ms",
            turns.map(|times| times.whole),
            Vec::new(),
        ),
    ];
    findings[0].notes.extend(turns.failure_note());
    Ok(findings)
}

/// When each of the replicas that are not promoted follows the new master.
type Links = Vec<JoinHandle<Option<Instant>>>;

fn strike(stage: &mut Stage) -> Result<(Struck, Links), String> {
    let old = stage.cluster.servers[0].port();
    let replicas = stage.cluster.servers[1..].iter();
    let links = replicas
        .map(|replica| {
            let port = replica.port();
            thread::spawn(move || wait_linked(port, old))
        })
        .collect();
    let mut struck = round::strike(stage, Fault::Kill)?;
    round::wait_switched(stage, &mut struck)?;
    Ok((struck, links))
}

fn tell(stage: &mut Stage, (struck, links): (Struck, Links)) -> Result<Times, String> {
    let instants = |told: Told| -> Vec<Instant> {
        let logs = stage.logs.iter();
        let all = logs.flat_map(|log| log.instants(told));
        let mut since: Vec<Instant> = all.filter(|at| *at >= struck.at).collect();
        since.sort_unstable();
        since
    };
    let promoted = instants(Told::Promoted);
    let sent = instants(Told::Redirected);
    let further = stage.shape.replicas - 1;
    let ([promoted], [first, .., last]) = (&promoted[..], &sent[..]) else {
        return Err(format!(
            "{} promotions, {} replicas sent to the new master",
            promoted.len(),
            sent.len()
        ));
    };
    if sent.len() != further {
        return Err(format!("{} SLAVEOFs to {further} replicas", sent.len()));
    }
    let linked = links.into_iter().filter_map(|link| link.join().ok()?);
    let linked: Vec<Instant> = linked.collect();
    let last_link = linked.iter().max().ok_or("no replica was linked")?;
    if linked.len() != further {
        return Err(format!("{} of {further} replicas linked", linked.len()));
    }
    #[expect(clippy::cast_precision_loss)]
    let gaps = (further - 1) as f64;
    Ok(Times {
        each: millis(*last - *first) / gaps,
        whole: millis(last_link.saturating_duration_since(*promoted)),
    })
}

/// Looks at a replica until it follows another master; none when it has become one, or never does.
fn wait_linked(port: u16, old: u16) -> Option<Instant> {
    let deadline = Instant::now() + PATIENCE;
    let mut client = None;
    while Instant::now() < deadline {
        // Its clients are cut off when it is told another role.
        if client.is_none() {
            client = Client::connect(port).ok();
        }
        let info = client
            .as_mut()
            .map(|client| client.ask(&["INFO", "replication"]));
        match info {
            Some(Ok(info)) => {
                let info = info.text();
                if info.contains("role:master") {
                    return None;
                }
                let elsewhere = !info.contains(&format!("master_port:{old}\r"));
                if elsewhere && info.contains("master_link_status:up") {
                    return Some(Instant::now());
                }
            }
            Some(Err(_)) => client = None,
            None => {}
        }
        thread::sleep(LOOK);
    }
    None
}
