//! What must hold whatever bytes come in: one file, and one function `judge`, for each kind of
//! input from outside. A judge panics when something does not hold.
//!
//! The fuzz targets call the judges with what the fuzzer invents; `tests/fuzzed.rs` calls them
//! with the inputs in `seeds/`, among them every one that once broke something, and with random
//! variations of these.

pub mod acl_rules;
pub mod commands;
pub mod hello;
pub mod info;
mod life;
mod memory;
pub mod replies;
pub mod requests;
mod saved;
pub mod sentinel_conf;

/// A judge.
pub type Judge = fn(&[u8]);

/// All of them, by the names of their targets.
pub const JUDGES: [(&str, Judge); 7] = [
    ("requests", requests::judge),
    ("replies", replies::judge),
    ("info", info::judge),
    ("hello", hello::judge),
    ("acl_rules", acl_rules::judge),
    ("sentinel_conf", sentinel_conf::judge),
    ("commands", commands::judge),
];
