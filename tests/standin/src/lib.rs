//! An embedded Redis stand-in: one [`Server`] is one TCP listener that speaks what sentinels
//! and simple clients say, with a small key space and true replication between stand-ins.
//!
//! For whom: the demo on machines without a Redis, tests that need thousands of servers in
//! one process, and benches. It is not a database.
//!
//! Where to begin: [`Server`] (start, hang, kill, restart), then `commands` (what it answers),
//! `replication` (the replica's side of a copy) and `state` (what one server knows).
#![forbid(unsafe_code)]

mod commands;
mod connection;
mod info;
mod neighbours;
mod replication;
mod reply;
mod request;
mod server;
mod state;

pub use neighbours::Neighbours;
pub use server::{Options, Server};
