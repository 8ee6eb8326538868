//! Floor 1: sentinel.conf <-> values. Pure: text in, text out, no files.

mod sentinel_conf;

pub use sentinel_conf::{KnownPeer, MasterConf, SentinelConf};
