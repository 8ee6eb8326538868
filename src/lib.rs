//! rsentinel: a drop-in replacement for the redis-sentinel daemon.
//!
//! All decisions are a pure state machine ([`core`]); everything else feeds it facts and
//! carries out what it says. `ARCHITECTURE.md` has the map.
#![forbid(unsafe_code)]

pub mod commands;
pub mod config;
pub mod core;
pub mod process;
pub mod resp;
pub mod server;
pub mod types;
pub mod wire;

/// Runs the daemon: what `main` does, for whoever embeds it (the demo does). `args` begin with
/// the program's name.
///
/// Not assembled yet: says so and fails.
pub fn run(args: impl IntoIterator<Item = std::ffi::OsString>) -> std::process::ExitCode {
    drop(args.into_iter());
    eprintln!("rsentinel: the daemon is not assembled yet");
    std::process::ExitCode::FAILURE
}
