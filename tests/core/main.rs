//! The core under virtual time: each rule of the protocol has a test that names it.
//!
//! [`world`] is a clock, a network, a disk and a resolver, all scripted and exact to the
//! millisecond ([`network`]); [`hosts`] are the servers and peers in it; [`cluster`] builds the usual group;
//! [`record`] answers what happened; [`safety`] judges every action of every test.

#![allow(missing_docs, dead_code)]

mod busy_candidates;
mod cluster;
mod coordinated;
mod coordinated_otherwise;
mod corrections;
mod durability;
mod early_retry;
mod election;
mod epochs;
mod failover;
mod hosts;
mod links;
mod made_up_peers;
mod names;
mod network;
mod newer_configurations;
mod observers;
mod odown_and_ask;
mod operators;
mod promotion;
mod random;
mod reassertion;
mod reconf;
mod record;
mod reset_and_switch;
mod safety;
mod scripts;
mod sdown;
mod selection;
mod shared_links;
mod tilt;
mod versions;
mod votes;
mod world;
