//! Clients as they are published, unmodified: the sentinel support of the Rust crate `redis`, of
//! redis-py, ioredis and node-redis through a failover, and redis-cli as people use it.
//!
//! `tests/run` installs the libraries of Python and Node.js, at the versions pinned in `python/` and
//! `node/`, below the target directory. Where they are not installed their tests say that they were
//! skipped, and why; with `CLIENT_LIBRARIES=required` in the environment they fail instead.

mod access;
mod crate_redis;
mod failover;
#[path = "../live/harness/mod.rs"]
#[allow(dead_code, unused_imports)]
mod harness;
mod libraries;
mod node;
mod python;
mod redis_cli;
mod script;
