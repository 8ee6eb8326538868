//! Floor 1: bytes <-> protocol values, RESP2 and RESP3. Pure and incremental; no sockets.

mod reply;

pub use reply::{Proto, Reply};
