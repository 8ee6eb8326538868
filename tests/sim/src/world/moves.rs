//! Servers that come back under their name with another address, as pods do.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::server::{self, Restart};
use crate::shape::server_after_moves;

use super::World;

/// A server's last move.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    /// How often it has moved.
    times: u8,
    /// Until then its name leads to the address before, in µs.
    stale_until: u64,
}

/// The servers that have moved.
pub(super) type Moves = BTreeMap<usize, Move>;

impl World {
    /// A server's machine is lost, and another one serves its data at another address.
    pub(super) fn move_server(&mut self, s: usize, stale_ms: u64) {
        if !self.shape.names || self.shape.references > 0 {
            return;
        }
        self.kill_server(s, true);
        let times = self.moves.get(&s).map_or(0, |m| m.times);
        let stale_until = self.now + stale_ms * 1_000;
        self.moves.insert(
            s,
            Move {
                times: times.saturating_add(1),
                stale_until,
            },
        );
        server::restart(&mut self.servers, s, Restart::Same, 0, self.now);
        // What TCP repeats goes to the old machine.
        for conn in &mut self.conns {
            conn.void |= conn.far == s;
        }
    }

    /// Every name leads to where its server is.
    pub(super) fn end_stale_names(&mut self) {
        for last in self.moves.values_mut() {
            last.stale_until = last.stale_until.min(self.now);
        }
    }

    /// What the name of a server leads to.
    pub(super) fn address_by_name(&self, s: usize) -> SocketAddr {
        let times = self
            .moves
            .get(&s)
            .map_or(0, |m| m.times - u8::from(self.now < m.stale_until));
        server_after_moves(s, times)
    }

    /// The server has moved away from this address.
    pub(super) fn left_behind(&self, s: usize, at: SocketAddr) -> bool {
        let times = self.moves.get(&s).map_or(0, |m| m.times);
        s < self.servers.len() && server_after_moves(s, times) != at
    }
}
