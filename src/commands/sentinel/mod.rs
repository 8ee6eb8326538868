//! SENTINEL: the monitored masters and this sentinel. One file a subcommand; their rows are
//! in [`rows`].

mod ckquorum;
mod config;
mod debug;
mod failover;
mod flushconfig;
mod get_master_addr_by_name;
mod info_cache;
mod instance_fields;
mod is_master_down_by_addr;
mod master;
mod masters;
mod monitor;
mod myid;
mod named_master;
mod pending_scripts;
mod remove;
mod replicas;
mod reset;
mod rows;
mod sentinels;
mod set;
mod simulate_failure;

pub use masters::masters_listing;
pub use rows::SUBCOMMANDS;
