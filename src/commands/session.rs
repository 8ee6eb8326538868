//! What a command knows of the connection it came from.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::acl::UserName;
use crate::resp::Proto;

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
    /// Subscribed channels.
    pub channels: BTreeSet<Bytes>,
    /// Subscribed patterns.
    pub patterns: BTreeSet<Bytes>,
    /// `ip:port` of the other end.
    pub addr: String,
    /// `ip:port` of this end.
    pub laddr: String,
    /// Full name of the last command, e.g. `client|list`; `None` before the first.
    pub last_command: Option<&'static str>,
    /// `CLIENT NO-EVICT on`.
    pub no_evict: bool,
}

impl Session {
    /// Channels plus patterns: while above 0 the connection is "subscribed".
    pub fn subscriptions(&self) -> usize {
        self.channels.len() + self.patterns.len()
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
