//! A subscriber that never reads: what it costs, and whether others notice.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use socket2::SockRef;

use crate::finding::{Finding, Goal};
use crate::harness::{Daemon, MASTER, SHORT, until};
use crate::load::request;
use crate::machine::resident_kib;
use crate::options::Options;
use crate::pinging::Pinging;
use crate::quantiles::Quantile;
use crate::serving::Serving;
use crate::turns;

use super::Row;

pub const ROW: Row = Row {
    key: "stuck",
    about: "A subscriber that never reads, during a flood of events (rsentinel only)",
    run,
};

/// What may wait for a subscriber.
const LIMIT: usize = 4 * 1024 * 1024;
/// For what the limit does not count: the first 16 KiB, and what allocations are rounded up to.
const ALLOWANCE: f64 = 1.05;
/// Bytes of events that readers hear in one flood; the limit is reached on the way.
const FLOOD: usize = 2 * LIMIT;
/// Events of one command.
const EVENTS: usize = 250;

fn run(options: &Options) -> Result<Vec<Finding>, String> {
    let mut growths = Vec::new();
    let mut pings: [Vec<Vec<f64>>; 2] = Default::default();
    for _ in 0..options.pick(1, 3) {
        let [alone, stuck] = turns::guarded(play).and_then(|floods| floods)?;
        growths.push(mib(stuck.grown_kib));
        pings[0].push(alone.pings_ms);
        pings[1].push(stuck.pings_ms);
    }
    let [alone, stuck] = pings;
    let p99_alone = Quantile::P99.of(&alone.concat());
    let growth = Finding::of_rounds(
        "A subscriber that never reads: memory of the daemon until it is closed",
        "MiB",
        [growths, Vec::new()],
        vec![Goal::AtMost(mib(LIMIT as u64 / 1024) * ALLOWANCE)],
    );
    let ping = Finding::of_samples(
        "A subscriber that never reads: PING of another client meanwhile",
        "ms",
        [stuck, Vec::new()],
        vec![Goal::Below(Quantile::P99, 20.0)],
    );
    Ok(vec![
        growth.note(format!("its limit is {:.0} MiB", mib(LIMIT as u64 / 1024))),
        ping.note(format!("the same flood without it: p99 {p99_alone:.2} ms")),
    ])
}

/// What a flood of events did.
struct Flood {
    grown_kib: u64,
    pings_ms: Vec<f64>,
}

/// A flood without and one with a subscriber that never reads.
fn play() -> Result<[Flood; 2], String> {
    let limit = format!("client-output-buffer-limit pubsub {LIMIT} 0 0");
    let mut serving = Serving::start(Daemon::Rsentinel, &[&limit]);
    let (process, port) = (serving.sentinel.process().id(), serving.sentinel.port());
    let reader = Reader::start(port).map_err(text)?;
    // The first flood also brings the memory that every flood needs.
    let alone = flood(process, port, &reader)?;
    let mut stuck = TcpStream::connect(("127.0.0.1", port)).map_err(text)?;
    // Little waits in the system, so that nearly all has to wait in the daemon.
    let small = SockRef::from(&stuck).set_recv_buffer_size(4096);
    small.map_err(text)?;
    let subscribe = request(&["PSUBSCRIBE", "*"]);
    stuck.write_all(&subscribe).map_err(text)?;
    let disturbed = flood(process, port, &reader)?;
    let sentinel = &serving.sentinel;
    until(
        serving.directory(),
        "the stuck client is closed",
        SHORT,
        || {
            let clients = sentinel.ask(&["CLIENT", "LIST", "TYPE", "pubsub"])?.text();
            (clients.lines().count() == 1).then_some(())
        },
    );
    Ok([alone, disturbed])
}

fn flood(process: u32, port: u16, reader: &Reader) -> Result<Flood, String> {
    let resident = || resident_kib(process).ok_or("the daemon is gone");
    let mut operator = TcpStream::connect(("127.0.0.1", port)).map_err(text)?;
    let mut words = vec!["SENTINEL", "SET", MASTER];
    for _ in 0..EVENTS {
        words.extend(["parallel-syncs", "3"]);
    }
    let command = request(&words);
    let pinging = Pinging::start(port)?;
    let (before, mut most) = (resident()?, 0);
    let end = reader.heard() + FLOOD;
    while reader.heard() < end {
        operator.write_all(&command).map_err(text)?;
        let mut answer = [0; 5];
        operator.read_exact(&mut answer).map_err(text)?;
        if &answer != b"+OK\r\n" {
            return Err("SENTINEL SET was refused".to_owned());
        }
        most = most.max(resident()?);
    }
    Ok(Flood {
        grown_kib: most.saturating_sub(before),
        pings_ms: pinging.stop()?,
    })
}

/// A subscriber that reads, and counts what it hears.
struct Reader {
    heard: Arc<AtomicUsize>,
}

impl Reader {
    /// Its thread ends with the daemon.
    fn start(port: u16) -> io::Result<Reader> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.write_all(&request(&["PSUBSCRIBE", "*"]))?;
        let heard = Arc::new(AtomicUsize::new(0));
        let sum = Arc::clone(&heard);
        thread::spawn(move || {
            let mut chunk = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = stream.read(&mut chunk) {
                sum.fetch_add(count, Ordering::Relaxed);
            }
        });
        Ok(Reader { heard })
    }

    /// Bytes of events so far.
    fn heard(&self) -> usize {
        self.heard.load(Ordering::Relaxed)
    }
}

#[expect(clippy::cast_precision_loss)]
fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

fn text(error: io::Error) -> String {
    error.to_string()
}
