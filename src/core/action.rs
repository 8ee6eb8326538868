//! What the core wants done. The shell carries these out in order; it decides nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::types::{Epoch, MasterName, RunId, Secret};

pub use crate::wire::Renames;
use crate::wire::{coordinated, replicaof};

use super::event::{ConnId, Waiter};
use super::notice::{LogLine, Notice};
use super::persist::Version;
use super::scripts::ScriptId;
use super::view::AddressTable;

/// An instruction to the shell.
#[derive(Debug)]
pub enum Action {
    /// Open a socket. Asks sent to it before it is up wait in order; a failure comes back as
    /// `Event::Closed`, success as `Event::Connected`.
    Connect {
        /// The id of the new socket.
        conn: ConnId,
        /// Where to.
        to: SocketAddr,
        /// What kind of conversation: decides how incoming elements are read.
        socket: Socket,
        /// Who is there.
        far_end: FarEnd,
        /// The host as it was written: a name or an IP.
        host: Arc<str>,
        /// The event name and `<I>` text to log at debug level if it fails.
        what: String,
    },
    /// Close a socket at once; no `Event::Closed` follows.
    Close {
        /// Which one.
        conn: ConnId,
    },
    /// Send a typed ask.
    Send {
        /// On which socket.
        conn: ConnId,
        /// What.
        ask: Ask,
        /// The renamed command words in force for this target; empty for peers.
        words: Arc<Renames>,
    },
    /// Look a host name up; answered by `Event::Resolved`.
    Resolve {
        /// The name.
        host: Arc<str>,
    },
    /// Log and publish an event.
    Notice(Notice),
    /// Log only.
    Log(LogLine),
    /// Swap the address table that GET-MASTER-ADDR-BY-NAME reads, before anything that
    /// follows in the queue becomes visible.
    Addresses(Arc<AddressTable>),
    /// The state has changed and has to be made durable, as [`Sentinel::durable_state`] gives it:
    /// now, or later. Versions only grow, and a state covers all versions that came before it.
    ///
    /// [`Sentinel::durable_state`]: super::Sentinel::durable_state
    Persist {
        /// The number of this change.
        version: Version,
    },
    /// Answer a waiting caller.
    Reply {
        /// Who.
        waiter: Waiter,
        /// What.
        reply: Reply,
    },
    /// Start a script; answered by `Event::ScriptStarted` and then `Event::ScriptEnded`, or by
    /// `Event::ScriptFailed`. Scripts start in the order of these actions.
    StartScript {
        /// Comes back in the answers.
        script: ScriptId,
        /// The path of the program, then its arguments.
        argv: Arc<[String]>,
    },
    /// Kill the process of a script that was started; nothing if it has ended meanwhile. Its end
    /// comes as `Event::ScriptEnded`, as ever.
    KillScript {
        /// Which one.
        script: ScriptId,
    },
    /// Apply a new log level (already validated).
    SetLogLevel(String),
    /// End the process at once with this status (a simulated crash: 99).
    Exit {
        /// The exit status.
        status: i32,
    },
}

/// Who is at the other end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FarEnd {
    /// A master or a replica.
    Server,
    /// Another sentinel.
    Sentinel,
}

/// The two kinds of conversation with an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Socket {
    /// Requests and replies.
    Command,
    /// Subscribed to the hello channel.
    Pubsub,
}

/// A typed request to a server or peer.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// `AUTH [user] pass`.
    Auth {
        /// One-argument form when `None`.
        user: Option<String>,
        /// The password.
        pass: Secret,
    },
    /// `CLIENT SETNAME name`.
    SetName(String),
    /// `PING`.
    Ping,
    /// `INFO`.
    Info,
    /// `SUBSCRIBE __sentinel__:hello`, on a pubsub socket.
    Subscribe,
    /// `PUBLISH __sentinel__:hello text`.
    Hello {
        /// The record it is sent for; comes back in the answer.
        party: super::Party,
        /// The eight fields.
        text: String,
    },
    /// `SENTINEL is-master-down-by-addr host port epoch candidate|*`.
    MasterDown {
        /// The peer record it is sent for; comes back in the answer.
        peer: super::Party,
        /// The master's host in announce form.
        host: String,
        /// The master's port.
        port: u16,
        /// The epoch.
        epoch: Epoch,
        /// Own id to request a vote, `None` for `*`.
        candidate: Option<RunId>,
    },
    /// `SCRIPT KILL`.
    ScriptKill,
    /// `MULTI`, `SLAVEOF …`, `CONFIG REWRITE`, `CLIENT KILL TYPE normal`,
    /// `CLIENT KILL TYPE pubsub`, `EXEC`; one answer for all six replies.
    Replicate {
        /// The record it is sent for; comes back in the answer.
        party: super::Party,
        /// Host (announce form) and port to follow, or `None` for `NO ONE`.
        target: Option<(String, u16)>,
        /// `FAILOVER ABORT` comes first: the server is handing over by its own FAILOVER.
        abort_failover: bool,
    },
    /// `MULTI`, `CLIENT PAUSE ms WRITE`, `FAILOVER TO host port TIMEOUT ms`, `EXEC`: a master is to
    /// hand over to its replica; one answer for all four replies.
    HandOver {
        /// The failover it belongs to; comes back in the answer.
        epoch: Epoch,
        /// The replica's host, as its master prints it.
        host: String,
        /// Its port.
        port: u16,
        /// How long writers wait at most, and how long the master waits for the replica.
        ms: u64,
    },
    /// `MULTI`, `CONFIG REWRITE`, `CLIENT KILL TYPE normal`, `CLIENT KILL TYPE pubsub`,
    /// `CLIENT UNPAUSE`, `EXEC`: the handover is done; one answer for all six replies.
    Release,
    /// `CLIENT UNPAUSE`: there is no handover, writers go on.
    Unpause,
}

impl Ask {
    /// How many commands (and so replies) it is on the wire.
    pub fn commands(&self) -> u32 {
        let commands = match self {
            Ask::Replicate { abort_failover, .. } => {
                if *abort_failover {
                    replicaof::COMMANDS_WITH_ABORT
                } else {
                    replicaof::COMMANDS
                }
            }
            Ask::HandOver { .. } => coordinated::COMMANDS,
            Ask::Release => coordinated::RELEASE_COMMANDS,
            _ => 1,
        };
        commands as u32
    }

    /// One answer covers several replies.
    pub fn is_transaction(&self) -> bool {
        self.commands() > 1
    }
}

/// What a waiting caller is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// `+OK`.
    Ok,
    /// An integer (RESET).
    Count(u64),
    /// An error: its full text with its code, without the leading `-`.
    Error(String),
    /// The answer to a [`super::event::DownQuestion`].
    Down(DownOpinion),
}

/// The three elements of an IS-MASTER-DOWN-BY-ADDR reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownOpinion {
    /// Down in our opinion.
    pub down: bool,
    /// Whom we voted for; `None` is shown as `*`.
    pub leader: Option<RunId>,
    /// The epoch of that vote.
    pub epoch: Epoch,
}

/// One row of the address table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRow {
    /// The group.
    pub name: MasterName,
    /// Host in announce form.
    pub host: String,
    /// Port.
    pub port: u16,
}
