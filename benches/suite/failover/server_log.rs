//! The instants at which a server is told another role, on the clock of this process.
//!
//! A client cannot see them in time: both commands end with CLIENT KILL, so that even a client in
//! MONITOR is dropped before it is told, and polling would be late. The server's own log line can:
//! the server writes it in the very command, into a named pipe, and a thread waits at the pipe.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

/// What a redis-server logs when it becomes a master by command.
const PROMOTED: &str = "MASTER MODE enabled";
/// And when it is told to follow another one: `REPLICAOF ip:port enabled`.
const REDIRECTED: &str = "REPLICAOF ";
/// Ends the reading.
const END: &str = "end of reading";

/// What a server was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// To be a master.
    Promoted,
    /// To follow another one.
    Redirected,
}

/// The log of one server, read as it is written.
pub struct ServerLog {
    told: Arc<Mutex<Vec<(Told, Instant)>>>,
    end: File,
    thread: Option<JoinHandle<()>>,
}

impl ServerLog {
    /// Makes a named pipe for a server to log into, and reads it.
    pub fn start(pipe: &Path) -> ServerLog {
        mkfifo(pipe, Mode::S_IRUSR | Mode::S_IWUSR).expect("a named pipe can be made");
        // Open for both ways it neither blocks now nor ends when the server closes its end.
        let reader = File::options()
            .read(true)
            .write(true)
            .open(pipe)
            .expect("an own pipe can be opened");
        let end = reader.try_clone().expect("a file handle can be copied");
        let told = Arc::new(Mutex::new(Vec::new()));
        let list = told.clone();
        let thread = Some(thread::spawn(move || read(reader, &list)));
        ServerLog { told, end, thread }
    }

    /// When it was told this, each time.
    pub fn instants(&self, what: Told) -> Vec<Instant> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let such = told.iter().filter(|(told, _)| *told == what);
        such.map(|(_, at)| *at).collect()
    }
}

impl Drop for ServerLog {
    fn drop(&mut self) {
        if writeln!(self.end, "\n{END}").is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn read(pipe: File, list: &Mutex<Vec<(Told, Instant)>>) {
    for line in BufReader::new(pipe).split(b'\n') {
        let at = Instant::now();
        let Ok(line) = line else { return };
        let line = String::from_utf8_lossy(&line);
        if line == END {
            return;
        }
        let told = if line.contains(PROMOTED) {
            Told::Promoted
        } else if line.contains(REDIRECTED) && line.contains(" enabled") {
            Told::Redirected
        } else {
            continue;
        };
        list.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((told, at));
    }
}
