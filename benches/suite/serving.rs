//! A sentinel for clients: it watches what it is told to, and logs little.

use std::path::Path;

use tempfile::TempDir;

use crate::harness::{Daemon, MASTER, RedisServer, Sentinel, ServerOptions};

/// A daemon with one master that answers.
pub struct Serving {
    // In the order of ending.
    pub sentinel: Sentinel,
    _master: RedisServer,
    directory: TempDir,
}

impl Serving {
    /// Starts both, with further lines in the sentinel's file.
    pub fn start(daemon: Daemon, lines: &[&str]) -> Serving {
        let directory = directory();
        let master = RedisServer::start(directory.path(), &ServerOptions::default());
        let monitor = format!("sentinel monitor {MASTER} 127.0.0.1 {} 2", master.port());
        let lines = [&[monitor.as_str()], lines].concat();
        Serving {
            sentinel: sentinel(daemon, directory.path(), &lines),
            _master: master,
            directory,
        }
    }

    /// Where its files and logs are.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}

/// A directory for one round.
pub fn directory() -> TempDir {
    TempDir::new().expect("a temporary directory")
}

/// Starts a sentinel with these lines in its file.
pub fn sentinel<L: AsRef<str>>(daemon: Daemon, directory: &Path, lines: &[L]) -> Sentinel {
    Sentinel::start_with(daemon, directory, |port| {
        let mut text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nloglevel notice\n",
            directory.display()
        );
        for line in lines {
            text += line.as_ref();
            text += "\n";
        }
        text
    })
}
