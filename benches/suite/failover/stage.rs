//! Clusters made ready several at a time, and struck one after the other.
//!
//! A cluster needs seconds to come up and to settle; a failover is over in less. So a batch of
//! clusters, of both daemons in turns, is made ready at the same time, and then each of them has
//! its fault while the others are idle.

use std::path::Path;
use std::thread;
use std::time::Duration;

use rand::random_range;
use tempfile::TempDir;

use super::Shape;
use super::server_log::ServerLog;
use crate::harness::{Cluster, Daemon, LONG, Plan, SHORT, ServerOptions};
use crate::turns::{self, Turns};

/// Sentinels begin at random within this time, the fault comes at random within this time: the
/// one is the reference's PING period, the other keeps the fault free of any phase.
const SPREAD: Duration = Duration::from_secs(1);

/// A cluster that is ready for its fault. Field order is the order of ending.
pub struct Stage {
    pub cluster: Cluster,
    /// Of the replicas, in their order.
    pub logs: Vec<ServerLog>,
    pub shape: Shape,
    _pipes: TempDir,
}

impl Stage {
    /// Starts everything, and waits until it is whole and settled.
    ///
    /// # Panics
    /// When it does not come up, with the ends of the logs.
    fn set(daemon: Daemon, shape: &Shape) -> Stage {
        let pipes = TempDir::new().expect("a temporary directory");
        let paths: Vec<_> = (0..shape.replicas)
            .map(|number| pipes.path().join(format!("log-{number}")))
            .collect();
        let logs = paths.iter().map(|path| ServerLog::start(path)).collect();
        let mut cluster = Cluster::start_undiscovered(&plan(daemon, shape, &paths));
        cluster.wait_discovered(LONG);
        cluster.subscribe();
        thread::sleep(shape.settle + random_range(Duration::ZERO..SPREAD));
        let stage = Stage {
            cluster,
            logs,
            shape: shape.clone(),
            _pipes: pipes,
        };
        stage.wait_whole();
        stage
    }

    /// The ports of the sentinels.
    pub fn sentinels(&self) -> Vec<u16> {
        let sentinels = self.cluster.sentinels.iter();
        sentinels.map(|sentinel| sentinel.port()).collect()
    }

    /// Waits until all are in sync and know each other as well.
    fn wait_whole(&self) {
        let Shape {
            replicas,
            sentinels,
            ..
        } = self.shape;
        let cluster = &self.cluster;
        cluster.wait_discovered(SHORT);
        let (master, followers) = cluster.servers.split_first().expect("a master");
        cluster.until("all replicas are in sync with the master", SHORT, || {
            let in_sync = |number: usize| {
                let line = master.info(&format!("slave{number}"));
                line.is_some_and(|line| line.contains("state=online"))
            };
            (0..replicas).all(in_sync)
                && followers
                    .iter()
                    .all(|replica| replica.follows(master.port()))
        });
        cluster.until("all sentinels count all and flag nobody", SHORT, || {
            let count = |number: usize| u64::try_from(number).ok();
            cluster.sentinels.iter().all(|sentinel| {
                sentinel.number("num-slaves") == count(replicas)
                    && sentinel.number("num-other-sentinels") == count(sentinels - 1)
                    && sentinel.field("flags").as_deref() == Some("master")
                    && sentinel.fields_of("REPLICAS", "flags") == vec!["slave"; replicas]
                    && sentinel.fields_of("SENTINELS", "flags") == vec!["sentinel"; sentinels - 1]
            })
        });
    }
}

fn plan(daemon: Daemon, shape: &Shape, logs: &[impl AsRef<Path>]) -> Plan {
    let mut begins: Vec<Duration> = (0..shape.sentinels)
        .map(|_| random_range(Duration::ZERO..SPREAD))
        .collect();
    begins.sort_unstable();
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let replica = |log: &Path| ServerOptions {
        lines: vec![format!("logfile {}", log.display())],
        ..ServerOptions::default()
    };
    Plan {
        quorum: shape.quorum,
        down_after: millis(shape.down_after),
        failover_timeout: millis(shape.failover_timeout),
        parallel_syncs: shape.parallel_syncs,
        replicas: logs.iter().map(|log| replica(log.as_ref())).collect(),
        begins,
        ..Plan::of(&vec![daemon; shape.sentinels])
    }
}

/// Plays so many rounds of rsentinel and of redis-sentinel, on `at_once` clusters at a time.
///
/// `strike` does the work on one cluster after the other; when all of a batch have had it, `tell`
/// gives what each round found (it may listen on until then: the cluster still runs).
pub fn play<A, T>(
    rounds: [usize; 2],
    at_once: usize,
    shape: &Shape,
    mut strike: impl FnMut(&mut Stage) -> Result<A, String>,
    mut tell: impl FnMut(&mut Stage, A) -> Result<T, String>,
) -> Result<Turns<T>, String> {
    let mut turns = Turns::new();
    for batch in turns::order(rounds).chunks(at_once) {
        let mut struck = Vec::new();
        for (daemon, stage) in batch.iter().zip(set_all(batch, shape)) {
            let done = stage.and_then(|mut stage| {
                let found = turns::guarded(|| strike(&mut stage)).and_then(|found| found)?;
                Ok((stage, found))
            });
            struck.push((*daemon, done));
        }
        for (daemon, done) in struck {
            let told = done.and_then(|(mut stage, found)| {
                turns::guarded(|| tell(&mut stage, found)).and_then(|told| told)
            });
            turns.add(daemon, told);
        }
    }
    turns.complete(rounds)
}

/// Makes a cluster of each ready, all at the same time.
fn set_all(daemons: &[Daemon], shape: &Shape) -> Vec<Result<Stage, String>> {
    let set = || {
        thread::scope(|scope| {
            let settings: Vec<_> = daemons
                .iter()
                .map(|daemon| scope.spawn(|| Stage::set(*daemon, shape)))
                .collect();
            settings
                .into_iter()
                .map(|setting| {
                    setting
                        .join()
                        .map_err(|panic| turns::panic_text(panic.as_ref()))
                })
                .collect()
        })
    };
    turns::guarded(set).unwrap_or_default()
}
