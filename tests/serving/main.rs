//! The serving side over real sockets, with the test itself in the monitor's place: it answers
//! what comes through the door and announces events.

mod events;
mod figures;
mod harness;
mod limits;
mod memory;
mod operators;
mod pause;
#[path = "../live/harness/ports.rs"]
mod ports;
mod replies;
mod requests;
