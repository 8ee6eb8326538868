//! What a command knows of the connection it came from.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use crate::acl::UserName;
use crate::resp::Proto;

use super::tracking::Tracking;

/// The state of one client connection that commands read and change. The socket side owns it.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// Client id, unique in this process.
    pub id: u64,
    /// Protocol of replies.
    pub proto: Proto,
    /// `CLIENT SETNAME`.
    pub name: Option<String>,
    /// `CLIENT SETINFO lib-name`.
    pub lib_name: Option<String>,
    /// `CLIENT SETINFO lib-ver`.
    pub lib_ver: Option<String>,
    /// Authenticated (true from the start when no password is required).
    pub authenticated: bool,
    /// The user it belongs to: `default` until it authenticates as another.
    pub user: UserName,
    /// Subscribed channels. (Shared, so that a copy for a listing costs nothing.)
    pub channels: Arc<BTreeSet<Bytes>>,
    /// Subscribed patterns.
    pub patterns: Arc<BTreeSet<Bytes>>,
    /// What the subscriptions take, in bytes.
    pub subscribed_bytes: usize,
    /// `ip:port` of the other end.
    pub addr: String,
    /// `ip:port` of this end.
    pub laddr: String,
    /// Full name of the last command, e.g. `client|list`; `None` before the first.
    pub last_command: Option<&'static str>,
    /// `CLIENT NO-EVICT on`.
    pub no_evict: bool,
    /// Which replies are sent.
    pub replies: Replies,
    /// `CLIENT TRACKING on`.
    pub tracking: Option<Tracking>,
    /// A request waits for the end of a pause.
    pub held: bool,
    /// The last request was carried out, not refused before that.
    pub was_carried_out: bool,
}

impl Session {
    /// Channels plus patterns: while above 0 the connection is "subscribed".
    pub fn subscriptions(&self) -> usize {
        self.channels.len() + self.patterns.len()
    }

    /// What this connection has made us keep beyond its requests, in bytes: it has the same limit
    /// as an unfinished request, because it grows with what the client sends.
    pub fn kept_bytes(&self) -> usize {
        let names = [&self.name, &self.lib_name, &self.lib_ver];
        let names: usize = names.into_iter().flatten().map(String::len).sum();
        let prefixes = self.tracking.as_ref().map_or(0, |one| one.prefix_bytes);
        self.subscribed_bytes + prefixes + names
    }
}

/// CLIENT REPLY: which replies are sent. Pushes always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replies {
    /// All.
    #[default]
    On,
    /// None until ON.
    Off,
    /// Not that of this request (SKIP itself) and of the next.
    SkipNext,
    /// Not that of this request.
    SkipThis,
}

impl Replies {
    /// Whether the reply of the running request is dropped.
    pub fn muted(self) -> bool {
        self != Replies::On
    }

    /// To be called after each request.
    pub fn request_done(&mut self) {
        *self = match *self {
            Replies::SkipNext => Replies::SkipThis,
            Replies::SkipThis => Replies::On,
            lasting => lasting,
        };
    }
}

/// The classes of CLIENT LIST TYPE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientType {
    /// Anything else.
    Normal,
    /// Never present on a sentinel.
    Master,
    /// Never present on a sentinel.
    Replica,
    /// At least one subscription.
    Pubsub,
}

/// What CLIENT LIST shows of one connection.
#[derive(Clone, Debug, Default)]
pub struct ClientInfo {
    /// A copy of its session (without subscriptions' names being needed).
    pub session: Session,
    /// File descriptor number, or −1.
    pub fd: i64,
    /// Seconds since accept.
    pub age_s: u64,
    /// Seconds since the last byte received.
    pub idle_s: u64,
    /// Unread input bytes.
    pub qbuf: usize,
    /// Free space in the input buffer.
    pub qbuf_free: usize,
    /// Bytes of output not yet written.
    pub omem: usize,
}
