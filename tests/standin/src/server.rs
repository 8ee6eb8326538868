//! The life of a server: start, hang, kill, restart.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::neighbours::Neighbours;
use crate::state::{ClientKind, Link, Role, State};
use crate::{connection, replication};

/// Connections that wait to be accepted, at most.
const BACKLOG: u32 = 1024;

/// How a server begins.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The master to follow; none begins as a master.
    pub master: Option<SocketAddr>,
    /// What clients must AUTH with (`requirepass`).
    pub password: Option<String>,
    /// What it authenticates with to its own master (`masterauth`).
    pub master_password: Option<String>,
    /// `replica-priority`; 0 is never to be promoted.
    pub priority: u32,
    /// `replica-announced`.
    pub announced: bool,
    /// Servers of this process that are followed without a socket.
    pub neighbours: Option<Neighbours>,
}

impl Options {
    /// A master without a password at this address, priority 100.
    pub fn new(listen: SocketAddr) -> Self {
        Options {
            listen,
            master: None,
            password: None,
            master_password: None,
            priority: 100,
            announced: true,
            neighbours: None,
        }
    }

    /// The same, following `master`.
    pub fn replica_of(self, master: SocketAddr) -> Self {
        Options {
            master: Some(master),
            ..self
        }
    }
}

/// One server. It lives on the tokio runtime it was started on and ends when dropped.
///
/// One task listens, one follows the master, and each connection has one; an idle server costs
/// a few kilobytes.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    life: Option<JoinHandle<()>>,
    /// Keeps the port of a killed server, which refuses connections.
    held: Option<TcpSocket>,
}

/// What the tasks of one server have in common.
pub(crate) struct Shared {
    state: Mutex<State>,
    hung: watch::Sender<bool>,
    /// A client said SHUTDOWN.
    pub(crate) end: Notify,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    /// The state; a panic elsewhere does not make it unreadable.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns at once, or when the server is no longer hung.
    pub(crate) async fn while_hung(&self) {
        if *self.hung.borrow() {
            // The sender lives in self, so this cannot fail.
            let _ = self.hung.subscribe().wait_for(|hung| !hung).await;
        }
    }
}

impl Server {
    /// Begins to listen; must be called on a tokio runtime.
    pub async fn start(options: Options) -> io::Result<Server> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let neighbours = options.neighbours.clone();
        let state = Mutex::new(State::new(address, options));
        let shared = Arc::new(Shared {
            state,
            hung: watch::Sender::new(false),
            end: Notify::new(),
        });
        if let Some(neighbours) = neighbours {
            neighbours.join(address, &shared);
        }
        let life = Some(tokio::spawn(live(shared.clone(), listener)));
        Ok(Server {
            shared,
            address,
            life,
            held: None,
        })
    }

    /// Where it listens, also while it is dead.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The run id of the present life.
    pub fn run_id(&self) -> String {
        self.shared.lock().run_id.clone()
    }

    /// Bytes of the replication stream produced or applied.
    pub fn offset(&self) -> u64 {
        self.shared.lock().offset
    }

    /// True while it is a master.
    pub fn is_master(&self) -> bool {
        !self.shared.lock().is_replica()
    }

    /// The master it follows (as it was told) and whether that link is up; none for a master.
    pub fn follows(&self) -> Option<(String, u16, bool)> {
        match &self.shared.lock().role {
            Role::Master => None,
            Role::Replica(following) => {
                let up = matches!(following.link, Link::Up);
                Some((following.upstream.host.clone(), following.upstream.port, up))
            }
        }
    }

    /// How many connections it has, and how many of them are replicas.
    pub fn connections(&self) -> (usize, usize) {
        let state = self.shared.lock();
        let replicas = state
            .clients
            .values()
            .filter(|client| matches!(client.kind, ClientKind::Replica { .. }));
        (state.clients.len(), replicas.count())
    }

    /// The least number of connections in use of the two kinds a sentinel has: those on which a
    /// PING came, and those that have subscribed.
    pub fn links_in_use(&self) -> usize {
        let state = self.shared.lock();
        let pinged = state
            .clients
            .values()
            .filter(|client| client.pinged.is_some());
        let subscribed = state
            .clients
            .values()
            .filter(|client| matches!(client.kind, ClientKind::Pubsub));
        pinged.count().min(subscribed.count())
    }

    /// From now on it keeps the times between PINGs of one connection.
    pub fn watch_pings(&self) {
        let mut state = self.shared.lock();
        state.ping_gaps = Some(Vec::new());
        state
            .clients
            .values_mut()
            .for_each(|client| client.pinged = None);
    }

    /// The times between PINGs since [`Server::watch_pings`], which this ends.
    pub fn ping_gaps(&self) -> Vec<Duration> {
        self.shared.lock().ping_gaps.take().unwrap_or_default()
    }

    /// From now on it accepts connections but never answers, and neither sends nor applies
    /// replication, like a stopped process.
    pub fn hang(&self) {
        self.shared.hung.send_replace(true);
    }

    /// Ends [`Server::hang`]: all that has piled up is answered.
    pub fn resume(&self) {
        self.shared.hung.send_replace(false);
    }

    /// Ends the process, so to speak: when this returns, all its sockets are closed. Its port
    /// stays taken: the system gives it to no socket that is content with any. (A process that asks
    /// for this very port gets it.)
    pub async fn kill(&mut self) {
        if let Some(life) = self.life.take() {
            life.abort();
            let _ = life.await;
            // Ends the links of neighbours, which are no sockets.
            let mut state = self.shared.lock();
            state.alive = false;
            state.clients.clear();
            self.held = Some(hold(self.address).expect("the port has just been its own"));
        }
        self.resume();
    }

    /// Ends many at once, as when their machine dies.
    pub async fn kill_all(servers: &mut [&mut Server]) {
        // None of them waits for what the others still do.
        for life in servers.iter().filter_map(|server| server.life.as_ref()) {
            life.abort();
        }
        for server in servers {
            server.kill().await;
        }
    }

    /// Starts a killed (or shut down) server again at the same address, as a new process with
    /// the role it last saved. Kills it first when it still runs.
    pub async fn restart(&mut self) -> io::Result<()> {
        self.kill().await;
        let socket = match self.held.take() {
            Some(socket) => socket,
            None => hold(self.address)?,
        };
        let listener = socket.listen(BACKLOG)?;
        self.shared.lock().reborn();
        self.life = Some(tokio::spawn(live(self.shared.clone(), listener)));
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(life) = self.life.take() {
            life.abort();
        }
    }
}

/// A bound socket that does not listen: connections to it are refused.
fn hold(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // The ends of its old connections still have the address.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// One life. All other tasks belong to this one and end with it.
async fn live(shared: Arc<Shared>, listener: TcpListener) {
    let mut tasks = JoinSet::new();
    tasks.spawn(replication::follow(shared.clone()));
    loop {
        // A hung process leaves new connections in the kernel's queue.
        shared.while_hung().await;
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    // Sockets of small replies: waiting to fill a packet would only add delay.
                    let _ = stream.set_nodelay(true);
                    tasks.spawn(connection::serve(shared.clone(), stream));
                }
            }
            Some(_) = tasks.join_next() => {}
            () = shared.end.notified() => return,
        }
    }
}
