//! A sentinel with many masters in its file that do not exist: for what depends on the size of the
//! file and of the tables, not on servers.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use crate::harness::{Daemon, Sentinel};
use crate::watch::Watch;

/// They do not become SDOWN while something is measured.
const WATCH: Watch = Watch {
    quorum: 2,
    down_after: 60_000,
    failover_timeout: 60_000,
};

/// A port nobody listens on.
const PORT: u16 = 1;

/// The address of a server that does not exist; 0 is the master of a group.
pub fn address(group: usize, member: usize) -> SocketAddr {
    let [third, fourth] = [member * 64 + group / 250, 1 + group % 250].map(|octet| octet as u8);
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 254, third, fourth)), PORT)
}

/// The text of such a file.
pub fn text(directory: &Path, port: u16, masters: usize, replicas: usize) -> String {
    let mut text = format!("port {port}\nbind 127.0.0.1\ndir {}\n", directory.display());
    for group in 0..masters {
        text += &WATCH.lines(group, address(group, 0));
        for member in 1..=replicas {
            let replica = address(group, member);
            let _ = writeln!(
                text,
                "sentinel known-replica m{group} {} {}",
                replica.ip(),
                replica.port()
            );
        }
    }
    text
}

/// Starts one over such a file.
pub fn sentinel(daemon: Daemon, directory: &Path, masters: usize, replicas: usize) -> Sentinel {
    Sentinel::start_with(daemon, directory, |port| {
        text(directory, port, masters, replicas)
    })
}
