//! A client among others that says PING over and over.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Between a reply and the next PING: this is no load of its own.
const PAUSE: Duration = Duration::from_millis(1);
/// A daemon that says nothing for so long does not serve.
const PATIENCE: Duration = Duration::from_secs(10);

/// The client, on a thread of its own.
pub struct Pinging {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Vec<f64>>>,
}

impl Pinging {
    /// Begins.
    pub fn start(port: u16) -> Result<Pinging, String> {
        let connect = || {
            let stream = TcpStream::connect(("127.0.0.1", port))?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            io::Result::Ok(stream)
        };
        let mut stream = connect().map_err(|error| format!("no client for PING: {error}"))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut times = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let asked = Instant::now();
                stream.write_all(b"PING\r\n")?;
                stream.read_exact(&mut [0; 7])?;
                times.push(asked.elapsed().as_secs_f64() * 1000.0);
                thread::sleep(PAUSE);
            }
            Ok(times)
        });
        Ok(Pinging { stop, thread })
    }

    /// How long each took, in ms.
    pub fn stop(self) -> Result<Vec<f64>, String> {
        self.stop.store(true, Ordering::Relaxed);
        let times = self.thread.join().map_err(|_| "a panic of the client")?;
        times.map_err(|error| format!("PING: {error}"))
    }
}
