//! Files of real deployments, read by processes really started: rsentinel, and the redis-sentinel
//! on PATH (`tests/run` installs it).

mod generated;
mod habits;
#[path = "../live/harness/ports.rs"]
mod ports;
mod started;
