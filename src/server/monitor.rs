//! The monitor: owns the core, feeds it facts and carries out what it says. Nothing here waits
//! for the disk, a name server, a client or a log.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};

use crate::core::action::FarEnd;
use crate::core::event::{DownQuestion, Instruction};
use crate::core::notice::{LogLine, Notice};
use crate::core::persist::Version;
use crate::core::view::{AddressTable, View};
use crate::core::{Action, Birth, ConnId, Event, Reply, Sentinel, Waiter};

use super::children::Children;
use super::clock::Clock;
use super::dns::Resolver;
use super::door::{Call, Door};
use super::link::{self, LinkHandle, Way};
use super::scripts::Scripts;
use super::store::{Store, StoreReport};
use super::tls::Connecting;

/// Calls of peers that may wait: each is one small question of one connection, and a peer has few
/// unanswered; beyond this the asking connection waits.
const PEER_CALLS: usize = 4_096;
/// Calls of other clients that may wait; beyond this the asking connection waits.
const CLIENT_CALLS: usize = 1_024;
/// How much of each source is taken in one turn: a flood of questions costs the watching one share
/// of a turn at most. What servers and peers answer comes first, all that is there: its queue has
/// no bound of its own, but between two turns every socket is read at most a chunk at a time.
const PEER_CALLS_PER_TURN: usize = 32;
const CLIENT_CALLS_PER_TURN: usize = 32;
/// A timer this late means that this thread was held up.
const LATE: Duration = Duration::from_millis(5);

/// What the monitor tells the rest of the process without waiting for it.
pub struct Voice {
    /// A line for the log.
    pub log: Box<dyn Fn(&LogLine) + Send>,
    /// An event for the log.
    pub notice: Box<dyn Fn(&Notice) + Send>,
    /// A new log level.
    pub set_log_level: Box<dyn Fn(&str) + Send>,
    /// The process has to end at once with this status.
    pub exit: Box<dyn Fn(i32) + Send>,
}

/// The monitor's end of the [`Door`].
pub struct Calls {
    peers: mpsc::Receiver<Call>,
    clients: mpsc::Receiver<Call>,
    addresses: Arc<ArcSwap<AddressTable>>,
    links: Arc<AtomicUsize>,
}

/// Makes both ends of the door.
pub fn door() -> (Door, Calls) {
    let (peers, peers_end) = mpsc::channel(PEER_CALLS);
    let (clients, clients_end) = mpsc::channel(CLIENT_CALLS);
    let addresses = Arc::new(ArcSwap::from_pointee(AddressTable::default()));
    let links = Arc::new(AtomicUsize::new(0));
    let calls = Calls {
        peers: peers_end,
        clients: clients_end,
        addresses: addresses.clone(),
        links: links.clone(),
    };
    (
        Door {
            peers,
            clients,
            addresses,
            links,
        },
        calls,
    )
}

/// How outgoing connections are encrypted, by who is at the other end; `None`: not at all.
#[derive(Clone, Default)]
pub struct Encryption {
    /// Those to masters and replicas.
    pub to_servers: Option<Connecting>,
    /// Those to other sentinels.
    pub to_sentinels: Option<Connecting>,
}

impl Encryption {
    fn of(&self, far_end: FarEnd) -> Option<&Connecting> {
        match far_end {
            FarEnd::Server => self.to_servers.as_ref(),
            FarEnd::Sentinel => self.to_sentinels.as_ref(),
        }
    }
}

/// Everything the monitor needs.
pub struct Parts {
    /// What the core is born from.
    pub birth: Birth,
    /// The address outgoing connections leave from, if one is configured.
    pub source: Option<IpAddr>,
    /// How outgoing connections are encrypted.
    pub encryption: Encryption,
    /// Its end of the door.
    pub calls: Calls,
    /// Where events for subscribers go. When it is full the event is not published, only logged:
    /// the serving side is then far behind, and the monitor does not wait for it.
    pub notices: mpsc::Sender<Notice>,
    /// The store.
    pub store: Store,
    /// What the store reports.
    pub store_reports: mpsc::UnboundedReceiver<StoreReport>,
    /// Log and exit.
    pub voice: Voice,
    /// Counts its turns: there are some every second, whatever happens or not.
    pub turns: Arc<AtomicU64>,
    /// Child processes.
    pub children: Children,
    /// Fires (or is dropped) when the process stops.
    pub stop: oneshot::Receiver<()>,
}

/// Runs until the process stops; must be called within a current-thread runtime of its own.
pub async fn run(parts: Parts) {
    let Parts {
        birth,
        source,
        encryption,
        calls,
        notices,
        store,
        mut store_reports,
        voice,
        turns,
        children,
        mut stop,
    } = parts;
    let clock = Clock::start();
    let (events, mut facts) = mpsc::unbounded_channel();
    let Calls {
        mut peers,
        mut clients,
        addresses,
        links: links_wanted,
    } = calls;
    let mut monitor = Monitor {
        core: Sentinel::new(clock.now(), birth),
        clock,
        links: HashMap::new(),
        resolver: Resolver::new(events.clone()),
        scripts: Scripts::new(events.clone(), children),
        events,
        source,
        encryption,
        store,
        notices,
        addresses,
        links_wanted,
        voice,
        callers: HashMap::new(),
        next_caller: 0,
        watchers: Vec::new(),
        unwritten: None,
        store_is_writing: false,
    };
    monitor.carry_out();
    monitor.hand_to_store();
    loop {
        let wake = monitor
            .core
            .next_deadline()
            .map(|at| monitor.clock.instant_of(at));
        tokio::select! {
            biased;
            _ = &mut stop => break,
            Some(report) = store_reports.recv() => monitor.store_reported(report),
            Some(fact) = facts.recv() => monitor.feed(fact),
            Some(call) = peers.recv() => monitor.call(call),
            () = sleep_until(wake) => {}
            Some(call) = clients.recv() => monitor.call(call),
        }
        turns.fetch_add(1, Ordering::Relaxed);
        if wake.is_some_and(|at| at.elapsed() > LATE) {
            // We were held up: what servers said meanwhile lies in their sockets, and must be
            // heard before their silence is judged.
            tokio::task::yield_now().await;
        }
        // A share for each source, so that none starves another, facts about servers first.
        for _ in 0..facts.len() {
            let Ok(fact) = facts.try_recv() else { break };
            monitor.feed(fact);
        }
        while let Ok(report) = store_reports.try_recv() {
            monitor.store_reported(report);
        }
        monitor.tick_if_due();
        for _ in 0..PEER_CALLS_PER_TURN {
            let Ok(call) = peers.try_recv() else { break };
            monitor.call(call);
        }
        for _ in 0..CLIENT_CALLS_PER_TURN {
            let Ok(call) = clients.try_recv() else { break };
            monitor.call(call);
        }
        monitor.hand_to_store();
        monitor.show();
    }
    monitor.links.clear();
    // The store writes what waits before it stops.
    monitor.store_is_writing = false;
    monitor.hand_to_store();
    monitor.store.stop();
}

async fn sleep_until(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

struct Monitor {
    core: Sentinel,
    clock: Clock,
    links: HashMap<ConnId, LinkHandle>,
    resolver: Resolver,
    scripts: Scripts,
    events: mpsc::UnboundedSender<Event>,
    source: Option<IpAddr>,
    encryption: Encryption,
    store: Store,
    notices: mpsc::Sender<Notice>,
    addresses: Arc<ArcSwap<AddressTable>>,
    links_wanted: Arc<AtomicUsize>,
    voice: Voice,
    callers: HashMap<Waiter, oneshot::Sender<Reply>>,
    next_caller: u64,
    watchers: Vec<oneshot::Sender<Arc<View>>>,
    /// The newest change of the state that the store has not been given yet.
    unwritten: Option<Version>,
    store_is_writing: bool,
}

impl Monitor {
    fn tick_if_due(&mut self) {
        let now = self.clock.now().mono;
        if self.core.next_deadline().is_some_and(|at| at <= now) {
            self.feed(Event::Tick);
        }
    }

    fn feed(&mut self, fact: Event) {
        if let Event::Closed { conn, .. } = &fact {
            self.links.remove(conn);
        }
        self.core.handle(self.clock.now(), fact);
        self.carry_out();
    }

    fn call(&mut self, call: Call) {
        match call {
            Call::View(to) => self.watchers.push(to),
            Call::Hello(text) => self.feed(Event::HelloPublished { text }),
            Call::AskDown {
                question,
                client_name,
                reply,
            } => self.ask_down(question, client_name, reply),
            Call::Instruct { instruction, reply } => self.instruct(instruction, reply),
        }
    }

    fn ask_down(
        &mut self,
        question: DownQuestion,
        client_name: Option<String>,
        reply: oneshot::Sender<Reply>,
    ) {
        let waiter = self.remember(reply);
        self.feed(Event::AskedDown {
            waiter,
            question,
            client_name,
        });
    }

    fn instruct(&mut self, instruction: Instruction, reply: oneshot::Sender<Reply>) {
        let waiter = self.remember(reply);
        self.feed(Event::Instructed {
            waiter,
            instruction,
        });
    }

    fn remember(&mut self, reply: oneshot::Sender<Reply>) -> Waiter {
        self.next_caller += 1;
        let waiter = Waiter(self.next_caller);
        self.callers.insert(waiter, reply);
        waiter
    }

    /// Gives the store the newest state, if it has changed and the store is free: a state costs as
    /// much to make as there are masters, and one made while it writes may never be written.
    fn hand_to_store(&mut self) {
        if self.store_is_writing {
            return;
        }
        if let Some(version) = self.unwritten.take() {
            self.store_is_writing = true;
            self.store.put(version, Arc::new(self.core.durable_state()));
        }
    }

    fn store_reported(&mut self, report: StoreReport) {
        if !matches!(report, StoreReport::Log(_)) {
            self.store_is_writing = false;
        }
        match report {
            StoreReport::Log(line) => (self.voice.log)(&line),
            StoreReport::Durable { version, took_ms } => {
                self.feed(Event::Durable { version, took_ms })
            }
            StoreReport::NotDurable {
                version, reason, ..
            } => self.feed(Event::NotDurable { version, reason }),
        }
    }

    /// One snapshot for all who asked in this turn.
    fn show(&mut self) {
        if self.watchers.is_empty() {
            return;
        }
        let view = Arc::new(self.core.view(self.clock.now()));
        for watcher in self.watchers.drain(..) {
            // Whoever has gone away meanwhile needs no answer.
            let _ = watcher.send(view.clone());
        }
    }

    fn carry_out(&mut self) {
        self.links_wanted
            .store(self.core.links(), Ordering::Relaxed);
        while let Some(action) = self.core.poll_action() {
            match action {
                Action::Connect {
                    conn,
                    to,
                    socket,
                    far_end,
                    host,
                    ..
                } => {
                    let way = Way {
                        to,
                        host,
                        source: self.source,
                        tls: self.encryption.of(far_end).cloned(),
                    };
                    let handle = link::open(conn, way, socket, self.events.clone());
                    self.links.insert(conn, handle);
                }
                Action::Close { conn } => {
                    self.links.remove(&conn);
                }
                Action::Send { conn, ask, words } => {
                    if let Some(link) = self.links.get(&conn) {
                        link.send(ask, words);
                    }
                }
                Action::Resolve { host } => self.resolver.resolve(host),
                Action::Notice(notice) => {
                    (self.voice.notice)(&notice);
                    // A full queue loses the publication, never the event: see `Parts::notices`.
                    let _ = self.notices.try_send(notice);
                }
                Action::Log(line) => (self.voice.log)(&line),
                Action::Addresses(table) => self.addresses.store(table),
                Action::Persist { version } => self.unwritten = Some(version),
                Action::Reply { waiter, reply } => {
                    if let Some(caller) = self.callers.remove(&waiter) {
                        // Whoever has gone away meanwhile needs no answer.
                        let _ = caller.send(reply);
                    }
                }
                Action::StartScript { script, argv } => self.scripts.start(script, argv),
                Action::KillScript { script } => self.scripts.kill(script),
                Action::SetLogLevel(level) => (self.voice.set_log_level)(&level),
                Action::Exit { status } => (self.voice.exit)(status),
            }
        }
    }
}
