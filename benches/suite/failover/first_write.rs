//! The application's side of a failover: when is the first write acknowledged by a new master?
//!
//! The client does all that a client can: it asks every sentinel each millisecond, each on a
//! connection of its own, it hears `+switch-master`, and it tries to write wherever it is sent,
//! until that works.

use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::harness::{Client, MASTER};

/// Between two questions to one sentinel.
const PAUSE: Duration = Duration::from_millis(1);
/// How long the writer waits for a name before it looks whether it shall end.
const LOOK: Duration = Duration::from_millis(100);

/// A client that wants to write on a new master. Dropping it ends it.
pub struct FirstWrite {
    written: Receiver<Instant>,
    ends: Arc<AtomicBool>,
    subscriptions: Vec<TcpStream>,
    threads: Vec<JoinHandle<()>>,
}

impl FirstWrite {
    /// Begins to ask; a write on the server with port `old` does not count.
    pub fn seek(sentinels: &[u16], old: u16) -> Result<FirstWrite, String> {
        let (tell_written, written) = channel();
        let mut seeking = FirstWrite {
            written,
            ends: Arc::new(AtomicBool::new(false)),
            subscriptions: Vec::new(),
            threads: Vec::new(),
        };
        let (name, named) = channel();
        for port in sentinels {
            let connect = || Client::connect(*port).map_err(|error| format!("no client: {error}"));
            let (asking, mut hearing) = (connect()?, connect()?);
            let socket = subscribe(&mut hearing).map_err(|error| error.to_string())?;
            seeking.subscriptions.push(socket);
            let (to_ask, to_hear, ends) = (name.clone(), name.clone(), seeking.ends.clone());
            seeking
                .threads
                .push(thread::spawn(move || ask(asking, old, &to_ask, &ends)));
            seeking
                .threads
                .push(thread::spawn(move || hear(hearing, &to_hear)));
        }
        let ends = seeking.ends.clone();
        seeking.threads.push(thread::spawn(move || {
            write(old, &named, &tell_written, &ends);
        }));
        Ok(seeking)
    }

    /// When the first write was acknowledged; none within this time.
    pub fn wait(self, patience: Duration) -> Option<Instant> {
        self.written.recv_timeout(patience).ok()
    }
}

impl Drop for FirstWrite {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        for socket in &self.subscriptions {
            let _ = socket.shutdown(Shutdown::Both);
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn subscribe(client: &mut Client) -> std::io::Result<TcpStream> {
    client.ask(&["SUBSCRIBE", "+switch-master"])?;
    client.set_patience(None)?;
    client.socket()
}

/// Asks one sentinel over and over, and passes on whom it names, unless that is the old master.
fn ask(mut client: Client, old: u16, name: &Sender<u16>, ends: &AtomicBool) {
    let words = ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER];
    while !ends.load(Ordering::Relaxed) {
        let Ok(answer) = client.ask(&words) else {
            return;
        };
        let port = answer.items().get(1).map(|port| port.text().parse());
        if let Some(Ok(port)) = port
            && port != old
            && name.send(port).is_err()
        {
            return;
        }
        thread::sleep(PAUSE);
    }
}

/// Passes on whom one sentinel announces.
fn hear(mut client: Client, name: &Sender<u16>) {
    while let Ok(push) = client.read() {
        let text = push
            .items()
            .last()
            .map_or_else(String::new, |last| last.text());
        if let Some(Ok(port)) = text.split(' ').nth(4).map(str::parse)
            && name.send(port).is_err()
        {
            return;
        }
    }
}

/// Tries to write where it is sent, until that works.
fn write(old: u16, named: &Receiver<u16>, written: &Sender<Instant>, ends: &AtomicBool) {
    while !ends.load(Ordering::Relaxed) {
        let port = match named.recv_timeout(LOOK) {
            // What has been said last counts.
            Ok(first) => named.try_iter().last().unwrap_or(first),
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if port == old {
            continue;
        }
        let set = Client::connect(port).and_then(|mut server| server.ask(&["SET", "key", "value"]));
        if set.is_ok_and(|reply| reply.text() == "OK") {
            let _ = written.send(Instant::now());
            return;
        }
    }
}
