//! The end under load.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use nix::sys::signal::Signal;

use super::place::{Place, started, wait_for};

/// Threads, each with as many connections.
const THREADS: usize = 4;
const CONNECTIONS: usize = 100;
/// Requests sent at once on each connection, again and again.
const PIPELINE: usize = 20;

#[test]
fn sigterm_with_hundreds_of_busy_clients_is_a_clean_stop() {
    let place = Place::new("pidfile s.pid\nsentinel monitor m 127.0.0.1 1 1");
    let mut running = started(&place, &[]);
    let answered = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..THREADS)
        .map(|_| {
            let mut streams: Vec<_> = (0..CONNECTIONS).map(|_| place.say("")).collect();
            let answered = answered.clone();
            thread::spawn(move || while round(&mut streams, &answered).is_some() {})
        })
        .collect();
    wait_for("a lot of answers", || {
        (answered.load(Ordering::Relaxed) > 20 * THREADS * CONNECTIONS * PIPELINE).then_some(())
    });
    let begin = Instant::now();
    running.signal(Signal::SIGTERM);
    // A stop that takes too long is cut short with another status.
    assert_eq!(running.wait().code(), Some(0));
    eprintln!("the stop took {:?}", begin.elapsed());
    for client in clients {
        client.join().unwrap();
    }
    assert!(
        place
            .read("out")
            .ends_with(" # Sentinel is now ready to exit, bye bye...\n")
    );
}

/// Requests on every connection, then all answers; nothing once the other end is gone.
fn round(streams: &mut [TcpStream], answered: &AtomicUsize) -> Option<()> {
    let requests = "PING\r\n".repeat(PIPELINE - 1) + "SENTINEL MYID\r\n";
    let mut answers = vec![0; 7 * (PIPELINE - 1) + 47];
    for stream in &mut *streams {
        stream.write_all(requests.as_bytes()).ok()?;
    }
    for stream in streams {
        stream.read_exact(&mut answers).ok()?;
        answered.fetch_add(PIPELINE, Ordering::Relaxed);
    }
    Some(())
}
