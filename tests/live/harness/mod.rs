//! Real processes for tests: started on free ports in an own directory, ended by id.
//!
//! Begin with [`Cluster`]: servers and sentinels watching them. Conditions are waited for with
//! [`until`], never with a fixed sleep.

mod client;
mod cluster;
#[allow(dead_code)] // The bench, which shares this harness, knows no names.
mod dns;
mod log;
mod ports;
mod process;
#[allow(dead_code)] // The bench, which shares this harness, runs no scripts.
mod scripts;
mod sentinel;
mod server;
mod subscriber;
mod until;
#[allow(dead_code)] // The bench and the wire table write nothing.
mod writer;

#[allow(unused_imports)]
pub use client::{Client, Login, Value};
pub use cluster::{Cluster, Plan, Voice};
#[allow(unused_imports)]
pub use dns::{Dns, Mode, PrivateNetwork, in_private_network, is_private_network};
// For the bench, which shares this harness.
#[allow(unused_imports)]
pub use scripts::{Recorder, UNTIL_SENTINEL_ENDS, write_script};
pub use sentinel::{Daemon, MASTER, Sentinel, Settings};
pub use server::ServerOptions;
// For the bench and the wire table, which share this harness.
#[allow(unused_imports)]
pub use ports::free_port;
#[allow(unused_imports)]
pub use process::{Process, children_of, signal};
#[allow(unused_imports)]
pub use server::RedisServer;
#[allow(unused_imports)]
pub use subscriber::Subscriber;
#[allow(unused_imports)]
pub use until::tails;
pub use until::{LONG, SHORT, until};
#[allow(unused_imports)]
pub use writer::{Writer, key};
