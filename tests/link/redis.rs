//! A real redis-server for one test: free port, own directory, ended by its id.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rsentinel::core::action::Socket;
use rsentinel::core::{Answer, Ask, Event};
use tempfile::TempDir;

use crate::events::{PATIENCE, open};
use crate::ports::free_port;

pub struct Redis {
    process: Child,
    pub address: SocketAddr,
    _dir: TempDir,
}

impl Redis {
    /// Starts a server with these further settings and waits until it answers.
    pub async fn start(settings: &[&str]) -> Redis {
        let deadline = Instant::now() + PATIENCE;
        loop {
            assert!(Instant::now() < deadline, "no redis-server came up");
            let mut redis = Self::spawn(settings);
            if redis.answers(deadline).await {
                return redis;
            }
            // Someone else took the port in between: once more with another.
        }
    }

    fn spawn(settings: &[&str]) -> Redis {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let dir = tempfile::tempdir().unwrap();
        let process = Command::new("redis-server")
            .args(["--port", &address.port().to_string(), "--bind", "127.0.0.1"])
            .args([
                "--save",
                "",
                "--appendonly",
                "no",
                "--repl-diskless-sync-delay",
                "0",
            ])
            .args(settings)
            .current_dir(dir.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed");
        Redis {
            process,
            address,
            _dir: dir,
        }
    }

    /// True once it answers anything to PING, false if its process has ended.
    async fn answers(&mut self, deadline: Instant) -> bool {
        while Instant::now() < deadline {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            let mut opened = open(self.address, Socket::Command);
            opened.send(Ask::Ping);
            while let Some(event) = opened.events.next().await {
                match event {
                    Event::Answered {
                        answer: Answer::Ping(_),
                        ..
                    } => return true,
                    Event::Closed { .. } => break,
                    _ => {}
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
