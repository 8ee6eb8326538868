//! Links: the sockets to one server or peer, their clocks, and who shares them.
//!
//! A server has a command and a pubsub socket, a peer only a command socket. Records of the same
//! peer under several masters share one link, and with it one PING stream and one set of clocks.

mod connect;
mod ping;

use std::collections::VecDeque;

use crate::types::Mono;

pub(in crate::core) use connect::Pace;

use super::event::ConnId;
use super::{MasterId, Party, action};

/// A link; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

/// The life of one socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketState {
    /// None; connect at this instant.
    Down {
        /// When the next attempt is allowed.
        retry_at: Mono,
    },
    /// A connect has been started at `since`; asks queue behind it.
    Connecting {
        /// Which socket.
        conn: ConnId,
        /// When the attempt began.
        since: Mono,
    },
    /// Connected at `since`.
    Up {
        /// Which socket.
        conn: ConnId,
        /// When the connect ended.
        since: Mono,
    },
}

impl SocketState {
    /// The socket, connecting or connected.
    pub fn conn(self) -> Option<ConnId> {
        match self {
            SocketState::Down { .. } => None,
            SocketState::Connecting { conn, .. } | SocketState::Up { conn, .. } => Some(conn),
        }
    }

    /// Connected.
    pub fn is_up(self) -> bool {
        matches!(self, SocketState::Up { .. })
    }
}

/// One socket of a link and the attempts it took.
#[derive(Clone, Copy, Debug)]
pub struct LinkSocket {
    /// Where it is in its life.
    pub state: SocketState,
    /// Connect attempts since the last proof that the other end works.
    pub attempts: u32,
    /// When it was last reconnected without a pause.
    last_instant_retry: Option<Mono>,
    /// Commands sent on it and not answered; those of a lost socket are forgotten with it.
    pub pending: i64,
}

impl LinkSocket {
    fn new(now: Mono) -> Self {
        LinkSocket {
            state: SocketState::Down { retry_at: now },
            attempts: 0,
            last_instant_retry: None,
            pending: 0,
        }
    }
}

/// First and longest pause between attempts: 50, 100, 200, … 1000 ms.
const FIRST_RETRY_MS: u64 = 50;
pub(super) const LONGEST_RETRY_MS: u64 = 1_000;
/// The loss of a working socket is answered by an attempt without a pause (the PING that goes with
/// it starts the clock of a dead server), but at most once in this time: an other end that accepts
/// and hangs up again and again must not be hammered. After this long a socket that answers has
/// proved that it works.
const SETTLED_MS: u64 = 1_000;

impl LinkSocket {
    /// Something valid arrived on it.
    pub fn prove(&mut self, now: Mono) {
        if let SocketState::Up { since, .. } = self.state
            && now.since(since) >= SETTLED_MS
        {
            self.attempts = 0;
        }
    }

    /// It ended, or could not be opened: plans the next attempt.
    pub fn lose(&mut self, now: Mono) {
        let lately = |at: Mono| now.since(at) < SETTLED_MS;
        let pause = if self.state.is_up() && !self.last_instant_retry.is_some_and(lately) {
            self.last_instant_retry = Some(now);
            0
        } else if self.attempts == 0 {
            0
        } else {
            (FIRST_RETRY_MS << (self.attempts - 1).min(10)).min(LONGEST_RETRY_MS)
        };
        self.state = SocketState::Down {
            retry_at: now.plus(pause),
        };
    }
}

/// The sockets to one instance.
#[derive(Clone, Debug)]
pub struct Link {
    /// The records that use it: one for a server, one or more for a peer.
    pub users: Vec<Party>,
    /// Requests and replies.
    pub command: LinkSocket,
    /// Subscribed to hellos; servers only.
    pub pubsub: Option<LinkSocket>,
    /// When the oldest PING without a valid reply was sent; creation counts as one.
    pub ping_pending_since: Option<Mono>,
    /// When the INFOs not yet answered were sent, oldest first.
    pub info_in_flight: VecDeque<Mono>,
    /// How many commands each transaction not yet answered is, oldest first.
    pub transactions: VecDeque<u32>,
    /// How many PINGs are unanswered on this very socket.
    pub pings_in_flight: u32,
    /// When the last PING was sent.
    pub last_ping_sent: Option<Mono>,
    /// When the last valid PING reply came (creation counts as one).
    pub last_valid_reply: Mono,
    /// When the last PING reply of any kind came (creation counts as one).
    pub last_any_reply: Mono,
    /// When anything last arrived on the pubsub socket.
    pub pubsub_activity: Mono,
    /// The slowest recent round trip in ms, decaying by an eighth with each faster one.
    pub round_trip: u64,
    /// When the sentinel at the other end last asked us about a master, and about which.
    pub question: Option<(Mono, MasterId)>,
    /// An AUTH refusal has been logged for this socket already.
    pub auth_complained: bool,
    /// When its host name was last looked up, if it is one.
    pub looked_up: Mono,
    /// Its host name has just been looked up: the connect that follows needs no look-up, and must
    /// not begin one, or a name with several addresses would move the link with each answer.
    pub just_resolved: bool,
}

impl Link {
    /// A link that has never been connected.
    pub fn new(user: Party, with_pubsub: bool, now: Mono) -> Self {
        Link {
            users: vec![user],
            command: LinkSocket::new(now),
            pubsub: with_pubsub.then(|| LinkSocket::new(now)),
            ping_pending_since: Some(now),
            info_in_flight: VecDeque::new(),
            transactions: VecDeque::new(),
            pings_in_flight: 0,
            last_ping_sent: None,
            last_valid_reply: now,
            last_any_reply: now,
            pubsub_activity: now,
            round_trip: 0,
            question: None,
            auth_complained: false,
            looked_up: now,
            just_resolved: false,
        }
    }

    /// The records that use it at this moment, to go through while the link may change. With the
    /// usual one user nothing is allocated.
    pub fn users_now(&self) -> impl Iterator<Item = Party> + Clone + use<> {
        let others = self.users.get(1..).map_or_else(Vec::new, <[Party]>::to_vec);
        self.users.first().copied().into_iter().chain(others)
    }

    /// A needed socket is missing. A connect in progress counts as connected: frozen and
    /// black-holed servers look connected, the PING clock finds them.
    pub fn is_disconnected(&self) -> bool {
        let missing = |socket: &LinkSocket| socket.state.conn().is_none();
        missing(&self.command) || self.pubsub.as_ref().is_some_and(missing)
    }

    /// The socket for commands, connecting or connected.
    pub fn command_conn(&self) -> Option<ConnId> {
        self.command.state.conn()
    }

    /// Both kinds of socket this link needs, with their states.
    pub fn socket(&self, kind: action::Socket) -> Option<&LinkSocket> {
        match kind {
            action::Socket::Command => Some(&self.command),
            action::Socket::Pubsub => self.pubsub.as_ref(),
        }
    }

    /// The same, to be changed.
    pub fn socket_mut(&mut self, kind: action::Socket) -> Option<&mut LinkSocket> {
        match kind {
            action::Socket::Command => Some(&mut self.command),
            action::Socket::Pubsub => self.pubsub.as_mut(),
        }
    }

    /// Commands sent and not answered, on both sockets.
    pub fn pending(&self) -> i64 {
        self.command.pending + self.pubsub.as_ref().map_or(0, |socket| socket.pending)
    }

    /// Room for periodic commands.
    pub fn has_room(&self) -> bool {
        self.pending() < super::timings::MAX_PENDING * self.users.len() as i64
    }

    /// Notes a round trip for the estimate of the slowest recent one.
    pub fn note_round_trip(&mut self, ms: u64) {
        self.round_trip = ms.max(self.round_trip - self.round_trip.div_ceil(8));
    }
}
