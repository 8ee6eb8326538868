//! Free loopback ports.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// A port nobody listens on now, never given twice by this process.
///
/// It lies below the range from which the system takes the ports of outgoing connections: a
/// server that is restarted must find its port again, not some client's end of a connection.
/// Another process may still take it first, so whoever starts a server has to look whether the
/// one that answers is its own.
pub fn free_port() -> u16 {
    let lowest_outgoing = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse::<u16>().ok())
        .unwrap_or(32768);
    for attempt in 0..1000_u32 {
        let port = if lowest_outgoing > 12_000 && attempt < 900 {
            let random = RandomState::new().hash_one(attempt);
            10_000 + (random % u64::from(lowest_outgoing - 10_000)) as u16
        } else {
            0
        };
        let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) else {
            continue;
        };
        let port = listener
            .local_addr()
            .expect("a bound socket has an address")
            .port();
        let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
        if given.get_or_insert_default().insert(port) {
            return port;
        }
    }
    panic!("no free port found");
}
