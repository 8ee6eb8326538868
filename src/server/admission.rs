//! Who gets a place: of the file descriptors of the process, those that links to servers and peers
//! need are never given to clients, and the last of the rest only to other sentinels, so that a
//! storm of clients neither stops the watching nor keeps a vote from being asked for.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use super::clients::Client;
use super::serve::Shared;

/// Descriptors for what is neither a link nor a client: event loops, listeners, the log, the
/// configuration file, pipes of scripts (as the reference counts).
const OTHERS: usize = 32;
/// A server has a command and a pubsub socket, and its name may be being looked up.
const DESCRIPTORS_A_LINK: usize = 3;
/// Places for other sentinels, at most; never more than a quarter of all.
const PEER_PLACES: usize = 32;
/// Hosts of sentinels that are remembered: more than any group has.
const MAX_PEER_HOSTS: usize = 256;

/// The hosts from which other sentinels have spoken to us, the latest last.
#[derive(Debug, Default)]
pub struct PeerHosts(RefCell<VecDeque<IpAddr>>);

impl PeerHosts {
    /// Hosts known from the start.
    pub fn new(hosts: impl IntoIterator<Item = IpAddr>) -> Self {
        let known = PeerHosts::default();
        hosts.into_iter().for_each(|host| known.note(host));
        known
    }

    fn note(&self, host: IpAddr) {
        let mut hosts = self.0.borrow_mut();
        if hosts.back() == Some(&host) {
            return;
        }
        hosts.retain(|known| *known != host);
        hosts.push_back(host);
        if hosts.len() > MAX_PEER_HOSTS {
            hosts.pop_front();
        }
    }

    fn contains(&self, host: IpAddr) -> bool {
        self.0.borrow().contains(&host)
    }
}

/// A client spoke as only sentinels do.
pub fn note_peer(shared: &Shared, client: &Client) {
    client.is_peer.set(true);
    let from: Option<SocketAddr> = client.session.borrow().addr.parse().ok();
    if let Some(from) = from {
        shared.peer_hosts.note(from.ip().to_canonical());
    }
}

/// Whether a connection may stay; `from` is unknown for the unix socket.
pub fn has_place(shared: &Shared, from: Option<IpAddr>, descriptor: i64) -> bool {
    if descriptor >= shared.limits.first_reserved_fd {
        return false;
    }
    let connected = shared.clients.len() + shared.handshaking.len();
    let places = Places::of(shared);
    let of_peer = from.is_some_and(|ip| shared.peer_hosts.contains(ip.to_canonical()));
    connected < if of_peer { places.all } else { places.ordinary }
}

/// Closes the latest clients that are no sentinels while there are more than places: links that
/// came to be since they were let in need their descriptors.
pub fn make_room(shared: &Shared) {
    let places = Places::of(shared).all;
    let connected = shared.clients.len() + shared.handshaking.len();
    let excess = connected.saturating_sub(places);
    if excess == 0 {
        return;
    }
    let clients = shared.clients.alive();
    let others = clients.iter().rev().filter(|client| !client.is_peer.get());
    for client in others.take(excess) {
        let what = "Closing client because links to servers need its file descriptor";
        shared.log_client(crate::core::notice::Level::Warning, what, client);
        client.kill();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Places {
    all: usize,
    ordinary: usize,
}

impl Places {
    fn of(shared: &Shared) -> Self {
        Places::count(
            shared.limits.maxclients,
            shared.limits.open_files,
            shared.door.links.load(std::sync::atomic::Ordering::Relaxed),
        )
    }

    fn count(maxclients: usize, open_files: usize, links: usize) -> Self {
        let kept = OTHERS.saturating_add(links.saturating_mul(DESCRIPTORS_A_LINK));
        let free = open_files.saturating_sub(kept);
        let for_peers = PEER_PLACES.min(free / 4);
        Places {
            all: maxclients.saturating_add(PEER_PLACES).min(free),
            ordinary: maxclients.min(free - for_peers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_peers_come_before_clients() {
        let count = |maxclients, open_files, links| {
            let places = Places::count(maxclients, open_files, links);
            (places.all, places.ordinary)
        };
        // All that was asked for, and peers on top.
        assert_eq!(count(10_000, usize::MAX, 3), (10_032, 10_000));
        assert_eq!(count(992, 1024, 3), (983, 951));
        // Three hundred servers.
        assert_eq!(count(992, 1024, 300), (92, 69));
        assert_eq!(count(32, 64, 4), (20, 15));
        // More links than descriptors: nobody is let in.
        assert_eq!(count(32, 64, 100), (0, 0));
    }

    #[test]
    fn the_hosts_of_the_latest_peers_are_remembered() {
        let ip = |n: u32| IpAddr::from((0x0a00_0000 + n).to_be_bytes());
        let hosts = PeerHosts::new((0..300).map(ip));
        assert!(!hosts.contains(ip(43)) && hosts.contains(ip(44)) && hosts.contains(ip(299)));
        hosts.note(ip(44));
        hosts.note(ip(300));
        assert!(hosts.contains(ip(44)) && !hosts.contains(ip(45)));
    }
}
