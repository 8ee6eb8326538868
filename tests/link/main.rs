//! Links against servers: one that follows a script, and the real one.

mod events;
#[path = "../live/harness/ports.rs"]
mod ports;
mod redis;
mod scripted;
mod versions;
mod with_redis;
