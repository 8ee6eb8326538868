//! TLS of both directions, with real servers, sentinels of both kinds and redis-cli.
//!
//! Certificates are made by each test. Needed on PATH: `redis-server`, `redis-sentinel` and
//! `redis-cli`, all built with TLS, as Debian's are.

mod authority;
#[path = "../live/harness/mod.rs"]
#[allow(dead_code, unused_imports)] // Made for the live tests, which use all of it.
mod harness;
mod links;
mod listener;
mod overrides;
mod reload;
mod secure_client;
mod starts;
