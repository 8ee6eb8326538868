//! All connections of clients: what commands and the fan-out see of each, and the questions of
//! CLIENT LIST and CLIENT KILL over all of them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;
use std::task::{Context, Waker};

use tokio::io::AsyncWrite;
use tokio::time::Instant;

use crate::commands::{
    ClientInfo, ClientType, ClientsQuery, Session, kill_addr_reply, kill_reply, list_reply,
    own_reply, track,
};
use crate::config::OutputLimits;
use crate::resp::Reply;

use super::large_writes::WriteTurn;
use super::outbox::{Outbox, OutputRule};
use super::serve::Shared;
use super::stream::WritableSocket;

/// One connection as everybody but its own task sees it.
#[derive(Debug)]
pub struct Client {
    /// Its id.
    pub id: u64,
    /// What commands know of it.
    pub session: RefCell<Session>,
    /// What waits to be written to it.
    pub outbox: Outbox,
    /// When bytes last came in; at first, when it was accepted.
    pub last_read: Cell<Instant>,
    /// Bytes read and not understood yet.
    pub unread: Cell<usize>,
    /// Free space behind them.
    pub unread_free: Cell<usize>,
    /// When it has much to write.
    pub write_turn: Cell<WriteTurn>,
    /// It is to be written to because of an event.
    pub in_fan_out: Cell<bool>,
    /// Close once the reply of the running command is written.
    pub close_after_reply: Cell<bool>,
    /// It spoke as only sentinels do.
    pub is_peer: Cell<bool>,
    accepted: Instant,
    fd: i64,
    killed: Cell<bool>,
    /// Of the task that serves it.
    task: RefCell<Option<Waker>>,
    /// While it is served.
    socket: Socket,
}

/// The socket of a connection.
#[derive(Default)]
struct Socket(RefCell<Option<WritableSocket>>);

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").finish_non_exhaustive()
    }
}

impl Client {
    /// Closes it at once, written or not. Its own task does the rest.
    pub fn kill(&self) {
        self.killed.set(true);
        self.wake();
    }

    /// Whether it is being closed.
    pub fn is_killed(&self) -> bool {
        self.killed.get()
    }

    /// Has its task look at it: something else has changed it.
    pub fn wake(&self) {
        if let Some(task) = &*self.task.borrow() {
            task.wake_by_ref();
        }
    }

    /// Its task may write much once.
    pub fn give_write_turn(&self) {
        self.write_turn.set(WriteTurn::Given);
        self.wake();
    }

    /// The task with this waker is its own.
    pub fn served_by(&self, waker: &Waker) {
        let mut task = self.task.borrow_mut();
        if !task.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *task = Some(waker.clone());
        }
    }

    /// What it is written to; none once it is closed.
    pub fn written_through(&self, socket: Option<WritableSocket>) {
        *self.socket.0.borrow_mut() = socket;
    }

    /// Gives its socket to somebody else than its task, whose waker it goes with. Nothing happens
    /// before it is served, or once it is closed.
    pub fn with_socket(&self, act: impl FnOnce(&mut (dyn AsyncWrite + Unpin), &mut Context<'_>)) {
        if let (Some(socket), Some(task)) = (&*self.socket.0.borrow(), &*self.task.borrow()) {
            act(&mut *socket.borrow_mut(), &mut Context::from_waker(task));
        }
    }

    /// Whether it has a subscription.
    pub fn is_subscribed(&self) -> bool {
        self.session.borrow().subscriptions() > 0
    }

    /// Whether a request of it waits for the end of a pause.
    pub fn is_held(&self) -> bool {
        self.session.borrow().held
    }

    /// What CLIENT LIST shows of it.
    pub fn info(&self) -> ClientInfo {
        ClientInfo {
            session: self.session.borrow().clone(),
            fd: self.fd,
            age_s: self.accepted.elapsed().as_secs(),
            idle_s: self.last_read.get().elapsed().as_secs(),
            qbuf: self.unread.get(),
            qbuf_free: self.unread_free.get(),
            omem: self.outbox.memory(),
        }
    }

    /// Bytes that its input takes: what is not understood yet and the free space behind it.
    pub fn input_memory(&self) -> usize {
        self.unread.get() + self.unread_free.get()
    }

    /// The rule for its waiting output.
    pub fn output_rule(&self, auth_required: bool, limits: &OutputLimits) -> OutputRule {
        if auth_required {
            OutputRule::Unauthenticated
        } else if self.is_subscribed() {
            OutputRule::Class(limits.pubsub)
        } else {
            OutputRule::Class(limits.normal)
        }
    }
}

/// The connections by id. Ids are never reused.
#[derive(Debug, Default)]
pub struct Clients {
    by_id: RefCell<BTreeMap<u64, Rc<Client>>>,
    last_id: Cell<u64>,
}

impl Clients {
    /// Takes a new connection in.
    pub fn enrol(&self, addr: String, laddr: String, fd: i64, shared: &Shared) -> Rc<Client> {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let now = Instant::now();
        let session = Session {
            id,
            addr,
            laddr,
            authenticated: shared.settings.users.borrow().let_everybody_in(),
            ..Session::default()
        };
        let client = Rc::new(Client {
            id,
            session: RefCell::new(session),
            outbox: Outbox::default(),
            last_read: Cell::new(now),
            unread: Cell::new(0),
            unread_free: Cell::new(0),
            write_turn: Cell::default(),
            in_fan_out: Cell::new(false),
            close_after_reply: Cell::new(false),
            is_peer: Cell::new(false),
            accepted: now,
            fd,
            killed: Cell::new(false),
            task: RefCell::default(),
            socket: Socket::default(),
        });
        self.by_id.borrow_mut().insert(id, Rc::clone(&client));
        client
    }

    /// Forgets a closed connection.
    pub fn remove(&self, id: u64) {
        self.by_id.borrow_mut().remove(&id);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.borrow().len()
    }

    /// How many have a subscription.
    pub fn subscribed(&self) -> usize {
        let by_id = self.by_id.borrow();
        by_id
            .values()
            .filter(|client| client.is_subscribed())
            .count()
    }

    /// How many there are of which this holds.
    pub fn count(&self, holds: impl Fn(&Session) -> bool) -> usize {
        let by_id = self.by_id.borrow();
        let sessions = by_id.values().filter(|one| holds(&one.session.borrow()));
        sessions.count()
    }

    /// The largest of these figures, 0 without clients.
    pub fn largest(&self, figure: impl Fn(&Client) -> usize) -> usize {
        let by_id = self.by_id.borrow();
        by_id.values().map(|one| figure(one)).max().unwrap_or(0)
    }

    /// How many different prefixes CLIENT TRACKING was told.
    pub fn tracking_prefixes(&self) -> usize {
        let by_id = self.by_id.borrow();
        let mut all = BTreeSet::new();
        for client in by_id.values() {
            let session = client.session.borrow();
            all.extend(session.tracking.iter().flat_map(|one| one.prefixes.clone()));
        }
        all.len()
    }

    /// All that are not being closed, in the order of their ids.
    pub fn alive(&self) -> Vec<Rc<Client>> {
        let by_id = self.by_id.borrow();
        let alive = by_id.values().filter(|client| !client.is_killed());
        alive.cloned().collect()
    }

    /// Answers a question of `me`, or carries it out.
    pub fn answer(&self, query: &ClientsQuery, me: &Client) -> Reply {
        match query {
            ClientsQuery::Own => own_reply(&me.info()),
            ClientsQuery::List(filter) => {
                let infos: Vec<ClientInfo> = self.alive().iter().map(|c| c.info()).collect();
                list_reply(&infos, filter)
            }
            ClientsQuery::Kill(filter) => {
                // Nobody is ever of these classes, and copying sessions is not free.
                if matches!(filter.kind, Some(ClientType::Master | ClientType::Replica)) {
                    return kill_reply(0);
                }
                let all = self.alive();
                let chosen = all.iter().filter(|c| filter.matches(&c.info(), me.id));
                kill_reply(chosen.map(|client| end(client, me)).count())
            }
            ClientsQuery::Track(words) => {
                let exists = |id| self.by_id.borrow().contains_key(&id);
                track(&mut me.session.borrow_mut(), words, &exists)
            }
            ClientsQuery::KillAddr(addr) => {
                let all = self.alive();
                let found = all.iter().find(|c| c.session.borrow().addr == *addr);
                kill_addr_reply(found.map(|client| end(client, me)).is_some())
            }
        }
    }
}

/// Closes a connection; the caller's own only after its reply.
pub fn end(client: &Client, me: &Client) {
    if client.id == me.id {
        client.close_after_reply.set(true);
    } else {
        client.kill();
    }
}
