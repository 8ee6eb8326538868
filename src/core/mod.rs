//! Floor 3: the sentinel itself. Time, facts and a seed come in; actions go out.
//!
//! Read [`event`] and [`action`] first: they are the two vocabularies. Then the rooms:
//!
//! * [`instances`]: the records, [`links`]: the sockets to them and their clocks;
//! * [`health`]: subjectively down, objectively down, TILT;
//! * [`discovery`]: what INFO and hellos teach, and what we tell in hellos;
//! * [`election`]: asks, votes, counting, candidacy; [`failover`]: what a leader does;
//! * [`persist`]: what must be on disk before it may be said; [`operator`]: instructions;
//! * [`scripts`]: what operators' scripts are called for, and their queue;
//! * [`show`]: snapshots for listings.

pub mod action;
mod addresses;
mod birth;
mod deadlines;
mod discovery;
mod election;
pub mod event;
mod failover;
mod features;
mod health;
mod instances;
mod links;
pub mod notice;
mod operator;
pub mod persist;
mod places;
mod records;
pub mod scripts;
mod show;
mod timings;
pub mod view;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use rand::rngs::Xoshiro256PlusPlus;

use crate::types::{Epoch, MasterName, Mono, Now, RunId};

pub use action::{Action, Ask, Reply};
pub use birth::{Birth, Settings};
pub use event::{Answer, ConnId, Event, Waiter};
pub use features::Features;
pub use timings::Timings;

use action::{Renames, Socket};
use deadlines::{Deadline, Deadlines};
use discovery::Lookups;
use health::Tilt;
use instances::Master;
use links::{Link, LinkId};
use persist::Ledger;

/// Names one record: a master, or a replica or peer of it. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party {
    /// The master group.
    pub master: MasterId,
    /// Which record of the group.
    pub who: Who,
}

/// A master group; never reused, also not by a group of the same name added later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MasterId(pub u32);

/// A record within a master group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// The master itself.
    Master,
    /// A replica.
    Replica(u32),
    /// Another sentinel.
    Peer(u32),
}

/// How often a turn happens at the least: its lateness is what TILT is judged by. A twentieth of
/// the default TILT trigger.
const HEARTBEAT_MS: u64 = 100;

/// One sentinel process's decisions.
///
/// The contract:
/// 1. Build it with [`Sentinel::new`].
/// 2. Call [`Sentinel::handle`] with the present time for every fact, and then, whenever
///    [`Sentinel::next_deadline`] has passed, with [`Event::Tick`]. Facts that have arrived go
///    before the tick. Times never go backwards.
/// 3. After each call take all actions with [`Sentinel::poll_action`] and carry them out in
///    order. Report the outcome of every `Persist` (newest version is enough).
///
/// Same birth, same calls, same actions, byte for byte.
#[derive(Debug)]
pub struct Sentinel {
    my_id: RunId,
    settings: Settings,
    timings: Timings,
    features: Features,
    current_epoch: Epoch,
    tilt: Tilt,
    simulate: Simulate,
    crashing: bool,
    rng: Xoshiro256PlusPlus,
    masters: BTreeMap<MasterId, Master>,
    names: BTreeMap<MasterName, MasterId>,
    links: BTreeMap<LinkId, Link>,
    conns: BTreeMap<ConnId, (LinkId, Socket)>,
    local_ips: BTreeMap<ConnId, IpAddr>,
    deadlines: Deadlines,
    ledger: Ledger,
    burst: Option<election::Burst>,
    lookups: Lookups,
    no_renames: Arc<Renames>,
    scripts: scripts::Queue,
    addresses: addresses::Addresses,
    places: places::Places,
    greet_now: BTreeSet<Party>,
    last_turn: Mono,
    next_master: u32,
    next_link: u32,
    new_links: links::Pace,
    next_conn: u64,
    out: VecDeque<Action>,
}

/// SENTINEL SIMULATE-FAILURE.
#[derive(Clone, Copy, Debug, Default)]
struct Simulate {
    crash_after_election: bool,
    crash_after_promotion: bool,
}

impl Sentinel {
    /// One turn: takes in a fact and acts on it at once. Deadlines are met by [`Event::Tick`] only:
    /// a server's silence must not be judged while its answer still waits behind another fact.
    pub fn handle(&mut self, now: Now, event: Event) {
        if self.crashing && !matches!(event, Event::Durable { .. } | Event::NotDurable { .. }) {
            return;
        }
        self.judge_lateness(now);
        match event {
            Event::Tick => self.meet_due(now),
            fact => self.take_in(now, fact),
        }
        if !self.crashing {
            self.send_wanted_hellos(now);
            self.tend_scripts(now);
        }
        self.publish_addresses();
        self.hand_to_store();
        self.last_turn = now.mono;
    }

    fn meet_due(&mut self, now: Now) {
        self.deadlines.begin_turn();
        while let Some(deadline) = self.deadlines.take_due(now.mono) {
            self.meet(deadline, now);
        }
    }

    /// The next thing to do, in order; `None` when the turn is complete.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.out.pop_front()
    }

    /// When [`Sentinel::handle`] must be called next, with [`Event::Tick`] if nothing happens.
    /// `None` while a simulated crash waits for the disk.
    pub fn next_deadline(&self) -> Option<Mono> {
        self.deadlines.next().filter(|_| !self.crashing)
    }

    /// Own id.
    pub fn my_id(&self) -> &RunId {
        &self.my_id
    }

    /// How many servers and peers have a link, connected or not; a peer of several masters has one.
    pub fn links(&self) -> usize {
        self.links.len()
    }

    fn take_in(&mut self, now: Now, event: Event) {
        match event {
            Event::Tick => {}
            Event::Connected { conn, local_ip } => self.socket_connected(conn, local_ip, now),
            Event::Closed { conn, reason } => self.socket_closed(conn, &reason, now),
            Event::Answered { conn, answer } => self.answered(conn, answer, now),
            Event::Heard { conn, hello } => self.heard(conn, hello, now),
            Event::HelloPublished { text } => self.hello_received(&text, now),
            Event::AskedDown {
                waiter,
                question,
                client_name,
            } => {
                self.asked_down(waiter, question, client_name.as_deref(), now);
            }
            Event::Instructed {
                waiter,
                instruction,
            } => self.instructed(waiter, instruction, now),
            Event::Resolved { host, outcome } => self.resolved(&host, outcome, now),
            Event::Durable { version, took_ms } => self.durable(version, took_ms, now),
            Event::NotDurable { version, reason } => self.not_durable(version, &reason, now),
            Event::ScriptStarted { script, pid } => self.script_started(script, pid, now),
            Event::ScriptFailed { script, failure } => self.script_failed(script, failure, now),
            Event::ScriptEnded { script, end } => self.script_ended(script, end, now),
        }
    }

    fn meet(&mut self, deadline: Deadline, now: Now) {
        match deadline {
            Deadline::Heartbeat => self
                .deadlines
                .set(Deadline::Heartbeat, Some(now.mono.plus(HEARTBEAT_MS))),
            Deadline::TiltEnd => self.tend_tilt(now),
            Deadline::RetryPersist => self.retry_persist(now),
            Deadline::Scripts => self.scripts.touch(),
            Deadline::Link(link) => self.tend_link(link, now),
            Deadline::Down(party) => self.tend_down(party, now),
            Deadline::Info(party) => self.tend_info(party, now),
            Deadline::Hello(party) => self.tend_hello(party, now),
            Deadline::Ask(party) => self.tend_ask(party, now),
            Deadline::Failover(master) => self.step_failover(master, now),
            Deadline::Reassert(master) => self.tend_reassertion(master, now),
            Deadline::Explain(master) => self.explain_no_failover(master, now),
        }
    }

    /// Routes a reply to the room that asked.
    fn answered(&mut self, conn: ConnId, answer: Answer, now: Now) {
        let Some(&(id, kind)) = self.conns.get(&conn) else {
            return;
        };
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let replies = if answer.is_transaction() {
            link.transactions.pop_front().map_or(1, i64::from)
        } else {
            1
        };
        if let Some(socket) = link.socket_mut(kind) {
            socket.pending -= replies;
        }
        let user = link.users.first().copied();
        match answer {
            Answer::Done => {}
            Answer::Auth(outcome) => self.auth_answered(id, outcome),
            Answer::Ping(verdict) => self.ping_answered(id, verdict, now),
            Answer::Info(report) => {
                if let Some(party) = user {
                    self.info_answered(party, report, now);
                }
            }
            Answer::Hello(party, outcome) => self.hello_answered(party, outcome.is_ok(), now),
            Answer::MasterDown { peer, reply } => self.ask_answered(peer, reply, now),
            Answer::Replicate(party, outcome) => {
                self.replicate_answered(party, user, outcome, now);
            }
            Answer::HandOver { epoch, outcome } => {
                self.hand_over_answered(user, conn, epoch, outcome, now);
            }
            Answer::Released(outcome) => self.released(user, outcome),
            Answer::Unpaused(outcome) => self.unpaused(user, outcome),
        }
    }

    /// Something arrived on a pubsub socket.
    fn heard(&mut self, conn: ConnId, hello: Option<String>, now: Now) {
        let Some(&(id, _)) = self.conns.get(&conn) else {
            return;
        };
        if let Some(link) = self.links.get_mut(&id) {
            link.pubsub_activity = now.mono;
            if let Some(pubsub) = &mut link.pubsub {
                pubsub.prove(now.mono);
            }
        }
        if let Some(text) = hello {
            self.hello_received(&text, now);
        }
    }

    /// A refused password must be seen at once, not only as SDOWN later.
    fn auth_answered(&mut self, id: LinkId, outcome: Result<(), String>) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let Err(text) = outcome else { return };
        if std::mem::replace(&mut link.auth_complained, true) {
            return;
        }
        if let Some(&party) = link.users.first() {
            let setting = match party.who {
                Who::Peer(_) => "sentinel-user/sentinel-pass",
                _ => "auth-user/auth-pass",
            };
            let line = format!(
                "Authentication to {} was refused: '{text}'. Check {setting}",
                self.describe(party)
            );
            self.log(notice::Level::Warning, line);
        }
    }
}
