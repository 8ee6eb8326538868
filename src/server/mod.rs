//! Floor 5: the plumbing. Sockets, files and timers live here; decisions do not.

pub mod conf_files;
pub mod door;
pub mod store;
