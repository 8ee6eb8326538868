//! A client that writes all the time, to whom the sentinels say is the master.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::client::{Client, Login, ask};

/// Between two writes, and between two attempts to find the master.
const PAUSE: Duration = Duration::from_millis(2);
/// How long a write may take: a paused master answers when the pause is over.
const PATIENCE: Duration = Duration::from_secs(20);

/// A writer in a thread of its own; dropping it ends it.
pub struct Writer {
    ends: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    thread: Option<JoinHandle<Vec<u64>>>,
}

impl Writer {
    /// Begins to write.
    pub fn start(sentinels: Vec<u16>, login: Option<Login>) -> Writer {
        let ends = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(AtomicU64::new(0));
        let work = Work {
            sentinels,
            login,
            ends: ends.clone(),
            acknowledged: acknowledged.clone(),
        };
        Writer {
            ends,
            acknowledged,
            thread: Some(thread::spawn(move || work.write())),
        }
    }

    /// How many writes have been acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Ends it; the keys whose writes were acknowledged.
    pub fn end(mut self) -> Vec<u64> {
        self.ends.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("it ends once");
        thread.join().expect("the writer has not panicked")
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Work {
    sentinels: Vec<u16>,
    login: Option<Login>,
    ends: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
}

impl Work {
    fn write(&self) -> Vec<u64> {
        let mut keys = Vec::new();
        let mut next = 0;
        while !self.ends.load(Ordering::Relaxed) {
            if let Some(mut client) = self.connect() {
                self.write_on(&mut client, &mut next, &mut keys);
            }
            thread::sleep(PAUSE);
        }
        keys
    }

    /// Writes until the connection ends, or the server is no master.
    fn write_on(&self, client: &mut Client, next: &mut u64, keys: &mut Vec<u64>) {
        while !self.ends.load(Ordering::Relaxed) {
            *next += 1;
            match client.ask(&["SET", &key(*next), "x"]) {
                Ok(reply) if reply.text() == "OK" => {
                    keys.push(*next);
                    self.acknowledged.fetch_add(1, Ordering::Relaxed);
                }
                _ => return,
            }
            thread::sleep(PAUSE);
        }
    }

    /// The master as the first sentinel that answers names it.
    fn connect(&self) -> Option<Client> {
        let words = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", super::MASTER];
        let reply = self
            .sentinels
            .iter()
            .find_map(|port| ask(*port, &words).ok())?;
        let port = reply.items().get(1)?.text().parse().ok()?;
        let mut client = Client::connect(port).ok()?;
        client.set_patience(Some(PATIENCE)).ok()?;
        if let Some(login) = &self.login {
            client.ask(&["AUTH", &login.user, &login.password]).ok()?;
        }
        Some(client)
    }
}

/// The name of the key of a write.
pub fn key(number: u64) -> String {
    format!("k{number}")
}
