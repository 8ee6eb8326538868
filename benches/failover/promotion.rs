//! The instant at which a replica becomes a master, on the clock of this process.
//!
//! A client cannot see it in time: the promotion ends with CLIENT KILL, so that even a client in
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
/// Ends the reading.
const END: &str = "end of reading";

/// The log of one server, read as it is written.
pub struct PromotionWatch {
    promotions: Arc<Mutex<Vec<Instant>>>,
    end: File,
    thread: Option<JoinHandle<()>>,
}

impl PromotionWatch {
    /// Makes a named pipe for a server to log into, and reads it.
    pub fn start(pipe: &Path) -> PromotionWatch {
        mkfifo(pipe, Mode::S_IRUSR | Mode::S_IWUSR).expect("a named pipe can be made");
        // Open for both ways it neither blocks now nor ends when the server closes its end.
        let reader = File::options()
            .read(true)
            .write(true)
            .open(pipe)
            .expect("an own pipe can be opened");
        let end = reader.try_clone().expect("a file handle can be copied");
        let promotions = Arc::new(Mutex::new(Vec::new()));
        let list = promotions.clone();
        let thread = Some(thread::spawn(move || read(reader, &list)));
        PromotionWatch {
            promotions,
            end,
            thread,
        }
    }

    /// When it became a master by command, each time.
    pub fn promotions(&self) -> Vec<Instant> {
        self.promotions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for PromotionWatch {
    fn drop(&mut self) {
        if writeln!(self.end, "\n{END}").is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn read(pipe: File, list: &Mutex<Vec<Instant>>) {
    for line in BufReader::new(pipe).split(b'\n') {
        let at = Instant::now();
        let Ok(line) = line else { return };
        let line = String::from_utf8_lossy(&line);
        if line == END {
            return;
        }
        if line.contains(PROMOTED) {
            list.lock().unwrap_or_else(PoisonError::into_inner).push(at);
        }
    }
}
