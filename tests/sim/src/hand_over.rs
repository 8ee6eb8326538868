//! FAILOVER of modelled servers: a master stops its writers, waits until its replica has all data,
//! steps down, and has the replica take over. CLIENT PAUSE of writers. While writers are held back,
//! so is PUBLISH.

use crate::chance::Chance;
use crate::network::Network;
use crate::server::{self, Replication, Server};

/// How far a server's FAILOVER has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandOver {
    /// `no-failover`.
    Idle,
    /// `waiting-for-sync`.
    Waiting {
        /// To which server.
        to: usize,
        /// From when on it has all data, in µs.
        ready: u64,
        /// When it is given up, in µs.
        until: u64,
    },
    /// `failover-in-progress`: it follows the other one, which has not taken over yet.
    Under {
        /// To which server.
        to: usize,
    },
}

/// Writers of a server are held back.
pub fn holds_back(server: &Server, now: u64) -> bool {
    now < server.paused_until || server.hand_over != HandOver::Idle
}

/// `FAILOVER TO`: why not, or it has begun.
pub fn begin(
    servers: &mut [Server],
    of: usize,
    to: Option<usize>,
    until: u64,
    now: u64,
) -> Result<(), &'static str> {
    if !servers[of].is_master() {
        return Err("ERR FAILOVER is not valid when server is a replica.");
    }
    if servers[of].hand_over != HandOver::Idle {
        return Err("ERR FAILOVER already in progress.");
    }
    let replica = to.and_then(|to| servers.get(to));
    let Some(replica) = replica.filter(|r| r.alive && r.master_index() == Some(of)) else {
        return Err("ERR FAILOVER target HOST and PORT is not a replica.");
    };
    let Replication::Up { lag, .. } = replica.replication else {
        return Err("ERR FAILOVER target replica is not online.");
    };
    servers[of].hand_over = HandOver::Waiting {
        to: replica.index,
        ready: now + lag,
        until,
    };
    Ok(())
}

/// Moves every FAILOVER on; whether any server changed its role.
pub fn move_on(
    servers: &mut [Server],
    network: &Network,
    chance: &mut Chance,
    now: u64,
    host_of: &dyn Fn(usize) -> String,
) -> bool {
    let mut changed = false;
    for of in 0..servers.len() {
        if !servers[of].serves() {
            continue;
        }
        if let HandOver::Waiting { to, ready, until } = servers[of].hand_over {
            let replica = &servers[to];
            let heard = replica.serves()
                && replica.master_index() == Some(of)
                && replica.link_up()
                && network.open_both(of, to);
            if heard && now >= ready {
                changed = true;
                step_down(servers, of, to, host_of(to), now);
                if chance.percent(15) {
                    // The rest takes a while.
                    continue;
                }
            } else if now >= until {
                servers[of].hand_over = HandOver::Idle;
            }
        }
        if let HandOver::Under { to } = servers[of].hand_over {
            let there = servers[to].serves() && now >= servers[to].loading_until;
            if there && network.open_both(of, to) {
                changed = true;
                take_over(servers, of, to, now, chance);
            }
        }
    }
    changed
}

fn step_down(servers: &mut [Server], of: usize, to: usize, host: String, now: u64) {
    let before = servers[of].follows.clone();
    server::slaveof(servers, of, Some((host, 6379)), now);
    servers[of].unsaved = Some(before);
    servers[of].hand_over = HandOver::Under { to };
}

fn take_over(servers: &mut [Server], of: usize, to: usize, now: u64, chance: &mut Chance) {
    servers[of].hand_over = HandOver::Idle;
    if servers[to].master_index() == Some(of) {
        let before = servers[to].follows.clone();
        server::slaveof(servers, to, None, now);
        servers[to].unsaved = Some(before);
        servers[of].replication = Replication::Syncing {
            until: now + chance.between(1_000, 50_000),
            since: now,
        };
    } else {
        // Refused: it is a master again.
        server::slaveof(servers, of, None, now);
        servers[of].history -= 1;
        servers[of].unsaved = None;
    }
}

/// What is written stops, or goes on, as writers are held back or not.
pub fn hold_or_go_on(servers: &mut [Server], of: usize, now: u64) {
    let held = holds_back(&servers[of], now);
    if servers[of].frozen == held {
        return;
    }
    server::freeze_chain(servers, of, now);
    servers[of].frozen = held;
}
