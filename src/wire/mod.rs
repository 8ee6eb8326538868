//! Floor 2: what is said to servers and peers, and how their answers read. Pure: bytes in and
//! out, no sockets.
//!
//! Each file is one exchange, question and answer together: [`handshake`], [`ping`], [`info`],
//! [`hello`], [`is_master_down`], [`replicaof`], [`coordinated`]. [`command`] writes requests and knows renamed
//! command words; [`frame`] cuts incoming bytes into replies.

pub mod command;
pub mod coordinated;
pub mod frame;
pub mod handshake;
pub mod hello;
pub mod info;
pub mod is_master_down;
mod number;
pub mod ping;
pub mod replicaof;
mod transaction;
mod types;

pub use command::Renames;
pub use frame::{Frame, FrameReader};
pub use hello::{Hello, HelloText};
pub use types::{
    DownReply, HandOverOutcome, InfoReport, PingVerdict, ReplicaLine, ReplicaReport, Role,
    ServerFailover, TransactionOutcome,
};
