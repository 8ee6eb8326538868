//! Live tests: real servers, real sentinels of both kinds, real failures.
//!
//! Every test has its own directory and free ports, so they run in parallel. Needed on PATH:
//! `redis-server` and `redis-sentinel` (`tests/run` installs them). To run one scenario:
//! `cargo test --test live -- part_of_its_name`.

mod auth;
mod contracts;
mod coordinated;
mod disks;
mod example_file;
mod failover;
mod harness;
mod kill_while_rewriting;
mod leaks;
mod manual;
mod mixed;
mod names;
mod orphans;
mod parallel_syncs;
mod refusals;
mod restart;
mod script_calls;
mod script_processes;
mod signals;
mod standins;
mod state_file;
mod storm;
mod swap;
