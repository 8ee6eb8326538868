//! The serving side: a thread and a runtime of its own for everything that clients ask and hear.
//! It never makes the monitor wait.

use std::cell::RefCell;
use std::fmt::Write;
use std::io;
use std::net;
use std::rc::Rc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::commands::{ServerFacts, Settings, client_line};
use crate::config::{OutputLimits, ServerConf};
use crate::core::notice::{Level, LogLine, Notice};

use super::access::{Access, AccessParts};
use super::admission::{self, PeerHosts};
use super::clients::{Client, Clients};
use super::counters::Counters;
use super::door::Door;
use super::fan_out::{self, FanOut};
use super::handshaking::Handshaking;
use super::large_writes::{self, LargeWrites};
use super::listener;
use super::pause::Pause;
use super::snapshots::{self, Snapshots};
use super::stream::LARGEST_READ;
use super::subscriptions::Subscriptions;
use super::tls::Accepting;
use super::unix_socket::{self, UnixSocket};

/// The name of the serving thread.
pub const THREAD: &str = "serve";

/// Between two looks at idle clients, at clients over their soft limit, and at the rate of
/// commands.
const TICK: Duration = Duration::from_secs(1);

/// Events taken from the monitor at a time; each goes to every subscriber before the next.
const EVENTS_PER_TURN: usize = 64;

/// Everything the serving side needs.
pub struct Parts {
    /// Bound and listening, from [`listener::bind`].
    pub listeners: Vec<net::TcpListener>,
    /// The same, for clients that speak TLS.
    pub tls_listeners: Vec<net::TcpListener>,
    /// Handshakes with these; without it `tls_listeners` are not listened on.
    pub tls: Option<Accepting>,
    /// The unix socket, from [`unix_socket::bind`].
    pub unix_socket: Option<UnixSocket>,
    /// Where other sentinels are, as far as that is known.
    pub peer_hosts: PeerHosts,
    /// The way to the monitor.
    pub door: Door,
    /// Events to publish.
    pub notices: mpsc::Receiver<Notice>,
    /// For the commands.
    pub settings: Settings,
    /// The ACL log, and where changed users go.
    pub access: AccessParts,
    /// What clients may take.
    pub limits: ClientLimits,
    /// The figures of INFO that the serving side does not count itself.
    pub facts: ServerFacts,
    /// Fires when a client says SHUTDOWN; is dropped when the serving side has ended.
    pub shutdown: oneshot::Sender<()>,
    /// Where log lines go; must not block.
    pub log: Box<dyn Fn(&LogLine) + Send>,
}

/// What clients may take.
#[derive(Clone, Copy, Debug)]
pub struct ClientLimits {
    /// The most connections at a time.
    pub maxclients: usize,
    /// Seconds after which an idle connection without a subscription is closed, 0 = never.
    pub timeout_s: u64,
    /// Seconds of silence before keep-alive probes, 0 = none.
    pub tcp_keepalive_s: u64,
    /// Refuse connections from elsewhere while the default user needs no password.
    pub protected_mode: bool,
    /// Bytes that may wait for a client.
    pub output: OutputLimits,
    /// Bytes of an unfinished request.
    pub query_buffer: usize,
    /// Bytes of one word of a request.
    pub max_bulk: usize,
    /// The first file descriptor that no client gets. The system gives the lowest one that is
    /// free, so at least those from here to the limit of the process stay free for the
    /// configuration file, the log and the watching, however many clients come.
    pub first_reserved_fd: i64,
    /// How many files the process may have open.
    pub open_files: usize,
}

impl From<&ServerConf> for ClientLimits {
    /// As configured; `maxclients` may have to be lowered to what the process can open, and the
    /// last descriptors to be reserved.
    fn from(conf: &ServerConf) -> Self {
        let bytes = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        ClientLimits {
            maxclients: bytes(u64::from(conf.maxclients)),
            timeout_s: u64::from(conf.timeout),
            tcp_keepalive_s: u64::from(conf.tcp_keepalive),
            protected_mode: conf.protected_mode,
            output: conf.output_limits,
            query_buffer: bytes(conf.client_query_buffer_limit),
            max_bulk: bytes(conf.proto_max_bulk_len),
            first_reserved_fd: i64::MAX,
            open_files: usize::MAX,
        }
    }
}

/// The running serving side. Dropping it is [`Server::stop`].
#[derive(Debug)]
pub struct Server {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts the thread. Fails only if the system has no thread or descriptor left.
    pub fn start(mut parts: Parts) -> io::Result<Server> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listeners = {
            let _inside = runtime.enter();
            let listen = |listener: net::TcpListener, tls| {
                listener.set_nonblocking(true)?;
                Ok((TcpListener::from_std(listener)?, tls))
            };
            let plain = parts.listeners.drain(..).map(|one| listen(one, None));
            let mut all = plain.collect::<io::Result<Vec<Entrance>>>()?;
            if let Some(tls) = &parts.tls {
                for one in parts.tls_listeners.drain(..) {
                    all.push(listen(one, Some(tls.clone()))?);
                }
            }
            all
        };
        let unix_socket = {
            let _inside = runtime.enter();
            let listen = |socket: UnixSocket| {
                let listener = tokio::net::UnixListener::from_std(socket.listener)?;
                Ok::<_, io::Error>((listener, socket.path))
            };
            parts.unix_socket.take().map(listen).transpose()?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name(THREAD.to_owned())
            .spawn(move || {
                let all = LocalSet::new();
                all.block_on(&runtime, run(parts, listeners, unix_socket, stopped));
                // Dropping the set drops every connection, which closes it.
            })?;
        Ok(Server {
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Closes all listeners and connections and waits until that is done.
    pub fn stop(self) {}
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic has been reported by the hook already.
            let _ = thread.join();
        }
    }
}

/// A listener, and the handshakes that its clients begin with.
type Entrance = (TcpListener, Option<Accepting>);

async fn run(
    parts: Parts,
    listeners: Vec<Entrance>,
    unix_socket: Option<(tokio::net::UnixListener, String)>,
    stopped: oneshot::Receiver<()>,
) {
    let shared = Rc::new(Shared {
        door: parts.door,
        settings: parts.settings,
        access: parts.access.into(),
        peer_hosts: parts.peer_hosts,
        limits: parts.limits,
        clients: Clients::default(),
        handshaking: Handshaking::default(),
        subscriptions: RefCell::default(),
        counters: Counters::default(),
        snapshots: Snapshots::default(),
        fan_out: FanOut::default(),
        large_writes: LargeWrites::default(),
        input: RefCell::new(vec![0; LARGEST_READ].into()),
        pause: Pause::default(),
        started: Instant::now(),
        fixed_facts: parts.facts,
        shutdown: RefCell::new(Some(parts.shutdown)),
        log: parts.log,
    });
    let mut lasting = JoinSet::new();
    for (listener, tls) in listeners {
        lasting.spawn_local(listener::accept_all(Rc::clone(&shared), listener, tls));
    }
    if let Some((listener, path)) = unix_socket {
        lasting.spawn_local(unix_socket::accept_all(Rc::clone(&shared), listener, path));
    }
    lasting.spawn_local(publish_all(Rc::clone(&shared), parts.notices));
    lasting.spawn_local(snapshots::fetch_all(Rc::clone(&shared)));
    lasting.spawn_local(fan_out::write_to_all(Rc::clone(&shared)));
    lasting.spawn_local(large_writes::give_turns(Rc::clone(&shared)));
    lasting.spawn_local(tick_on(Rc::clone(&shared)));
    tokio::select! {
        _ = stopped => {}
        () = a_panic_of(&mut lasting) => {}
    }
}

/// A connection may die of a panic alone; without one of these tasks the serving side is dead.
async fn a_panic_of(lasting: &mut JoinSet<()>) {
    while let Some(ended) = lasting.join_next().await {
        if ended.is_err() {
            return;
        }
    }
    std::future::pending().await
}

/// Publishes events in the order in which the monitor announced them.
async fn publish_all(shared: Rc<Shared>, mut notices: mpsc::Receiver<Notice>) {
    let mut batch = Vec::with_capacity(EVENTS_PER_TURN);
    while notices.recv_many(&mut batch, EVENTS_PER_TURN).await > 0 {
        for notice in batch.drain(..) {
            if notice.name.level() == Level::Debug {
                continue;
            }
            let subscriptions = shared.subscriptions.borrow();
            subscriptions.publish(notice.name.as_str(), &notice.text, |client| {
                shared.fan_out.add(client);
                shared.check_output(client);
            });
        }
    }
}

async fn tick_on(shared: Rc<Shared>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        shared.counters.second_passed();
        shared.snapshots.forget_listings();
        admission::make_room(&shared);
        let timeout = Duration::from_secs(shared.limits.timeout_s);
        for client in shared.clients.alive() {
            shared.check_output(&client);
            let idle = client.last_read.get().elapsed();
            if !timeout.is_zero() && idle > timeout && !client.is_subscribed() && !client.is_held()
            {
                shared.log(Level::Verbose, "Closing idle client".to_owned());
                client.kill();
            }
        }
    }
}

/// What all connections share.
pub struct Shared {
    /// The way to the monitor.
    pub door: Door,
    /// For the commands.
    pub settings: Settings,
    /// The ACL log, and where changed users go.
    pub access: Access,
    /// Where other sentinels are.
    pub peer_hosts: PeerHosts,
    /// What clients may take.
    pub limits: ClientLimits,
    /// All connections.
    pub clients: Clients,
    /// Those that have not got so far yet.
    pub handshaking: Handshaking,
    /// Who hears which events.
    pub subscriptions: RefCell<Subscriptions>,
    /// CLIENT PAUSE.
    pub pause: Pause,
    /// Own figures.
    pub counters: Counters,
    /// Snapshots for listings.
    pub snapshots: Snapshots,
    /// Who is to be written to because of events.
    pub fan_out: FanOut,
    /// Who has much to write.
    pub large_writes: LargeWrites,
    /// Where all connections are read into.
    pub input: RefCell<Box<[u8]>>,
    started: Instant,
    fixed_facts: ServerFacts,
    shutdown: RefCell<Option<oneshot::Sender<()>>>,
    log: Box<dyn Fn(&LogLine) + Send>,
}

impl Shared {
    /// Closes a connection that is over its limit of waiting output.
    pub fn check_output(&self, client: &Client) {
        let auth_required = self.settings.auth_required(&client.session.borrow());
        let rule = client.output_rule(auth_required, &self.limits.output);
        if client.outbox.is_over(rule) && !client.is_killed() {
            let what = "Closing client that is over its output buffer limit";
            self.log_client(Level::Warning, what, client);
            client.kill();
        }
    }

    /// Hands on that a client said SHUTDOWN.
    pub fn shut_down(&self) {
        if let Some(shutdown) = self.shutdown.borrow_mut().take() {
            let _ = shutdown.send(());
        }
    }

    /// Logs a line.
    pub fn log(&self, level: Level, text: String) {
        (self.log)(&LogLine {
            level,
            text,
            when: None,
        });
    }

    /// Logs a line about a connection.
    pub fn log_client(&self, level: Level, what: &str, client: &Client) {
        let mut text = what.to_owned();
        let _ = write!(text, ": {}", client_line(&client.info()));
        self.log(level, text);
    }

    /// The figures of INFO as they are now.
    pub fn facts(&self) -> ServerFacts {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let usage = getrusage(UsageWho::RUSAGE_SELF).ok();
        let (pubsub_channels, pubsub_patterns) = self.subscriptions.borrow().counts();
        let counters = &self.counters;
        ServerFacts {
            now_usec: u64::try_from(now.unwrap_or_default().as_micros()).unwrap_or(u64::MAX),
            uptime_s: self.started.elapsed().as_secs(),
            connected_clients: self.clients.len(),
            pubsub_clients: self.clients.subscribed(),
            blocked_clients: self.clients.count(|session| session.held),
            tracking_clients: self.clients.count(|session| session.tracking.is_some()),
            tracking_prefixes: self.clients.tracking_prefixes(),
            maxclients: u64::try_from(self.limits.maxclients).unwrap_or(u64::MAX),
            total_connections_received: counters.connections.get(),
            total_commands_processed: counters.commands.get(),
            instantaneous_ops_per_sec: counters.commands_last_second.get(),
            input_bytes_per_sec: counters.bytes_in_last_second.get(),
            output_bytes_per_sec: counters.bytes_out_last_second.get(),
            recent_max_input_buffer: self.clients.largest(Client::input_memory),
            recent_max_output_buffer: self.clients.largest(|client| client.outbox.memory()),
            total_net_input_bytes: counters.bytes_in.get(),
            total_net_output_bytes: counters.bytes_out.get(),
            rejected_connections: counters.rejected.get(),
            pubsub_channels,
            pubsub_patterns,
            total_error_replies: counters.errors.get(),
            total_reads_processed: counters.reads.get(),
            total_writes_processed: counters.writes.get(),
            acl_access_denied_auth: counters.failed_auths.get(),
            acl_access_denied_cmd: counters.denied_commands.get(),
            acl_access_denied_channel: counters.denied_channels.get(),
            used_cpu_sys_s: usage.map_or(0.0, |u| seconds(u.system_time())),
            used_cpu_user_s: usage.map_or(0.0, |u| seconds(u.user_time())),
            ..self.fixed_facts.clone()
        }
    }
}

fn seconds(time: TimeVal) -> f64 {
    #[allow(clippy::cast_precision_loss)] // A CPU time this large would be 285 years.
    let (whole, micros) = (time.tv_sec() as f64, time.tv_usec() as f64);
    whole + micros / 1e6
}
