//! One fault, and all that was heard after it.

use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Fault;
use super::first_write::FirstWrite;
use super::server_log::Told;
use super::stage::Stage;
use super::steps::{Event, Story};
use crate::harness::{MASTER, tails};

/// A failover that takes longer has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The client asks for so long before the fault: it is no part of what is measured.
const BEFORE: Duration = Duration::from_millis(50);
/// Between two looks at a condition; no time is measured by looking.
const LOOK: Duration = Duration::from_millis(5);

/// A master that had its fault.
pub struct Struck {
    pub at: Instant,
    /// The port of the master.
    pub old: u16,
    /// When the first write on another one was acknowledged, if anybody tried.
    pub first_write: Option<Instant>,
    /// When the last sentinel announced its switch.
    pub switched: Option<Instant>,
}

/// The fault and nothing else.
pub fn strike(stage: &mut Stage, fault: Fault) -> Result<Struck, String> {
    let master = &mut stage.cluster.servers[0];
    let old = master.port();
    let id = i32::try_from(master.process().id()).expect("a process id");
    let mut at = Instant::now();
    let mut send = |signal: Signal| {
        kill(Pid::from_raw(id), signal).map_err(|error| format!("no signal: {error}"))?;
        at = Instant::now();
        Ok::<(), String>(())
    };
    match fault {
        Fault::Kill => send(Signal::SIGKILL)?,
        Fault::Stop => send(Signal::SIGSTOP)?,
        Fault::Manual => {
            let answer = stage.cluster.sentinels[0].ask(&["SENTINEL", "FAILOVER", MASTER]);
            let answer = answer.map_or_else(String::new, |answer| answer.text());
            if answer != "OK" {
                return Err(format!("SENTINEL FAILOVER was answered with {answer:?}"));
            }
        }
    }
    Ok(Struck {
        at,
        old,
        first_write: None,
        switched: None,
    })
}

/// The fault, with a client that wants to write; ends when it can and all have switched.
pub fn strike_and_write(stage: &mut Stage, fault: Fault) -> Result<Struck, String> {
    let old = stage.cluster.servers[0].port();
    let client = FirstWrite::seek(&stage.sentinels(), old)?;
    thread::sleep(BEFORE);
    let mut struck = strike(stage, fault)?;
    struck.first_write = client.wait(PATIENCE);
    if struck.first_write.is_none() {
        let logs = tails(stage.cluster.directory());
        return Err(format!("no write within {PATIENCE:?}\n{logs}"));
    }
    wait_switched(stage, &mut struck)?;
    Ok(struck)
}

/// Waits until every sentinel has announced a switch.
pub fn wait_switched(stage: &Stage, struck: &mut Struck) -> Result<(), String> {
    loop {
        let subscribers = stage.cluster.subscribers.iter();
        let firsts = subscribers.map(|subscriber| {
            let switches = subscriber.on("+switch-master");
            switches.first().map(|switch| switch.at)
        });
        let firsts: Option<Vec<Instant>> = firsts.collect();
        if let Some(firsts) = firsts {
            struck.switched = firsts.into_iter().max();
            return Ok(());
        }
        if struck.at.elapsed() > PATIENCE {
            let logs = tails(stage.cluster.directory());
            return Err(format!("no failover within {PATIENCE:?}\n{logs}"));
        }
        thread::sleep(LOOK);
    }
}

/// All that was heard since, after listening on for so long after the last switch.
///
/// A needless second failover begins when the new master seems silent for `down-after`.
pub fn listen(stage: &Stage, struck: &Struck, on: Duration) -> Story {
    let until = struck.switched.unwrap_or(struck.at) + on;
    thread::sleep(until.saturating_duration_since(Instant::now()));
    let after = |at: Instant| at.saturating_duration_since(struck.at);
    let mut events: Vec<Event> = Vec::new();
    for (sentinel, subscriber) in stage.cluster.subscribers.iter().enumerate() {
        let heard = subscriber.heard().into_iter();
        // What came before the fault is no part of the story.
        let since = heard.filter(|heard| heard.at >= struck.at);
        events.extend(since.map(|heard| Event {
            after: after(heard.at),
            sentinel,
            name: heard.channel,
            text: heard.payload,
            address_then: heard.address_then,
        }));
    }
    events.sort_by_key(|event| event.after);
    let replicas = stage.logs.iter().zip(&stage.cluster.servers[1..]);
    let promotions = replicas.flat_map(|(log, server)| {
        let instants = log.instants(Told::Promoted).into_iter();
        instants.map(move |at| (server.port(), after(at)))
    });
    Story {
        old: struck.old,
        sentinels: stage.cluster.sentinels.len(),
        down_after: stage.shape.down_after,
        promotions: promotions.collect(),
        first_write: struck.first_write.map(after),
        events,
    }
}
