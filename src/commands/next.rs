//! What follows from a command: an immediate reply, or something the socket side has to fetch
//! or do first. Commands decide it; `server/` carries it out.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::acl::{Denial, User, UserName};
use crate::core::event::{DownQuestion, Instruction};
use crate::core::view::{AddressTable, View};
use crate::resp::Reply;

use super::session::ClientType;

/// Formats a reply from a snapshot of the core.
pub type FromView = Box<dyn FnOnce(&View) -> Reply + Send>;
/// Formats a reply from a snapshot and the server's own figures.
pub type FromFacts = Box<dyn FnOnce(&View, &ServerFacts) -> Reply + Send>;
/// Formats a reply from the address table.
pub type FromAddresses = Box<dyn FnOnce(&AddressTable) -> Reply + Send>;

/// The step after a command has been read and permitted.
pub enum Next {
    /// Answer this.
    Reply(Reply),
    /// Fetch a snapshot, then answer.
    View(FromView),
    /// Fetch a snapshot and answer `masters_listing` of it: SENTINEL MASTERS, which all who share a
    /// snapshot are told alike.
    Masters,
    /// Fetch a snapshot and the server's figures, then answer (INFO).
    Facts(FromFacts),
    /// Answer from the address table, which needs no round trip.
    Addresses(FromAddresses),
    /// Ask the core; its reply becomes `*3` int, bulk, int (see `down_reply`).
    AskDown(DownQuestion),
    /// Hand a hello to the core and answer `:1`.
    Hello(String),
    /// Instruct the core; its reply becomes `+OK`, an integer or an error.
    Instruct(Instruction),
    /// Instruct the core; when it says `Ok`, answer this instead of `+OK`.
    InstructThen(Instruction, Reply),
    /// SUBSCRIBE / PSUBSCRIBE: the session is already changed; these pushes are the answer, and
    /// the subscription registry must learn the new sets before any later event.
    Subscribed(Vec<Reply>),
    /// UNSUBSCRIBE / PUNSUBSCRIBE: same.
    Unsubscribed(Vec<Reply>),
    /// CLIENT LIST / CLIENT KILL / CLIENT INFO over all connections.
    Clients(ClientsQuery),
    /// CLIENT PAUSE: requests wait, then `+OK`.
    Pause {
        /// For how long, in milliseconds.
        ms: u64,
        /// Which requests.
        mode: PauseMode,
    },
    /// CLIENT UNPAUSE: they no longer do; `+OK`.
    Unpause,
    /// Answer this error, and take note of it in the ACL log.
    Denied(Reply, Denial),
    /// Change, save or load the users, look at the ACL log, or draw a password.
    Acl(AclStep),
    /// SHUTDOWN: no reply, end the process cleanly.
    Shutdown,
    /// Close this connection without a reply (the HTTP guard).
    Close,
}

/// Which requests a pause holds back; the stricter one is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PauseMode {
    /// Those that may replicate: PUBLISH.
    Write,
    /// All.
    All,
}

/// What the socket side does for an ACL command.
#[derive(Debug)]
pub enum AclStep {
    /// Draw a password of so many bits; the answer is `genpass_reply`.
    GenPass(u16),
    /// Store this user, close what it may no longer hear, answer `+OK`.
    Set(Box<User>),
    /// Remove these users, close their connections, answer how many there were.
    Delete(Vec<Bytes>),
    /// Answer the newest so many entries of the ACL log (`log_reply`).
    Log(usize),
    /// Empty the ACL log, answer `+OK`.
    ResetLog,
    /// Read the ACL file of the settings anew: all of it or nothing.
    Load,
    /// Write the ACL file of the settings, durably.
    Save,
}

/// A question about, or action on, client connections.
pub enum ClientsQuery {
    /// CLIENT INFO: the caller's own line.
    Own,
    /// CLIENT LIST.
    List(ListFilter),
    /// CLIENT KILL with filters: answers the number killed.
    Kill(KillFilter),
    /// CLIENT KILL addr: `+OK` or an error; may kill the caller.
    KillAddr(String),
    /// CLIENT TRACKING with these words: see [`super::track`].
    Track(Vec<Bytes>),
}

/// Which connections CLIENT LIST shows; both `None` = all.
#[derive(Default)]
pub struct ListFilter {
    /// `TYPE t`.
    pub kind: Option<ClientType>,
    /// `ID id …`: the ids, and at which place each was asked for.
    pub ids: Option<BTreeMap<u64, usize>>,
}

/// The AND-ed filters of CLIENT KILL.
#[derive(Default)]
pub struct KillFilter {
    /// `ID n`.
    pub id: Option<u64>,
    /// `TYPE t`.
    pub kind: Option<ClientType>,
    /// `ADDR ip:port`.
    pub addr: Option<String>,
    /// `LADDR ip:port`.
    pub laddr: Option<String>,
    /// `USER u`.
    pub user: Option<UserName>,
    /// `MAXAGE s`.
    pub max_age_s: Option<u64>,
    /// `SKIPME yes` (the default) spares the caller.
    pub skip_me: bool,
}

/// The server's own figures for INFO.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct ServerFacts {
    pub redis_version: String,
    pub process_id: u32,
    pub process_supervised: &'static str,
    pub run_id: String,
    pub tcp_port: u16,
    pub now_usec: u64,
    pub uptime_s: u64,
    pub executable: String,
    pub config_file: String,
    pub os: String,
    /// `name=tcp,bind=…,port=…` texts, one per listener line.
    pub listeners: Vec<String>,
    pub connected_clients: usize,
    pub pubsub_clients: usize,
    pub blocked_clients: usize,
    pub tracking_clients: usize,
    pub tracking_prefixes: usize,
    pub maxclients: u64,
    pub total_connections_received: u64,
    pub total_commands_processed: u64,
    pub instantaneous_ops_per_sec: u64,
    pub input_bytes_per_sec: u64,
    pub output_bytes_per_sec: u64,
    pub recent_max_input_buffer: usize,
    pub recent_max_output_buffer: usize,
    pub total_net_input_bytes: u64,
    pub total_net_output_bytes: u64,
    pub rejected_connections: u64,
    pub pubsub_channels: usize,
    pub pubsub_patterns: usize,
    pub total_error_replies: u64,
    pub total_reads_processed: u64,
    pub total_writes_processed: u64,
    pub acl_access_denied_auth: u64,
    pub acl_access_denied_cmd: u64,
    pub acl_access_denied_channel: u64,
    pub used_cpu_sys_s: f64,
    pub used_cpu_user_s: f64,
}
