//! The program as Unix sees it.

mod life;
mod load;
mod place;
#[path = "../live/harness/ports.rs"]
mod ports;
mod surroundings;
mod unix_socket;
