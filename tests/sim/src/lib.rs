//! A simulator: whole clusters of the real core against modelled servers, network, disks and
//! clocks, in virtual time, in one thread, reproducible by seed byte for byte.
//!
//! * [`shape`] says what a cluster looks like, [`plan`] what goes wrong in it and when;
//! * [`world`] runs it; [`server`], [`network`], [`disk`], [`node`] are its inhabitants;
//! * [`facts`] is what can be observed, [`oracles`] judge it: one file for each invariant;
//! * [`liveness`] judges what must come to pass when faults are over;
//! * [`measure`] answers questions by figures;
//! * [`run`] runs one seed, [`shrink`] reduces a failing plan, [`tally`] counts.

pub mod chance;
pub mod disk;
pub mod facts;
pub mod hand_over;
pub mod liveness;
pub mod measure;
pub mod network;
pub mod node;
pub mod oracles;
pub mod plan;
pub mod reference;
pub mod run;
pub mod server;
pub mod shape;
pub mod shrink;
pub mod tally;
pub mod world;
