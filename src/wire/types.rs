//! The understood forms of what servers and peers answer.

use bytes::Bytes;

use crate::types::{Epoch, RunId};

/// How a reply to PING reads. Only status and error replies are classified; any other type is
/// `Other`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PingVerdict {
    /// Starts with `PONG`: valid.
    Pong,
    /// Starts with `LOADING`: valid, the server is restarting.
    Loading,
    /// Starts with `MASTERDOWN`: valid.
    MasterDown,
    /// Starts with `BUSY`: not valid; a script is running.
    Busy,
    /// Anything else: not valid. The text is for the log.
    Other(String),
}

/// The role a server reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `role:master`.
    Master,
    /// `role:slave`.
    Replica,
    /// No role line.
    Unknown,
}

/// What a server says of its own FAILOVER command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerFailover {
    /// `no-failover`.
    Idle,
    /// Anything else (`waiting-for-sync`, `failover-in-progress`): it is handing over.
    Running,
}

/// What matters of an INFO reply.
#[derive(Clone, Debug, PartialEq)]
pub struct InfoReport {
    /// The whole text, for INFO-CACHE.
    pub text: Bytes,
    /// `run_id:`.
    pub run_id: Option<RunId>,
    /// The last `role:` line.
    pub role: Role,
    /// `master_link_down_since_seconds` × 1000, 0 when absent, −1000 when −1.
    pub link_down_ms: i64,
    /// The `slaveN:` lines, in order.
    pub replicas: Vec<ReplicaLine>,
    /// `master_failover_state:`; `None` when absent: the server has no FAILOVER command.
    pub failover: Option<ServerFailover>,
    /// The replica fields that came after a `role:slave` line; `None` for each that did not.
    pub replica: ReplicaReport,
}

/// One `slaveN:` line of a master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaLine {
    /// The host as printed.
    pub host: String,
    /// The port; 0 is taken as it is.
    pub port: u16,
}

/// What a replica says of itself; only lines after its `role:slave` line count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplicaReport {
    /// `master_host:`.
    pub master_host: Option<String>,
    /// `master_port:`.
    pub master_port: Option<u16>,
    /// `master_link_status:` is `up` (ignoring case).
    pub link_up: Option<bool>,
    /// `slave_priority:`.
    pub priority: Option<i64>,
    /// `slave_repl_offset:`.
    pub repl_offset: Option<u64>,
    /// `replica_announced:`.
    pub announced: Option<bool>,
}

/// A formal answer to IS-MASTER-DOWN-BY-ADDR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownReply {
    /// The first element is 1.
    pub down: bool,
    /// The vote, when the second element is not `*`; an epoch above 2^63−1 makes it `None`.
    pub vote: Option<(RunId, Epoch)>,
}

/// What became of a `MULTI … EXEC` around SLAVEOF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionOutcome {
    /// EXEC's array says that SLAVEOF was accepted.
    Accepted,
    /// A definite refusal of SLAVEOF: an error element in EXEC's array at its place,
    /// EXECABORT, NOPERM, NOAUTH. The text is for the log.
    Refused(String),
    /// Replies of a shape that proves neither.
    Unclear(String),
}

/// What became of the transaction that makes a master hand over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandOverOutcome {
    /// FAILOVER was accepted: the server waits for the replica, and then hands over.
    Begun,
    /// FAILOVER was definitely not accepted.
    Refused {
        /// For the log.
        why: String,
        /// Its writers have (or may have) been paused all the same.
        paused: bool,
    },
    /// Replies of a shape that proves neither.
    Unclear(String),
}
