//! Free loopback ports.

use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Mutex, PoisonError};

/// What reserves the ports this process was given; see [`reserve`].
static RESERVED: Mutex<Vec<UnixDatagram>> = Mutex::new(Vec::new());

/// A port nobody listens on now, reserved until this process ends: tests that run beside this
/// one are not given it, also while the server that had it is dead. A sentinel that found
/// another test's sentinel where its master was would mix up the two clusters.
///
/// It lies below the range from which the system takes the ports of outgoing connections: a
/// server that is restarted must find its port again, not some client's end of a connection.
/// A process that knows nothing of the reservations may still take it first, so whoever starts a
/// server has to look whether the one that answers is its own.
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
        if let Some(reservation) = reserve(port) {
            let mut reserved = RESERVED.lock().unwrap_or_else(PoisonError::into_inner);
            reserved.push(reservation);
            return port;
        }
    }
    panic!("no free port found");
}

/// A socket of a name that only one process at a time can have. The system frees it when the
/// process ends, however it ends. None: the port is reserved already.
fn reserve(port: u16) -> Option<UnixDatagram> {
    let name = format!("rsentinel-test-port-{port}");
    let address = SocketAddr::from_abstract_name(name).expect("a short name without zeros");
    match UnixDatagram::bind_addr(&address) {
        Ok(reservation) => Some(reservation),
        Err(error) if error.kind() == ErrorKind::AddrInUse => None,
        Err(error) => panic!("port {port} cannot be reserved: {error}"),
    }
}
