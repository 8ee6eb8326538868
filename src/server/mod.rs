//! Floor 5: the plumbing. Sockets, files and timers live here; decisions do not.

pub mod access;
pub mod admission;
mod at_once;
mod carry_out;
pub mod children;
mod client;
mod clients;
pub mod clock;
pub mod conf_files;
mod counters;
pub mod dns;
pub mod door;
mod fan_out;
mod handshaking;
mod large_writes;
pub mod link;
pub mod listener;
pub mod monitor;
mod outbox;
mod pause;
mod questions;
mod scripts;
pub mod serve;
mod snapshots;
pub mod store;
mod stream;
mod subscriptions;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
pub mod tls;
pub mod unix_socket;
