//! The sentinels: this program, started again in another mode.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::client::ask;
use super::process::{Process, free_port};

/// The first argument that makes the demo be a sentinel; the second one is its file.
pub const SENTINEL_MODE: &str = "be-a-sentinel";
/// How long the master must be silent to be called down.
pub const DOWN_AFTER_MS: u64 = 1000;
/// The name of the master group.
pub const MASTER: &str = "mymaster";

/// How often a start is tried with another port.
const ATTEMPTS: usize = 10;

/// A running sentinel; ends when dropped.
pub struct Sentinel {
    port: u16,
    _process: Process,
}

impl Sentinel {
    /// Starts a sentinel on a free port.
    pub async fn start(directory: &Path, master: u16) -> Result<Sentinel, String> {
        let program =
            std::env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
        for _ in 0..ATTEMPTS {
            let port = free_port()?;
            let file = directory.join(format!("sentinel-{port}.conf"));
            let text = format!(
                "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor {MASTER} 127.0.0.1 {master} 2\n\
                 sentinel down-after-milliseconds {MASTER} {DOWN_AFTER_MS}\nsentinel failover-timeout {MASTER} 10000\n",
                directory.display()
            );
            fs::write(&file, text)
                .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
            let log = directory.join(format!("sentinel-{port}.log"));
            let arguments = [OsString::from(SENTINEL_MODE), file.into_os_string()];
            let mut process = Process::start(&program, &arguments, directory, &log)
                .map_err(|error| format!("{} does not start: {error}", program.display()))?;
            if process.comes_up(port).await? {
                return Ok(Sentinel {
                    port,
                    _process: process,
                });
            }
        }
        Err(format!("a sentinel ended by itself {ATTEMPTS} times"))
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// True when it sees the master up, and knows so many replicas and other sentinels.
    pub async fn has_discovered(&self, replicas: usize, peers: usize) -> bool {
        let Some(fields) = ask(self.port, &["SENTINEL", "MASTER", MASTER]).await else {
            return false;
        };
        let is = |name: &str, value: &str| {
            fields
                .chunks_exact(2)
                .any(|pair| pair[0] == name && pair[1] == value)
        };
        is("flags", "master")
            && is("num-slaves", &replicas.to_string())
            && is("num-other-sentinels", &peers.to_string())
    }

    /// The port it gives to clients that ask for the master.
    pub async fn master_port(&self) -> Option<u16> {
        master_port(self.port).await
    }
}

/// The port the sentinel on `port` gives to clients that ask for the master.
pub async fn master_port(port: u16) -> Option<u16> {
    let address = ask(port, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER]).await?;
    address.get(1)?.parse().ok()
}
