//! One cluster, one fault, and what was heard of it.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::random_range;
use tempfile::TempDir;

use crate::harness::{Cluster, Daemon, Plan, SHORT, ServerOptions, tails};
use crate::machine::{Memory, resident_kib};
use crate::options::{Fault, Options};
use crate::promotion::PromotionWatch;
use crate::steps::{Event, Steps, Story};

/// A failover that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to listen on after the last `+switch-master`: a needless second failover begins when
/// the new master seems silent for `down-after`, so this is added to it.
const LISTEN_ON: Duration = Duration::from_secs(1);
/// Sentinels begin at random within this time, the fault comes at random within this time: the
/// one is the reference's PING period, the other keeps the fault free of any phase.
const SPREAD: Duration = Duration::from_secs(1);
/// Between discovery and the fault: a sentinel treats connections of the first second otherwise
/// (rsentinel does not reconnect at once when such a one is lost), and a death so soon after the
/// start is not what is measured here.
const SETTLE: Duration = Duration::from_secs(3);
/// Before memory is read.
const REST: Duration = Duration::from_secs(5);
/// Twice this is the wait before a lost election is tried again: short enough for a second try
/// to fall within [`PATIENCE`].
const FAILOVER_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two looks at a condition; no time is measured by looking.
const LOOK: Duration = Duration::from_millis(10);

/// What became of a round.
pub enum Outcome {
    /// All sentinels switched; the times, and what was heard.
    Done(Steps, Vec<Event>),
    /// Not within [`PATIENCE`], or the cluster did not come up: why, and the ends of the logs.
    Failed {
        reason: String,
        logs: String,
        events: Vec<Event>,
    },
}

/// One round, from nothing to nothing.
pub fn play(daemon: Daemon, options: &Options) -> Outcome {
    guarded(|| play_once(daemon, options)).unwrap_or_else(|reason| Outcome::Failed {
        reason,
        logs: String::new(),
        events: Vec::new(),
    })
}

/// The memory of three sentinels that know everything and have nothing to do.
pub fn idle_memory(daemon: Daemon, options: &Options) -> Result<Memory, String> {
    guarded(|| {
        let mut cluster = Cluster::start(&plan(daemon, options));
        thread::sleep(REST);
        let mut resident: Vec<u64> = cluster
            .sentinels
            .iter_mut()
            .filter_map(|sentinel| resident_kib(sentinel.process().id()))
            .collect();
        resident.sort_unstable();
        Memory {
            daemon,
            resident_kib: resident,
        }
    })
}

/// Turns a panic of the harness (a cluster that does not come up) into an error with its text,
/// which ends with the logs.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    // The text is reported with the round, not in between.
    let loud = take_hook();
    set_hook(Box::new(|_| {}));
    let result = catch_unwind(AssertUnwindSafe(work));
    set_hook(loud);
    result.map_err(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        text.unwrap_or("a panic without a text").to_owned()
    })
}

fn plan(daemon: Daemon, options: &Options) -> Plan {
    let mut begins: Vec<Duration> = (0..3)
        .map(|_| random_range(Duration::ZERO..SPREAD))
        .collect();
    begins.sort_unstable();
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Plan {
        down_after: millis(options.down_after),
        failover_timeout: millis(FAILOVER_TIMEOUT),
        begins,
        ..Plan::of(&[daemon; 3])
    }
}

fn play_once(daemon: Daemon, options: &Options) -> Outcome {
    let pipes = TempDir::new().expect("a temporary directory");
    let paths = [pipes.path().join("first"), pipes.path().join("second")];
    let watches = paths.each_ref().map(|path| PromotionWatch::start(path));
    let replicas = paths.map(|path| ServerOptions {
        lines: vec![format!("logfile {}", path.display())],
        ..ServerOptions::default()
    });
    let mut cluster = Cluster::start(&Plan {
        replicas: replicas.to_vec(),
        ..plan(daemon, options)
    });
    cluster.subscribe();
    thread::sleep(SETTLE + random_range(Duration::ZERO..SPREAD));
    let old = cluster.servers[0].port();
    wait_ready(&cluster, old);

    let id = i32::try_from(cluster.servers[0].process().id()).expect("a process id");
    let signal = match options.fault {
        Fault::Kill => Signal::SIGKILL,
        Fault::Stop => Signal::SIGSTOP,
    };
    kill(Pid::from_raw(id), signal).expect("an own child takes a signal");
    let death = Instant::now();

    let switched = wait_switched(&cluster, death);
    if switched {
        thread::sleep(options.down_after + LISTEN_ON);
    }
    let mut events: Vec<Event> = Vec::new();
    for (sentinel, subscriber) in cluster.subscribers.iter().enumerate() {
        let heard = subscriber.heard().into_iter();
        // What came before the fault is no part of the story.
        events.extend(heard.filter(|heard| heard.at >= death).map(|heard| Event {
            after: heard.at - death,
            sentinel,
            name: heard.channel,
            text: heard.payload,
            address_then: heard.address_then,
        }));
    }
    events.sort_by_key(|event| event.after);
    let promotions = watches
        .iter()
        .zip(&cluster.servers[1..])
        .flat_map(|(watch, server)| {
            let port = server.port();
            let instants = watch.promotions().into_iter();
            instants.map(move |at| (port, at.saturating_duration_since(death)))
        })
        .collect();
    let story = Story {
        old,
        sentinels: cluster.sentinels.len(),
        down_after: options.down_after,
        promotions,
        events,
    };
    let result = if switched {
        Steps::of(&story)
    } else {
        Err(format!("no failover within {PATIENCE:?}"))
    };
    match result {
        Ok(steps) => Outcome::Done(steps, story.events),
        Err(reason) => Outcome::Failed {
            reason,
            logs: tails(cluster.directory()),
            events: story.events,
        },
    }
}

/// Waits until the cluster is whole once more, right before the fault.
fn wait_ready(cluster: &Cluster, master: u16) {
    cluster.wait_discovered(SHORT);
    cluster.until("both replicas are in sync with the master", SHORT, || {
        let in_sync = |replica: &str| {
            let line = cluster.servers[0].info(replica);
            line.is_some_and(|line| line.contains("state=online"))
        };
        in_sync("slave0")
            && in_sync("slave1")
            && cluster.servers[1..]
                .iter()
                .all(|replica| replica.follows(master))
    });
    cluster.until("all sentinels count all and flag nobody", SHORT, || {
        cluster.sentinels.iter().all(|sentinel| {
            sentinel.number("num-slaves") == Some(2)
                && sentinel.number("num-other-sentinels") == Some(2)
                && sentinel.field("flags").as_deref() == Some("master")
                && sentinel.fields_of("REPLICAS", "flags") == ["slave"; 2]
                && sentinel.fields_of("SENTINELS", "flags") == ["sentinel"; 2]
        })
    });
}

/// Waits until every sentinel has announced a switch; false when the time is over.
fn wait_switched(cluster: &Cluster, death: Instant) -> bool {
    while death.elapsed() < PATIENCE {
        let all = cluster
            .subscribers
            .iter()
            .all(|subscriber| !subscriber.on("+switch-master").is_empty());
        if all {
            return true;
        }
        thread::sleep(LOOK);
    }
    false
}
