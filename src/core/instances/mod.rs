//! The records: masters, replicas and peers. Three types, because they are three things; what
//! they share they hold by value.

mod master;
mod peer;
mod replica;
mod server;

pub use master::{Health, Master, MasterSettings};
pub use peer::{AskInFlight, Gossip, Peer, Vote};
pub use replica::{Reconf, Replica};
pub use server::{Greeting, Server};
