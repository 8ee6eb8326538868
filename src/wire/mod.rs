//! Floor 2: what is said to servers and peers, and how their answers read. Pure: bytes in and
//! out, no sockets.

mod types;

pub use types::{DownReply, InfoReport, PingVerdict, ReplicaLine, ReplicaReport, Role, TransactionOutcome};
