//! The core under virtual time: each rule of the protocol has a test that names it.
//!
//! [`world`] is a clock, a network, a disk and a resolver, all scripted and exact to the
//! millisecond; [`hosts`] are the servers and peers in it; [`cluster`] builds the usual group.

#![allow(missing_docs, dead_code)]

mod cluster;
mod corrections;
mod election;
mod failover;
mod hosts;
mod world;

mod links;
mod names;
mod observers;
mod odown_and_ask;
mod operators;
mod promotion;
mod reconf;
mod reset_and_switch;
mod safety;
mod sdown;
mod selection;
mod tilt;
mod votes;
