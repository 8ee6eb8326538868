//! Sentinels that watch a fleet, and what they announce.

use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use crate::fleet::Fleet;
use crate::harness::{Client, Daemon, Sentinel};

/// How the masters of a fleet are watched.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    pub quorum: u32,
    /// In milliseconds.
    pub down_after: u64,
    /// In milliseconds.
    pub failover_timeout: u64,
}

impl Watch {
    /// Starts a sentinel over all masters of the fleet.
    pub fn start(self, daemon: Daemon, directory: &Path, fleet: &Fleet) -> Sentinel {
        Sentinel::start_with(daemon, directory, |port| {
            let mut text = format!("port {port}\nbind 127.0.0.1\ndir {}\n", directory.display());
            for index in 0..fleet.masters() {
                text += &self.lines(index, fleet.master(index));
            }
            text
        })
    }

    /// The lines of one master.
    pub fn lines(self, index: usize, master: std::net::SocketAddr) -> String {
        let Watch {
            quorum,
            down_after,
            failover_timeout,
        } = self;
        let (ip, port) = (master.ip(), master.port());
        format!(
            "sentinel monitor m{index} {ip} {port} {quorum}\n\
             sentinel down-after-milliseconds m{index} {down_after}\n\
             sentinel failover-timeout m{index} {failover_timeout}\n"
        )
    }
}

/// Waits until the sentinels know every replica and every other sentinel of every master, and all
/// servers are in use by all of them; seconds it took.
pub fn wait_known(
    fleet: &mut Fleet,
    sentinels: &[Sentinel],
    patience: Duration,
) -> Result<f64, String> {
    let began = Instant::now();
    loop {
        let used = fleet.in_use_by(sentinels.len())?;
        let known: Vec<usize> = sentinels
            .iter()
            .map(|sentinel| known_masters(sentinel, fleet.replicas(), sentinels.len() - 1))
            .collect();
        if used == fleet.servers() && known.iter().all(|known| *known == fleet.masters()) {
            return Ok(began.elapsed().as_secs_f64());
        }
        if began.elapsed() > patience {
            return Err(format!(
                "after {patience:?} {used} of {} servers in use, masters known {known:?} of {}",
                fleet.servers(),
                fleet.masters()
            ));
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Masters of which a sentinel knows that much, and nothing bad.
fn known_masters(sentinel: &Sentinel, replicas: usize, peers: usize) -> usize {
    let Some(answer) = sentinel.ask(&["SENTINEL", "MASTERS"]) else {
        return 0;
    };
    let (replicas, peers) = (replicas.to_string(), peers.to_string());
    let known = answer.items().iter().filter(|master| {
        master.field("flags").as_deref() == Some("master")
            && master.field("num-slaves").as_ref() == Some(&replicas)
            && master.field("num-other-sentinels").as_ref() == Some(&peers)
    });
    known.count()
}

/// One announcement.
#[derive(Clone, Debug)]
pub struct Heard {
    pub at: SystemTime,
    pub channel: String,
    pub payload: String,
}

impl Heard {
    /// Milliseconds since an instant; negative before it.
    pub fn ms_since(&self, start: SystemTime) -> f64 {
        match self.at.duration_since(start) {
            Ok(after) => after.as_secs_f64() * 1000.0,
            Err(before) => -before.duration().as_secs_f64() * 1000.0,
        }
    }
}

/// Hears everything one sentinel announces, until dropped.
pub struct Listener {
    heard: Arc<Mutex<Vec<Heard>>>,
    socket: TcpStream,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Subscribes.
    pub fn start(port: u16) -> Result<Listener, String> {
        let connect = || {
            let mut client = Client::connect(port)?;
            client.ask(&["PSUBSCRIBE", "*"])?;
            client.set_patience(None)?;
            let socket = client.socket()?;
            std::io::Result::Ok((client, socket))
        };
        let (mut client, socket) = connect().map_err(|error| format!("no subscriber: {error}"))?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let list = heard.clone();
        let thread = std::thread::spawn(move || {
            while let Ok(push) = client.read() {
                let at = SystemTime::now();
                if let [_, _, channel, payload] = push.items() {
                    let (channel, payload) = (channel.text(), payload.text());
                    let heard = Heard {
                        at,
                        channel,
                        payload,
                    };
                    list.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(heard);
                }
            }
        });
        Ok(Listener {
            heard,
            socket,
            thread: Some(thread),
        })
    }

    /// Everything so far.
    pub fn heard(&self) -> Vec<Heard> {
        let heard = self.heard.lock();
        heard.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often something was announced.
    pub fn count(&self, is: impl Fn(&str) -> bool) -> usize {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().filter(|heard| is(&heard.channel)).count()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
