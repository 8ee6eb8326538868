//! rsentinel: a drop-in replacement for the redis-sentinel daemon.
//!
//! All decisions are a pure state machine ([`core`]); everything else feeds it facts and
//! carries out what it says. `ARCHITECTURE.md` has the map.
#![forbid(unsafe_code)]

pub mod acl;
pub mod cli;
pub mod commands;
pub mod config;
pub mod core;
pub mod ext;
pub mod process;
pub mod resp;
mod run;
pub mod server;
pub mod types;
pub mod wire;

pub use run::run;
