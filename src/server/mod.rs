//! Floor 5: the plumbing. Sockets, files and timers live here; decisions do not.

pub mod clock;
pub mod dns;
pub mod door;
pub mod link;
pub mod store;
