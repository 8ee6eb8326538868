//! One peer under several masters: one socket.

use rsentinel::config::{KnownPeer, MasterConf};
use rsentinel::core::action::Socket;
use rsentinel::core::event::Instruction;
use rsentinel::types::{MasterName, RunId};

use super::cluster::*;
use super::links::{gaps, is_ping};

const OTHER: &str = "10.0.0.8:6379";

fn two_masters() -> Plan {
    let mut other = MasterConf::new(MasterName::new("other"), address(OTHER), 2);
    other.down_after = 400;
    other.known_peers = vec![KnownPeer {
        address: address(P[0]),
        id: RunId::new(&peer_id(0)),
    }];
    plan(0, 1, 2)
        .with(|m| m.down_after = 10_000)
        .process(|c| c.masters.push(other))
}

#[test]
fn records_of_one_peer_share_one_socket_and_the_smallest_ping_interval() {
    let w = two_masters().settled();
    assert_eq!(w.connects_to(P[0], Socket::Command).len(), 1);
    let pings = gaps(&w.times_of(P[0], is_ping));
    assert!(pings.iter().all(|g| *g == 53), "{pings:?}");
    for master in &w.view().masters {
        assert_eq!(master.peers[0].instance.link_refcount, 2);
    }
}

#[test]
fn a_shared_socket_carries_one_hello_per_master() {
    let w = two_masters().settled();
    let hellos = w.hellos_to(P[0]);
    for name in [",mymaster,", ",other,"] {
        let n = hellos
            .iter()
            .filter(|(_, text)| text.contains(name))
            .count();
        assert!((2..=3).contains(&n), "{n} of {name}: {hellos:?}");
    }
}

#[test]
fn records_on_a_shared_socket_go_down_by_their_own_down_after() {
    let mut w = two_masters().settled();
    w.kill(P[0]);
    let dead = w.now;
    w.run(11_000);
    let downs: Vec<u64> = w
        .told("+sdown")
        .iter()
        .filter(|(_, t)| t.starts_with("sentinel"))
        .map(|(at, _)| *at)
        .collect();
    assert_eq!(downs, [dead + 401, dead + 10_001]);
}

#[test]
fn removing_one_master_leaves_the_shared_socket_to_the_other() {
    let mut w = two_masters().settled();
    w.instruct(Instruction::Remove { name: name() });
    w.run(5_000);
    assert_eq!(w.connects_to(P[0], Socket::Command).len(), 1);
    assert_eq!(w.sockets_to(P[0]).len(), 1);
    w.instruct(Instruction::Remove {
        name: MasterName::new("other"),
    });
    assert!(w.conns.is_empty());
    w.run(5_000);
    assert!(w.conns.is_empty());
}
