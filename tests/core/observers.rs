//! What INFO and hellos teach: replicas, peers, epochs, configurations of other leaders.

use rsentinel::config::{KnownPeer, MasterConf};
use rsentinel::core::Event;
use rsentinel::core::action::Socket;
use rsentinel::core::event::{ConfigChange, Instruction};
use rsentinel::types::{MasterName, RunId};
use rsentinel::wire::Role;

use super::cluster::*;
use super::hosts::Host;
use super::world::{World, epoch_of};

fn new_peer(w: &mut World, i: usize) {
    w.hosts.insert(super::hosts::at(P[i]), Host::peer());
}

// ---- replicas ----

#[test]
fn a_replica_that_info_names_is_told_of_persisted_and_connected_at_once() {
    let mut w = plan(0, 0, 2).start();
    w.server(M).replicas = vec![("10.0.0.2".into(), 6379)];
    let at = w.until("+slave", 1_000);
    assert_eq!(w.told("+slave")[0].1, replica(0));
    assert_eq!(w.last_state().masters[0].known_replicas, [address(R[0])]);
    assert!(
        w.run_until(5, "a connect", |w| {
            !w.connects_to(R[0], Socket::Command).is_empty()
        }) - at
            <= 1
    );
}

#[test]
fn known_replicas_are_not_told_of_again() {
    let mut w = plan(2, 0, 2).settled();
    w.run(30_000);
    assert!(!w.was_told("+slave"));
}

#[test]
fn a_replica_host_that_cannot_be_used_is_skipped() {
    let mut w = plan(0, 0, 2).start();
    w.server(M).replicas = vec![("some.name".into(), 6379), ("10.0.0.2".into(), 6379)];
    w.run(30_000);
    assert_eq!(w.told("+slave").len(), 1);
}

#[test]
fn a_replicas_fields_are_shown_as_it_reports_them() {
    let mut w = plan(1, 0, 2).start();
    let server = w.server(R[0]);
    server.priority = 7;
    server.offset = 1234;
    server.announced = false;
    server.link_down_ms = 3_000;
    w.run(1_000);
    let view = w.view();
    let shown = &view.masters[0].replicas[0];
    assert_eq!((shown.priority, shown.repl_offset), (7, 1234));
    assert_eq!((shown.announced, shown.master_link_up), (false, true));
    assert_eq!(shown.master_link_down_time, 3_000);
    assert_eq!(
        (shown.master_host.as_str(), shown.master_port),
        ("10.0.0.1", 6379)
    );
}

// ---- peers ----

#[test]
fn an_unknown_sender_becomes_a_peer_and_is_connected_and_greeted_at_once() {
    let mut w = plan(0, 0, 2).settled();
    new_peer(&mut w, 0);
    w.hello_of(0, 0, M, 0);
    let at = w.now;
    assert_eq!(w.told("+sentinel"), vec![(at, peer(0).as_str())]);
    assert_eq!(
        w.last_state().masters[0].known_peers,
        [KnownPeer {
            address: address(P[0]),
            id: RunId::new(&peer_id(0))
        }]
    );
    w.run(5);
    assert_eq!(w.hellos_to(P[0])[0].0, at + 1);
    w.hello_of(0, 0, M, 0);
    assert_eq!(w.told("+sentinel").len(), 1);
}

#[test]
fn hellos_heard_on_pubsub_sockets_count_like_those_published_to_us() {
    let mut w = plan(0, 0, 2).settled();
    let (conn, _) = *w
        .sockets_to(M)
        .iter()
        .find(|(_, s)| *s == Socket::Pubsub)
        .unwrap();
    let hello = Some(hello_text(P[0], &peer_id(0), 4, M, 0));
    w.tell(Event::Heard { conn, hello });
    assert!(w.was_told("+sentinel"));
}

#[test]
fn the_own_id_is_never_a_peer_and_only_field_3_is_compared() {
    let mut w = plan(0, 0, 2).settled();
    w.hello(&hello_text(P[0], &me(), 9, M, 9));
    assert!(!w.was_told("+sentinel"));
    assert!(w.last_state_or_none().is_none(), "nothing was learned");
    // Another sentinel's hello that merely contains our id somewhere is taken.
    let text = format!("10.0.1.1,26379,x{},0,mymaster,10.0.0.1,6379,0", me());
    w.hello(&text);
    assert_eq!(w.told("+sentinel").len(), 1);
}

#[test]
fn malformed_hellos_and_unknown_masters_are_ignored() {
    let mut w = plan(0, 0, 2).settled();
    for text in [
        "",
        "a,b,c",
        "10.0.1.1,26379,id,1,mymaster,10.0.0.1,6379",
        "10.0.1.1,26379,id,1,mymaster,10.0.0.1,6379,1,9",
        "10.0.1.1,26379,id,5,other,10.0.0.1,6379,5",
        "10.0.1.1,26379,id,-1,mymaster,10.0.0.1,6379,0",
        "10.0.1.1,26379,id,0,mymaster,10.0.0.1,6379,-1",
        "10.0.1.1,26379,id,18446744073709551615,mymaster,10.0.0.1,6379,0",
        "10.0.1.1,26379,id,0,mymaster,10.0.0.1,6379,9223372036854775808",
    ] {
        w.hello(text);
    }
    assert!(!w.was_told("+sentinel") && !w.was_told("+new-epoch"));
    assert!(w.view().masters[0].peers.is_empty());
}

#[test]
fn a_peer_that_moved_keeps_its_id_and_gets_the_new_address() {
    let mut w = plan(0, 1, 2).settled();
    new_peer(&mut w, 1);
    w.hello(&hello_text(P[1], &peer_id(0), 0, M, 0));
    assert_eq!(
        w.told("+sentinel-address-switch")[0].1,
        format!("{MASTER} ip 10.0.1.2 port 26379 for {}", peer_id(0))
    );
    assert!(!w.was_told("+sentinel"));
    w.run(10);
    assert!(w.sockets_to(P[0]).is_empty());
    assert_eq!(w.sockets_to(P[1]).len(), 1);
    assert_eq!(w.view().masters[0].peers.len(), 1);
}

#[test]
fn another_id_at_a_known_address_displaces_the_old_one() {
    let mut w = plan(0, 1, 2).settled();
    w.hello(&hello_text(P[0], &"z".repeat(40), 0, M, 0));
    assert_eq!(w.told("+sentinel-invalid-addr")[0].1, peer(0));
    assert!(w.was_told("+sentinel"));
    let view = w.view();
    assert_eq!(view.masters[0].peers.len(), 1);
    assert_eq!(view.masters[0].peers[0].instance.name, "z".repeat(40));
}

const OTHER: &str = "10.0.0.8:6379";

/// A second group with the same first peer.
fn two_groups() -> World {
    let mut other = MasterConf::new(MasterName::new("other"), address(OTHER), 2);
    other.down_after = 1_000;
    other.known_peers = vec![KnownPeer {
        address: address(P[0]),
        id: RunId::new(&peer_id(0)),
    }];
    let mut w = plan(0, 1, 2).process(|c| c.masters.push(other)).start();
    w.hosts.insert(
        super::hosts::at(OTHER),
        Host::server(super::hosts::Server::master()),
    );
    w.run(5_000);
    w
}

#[test]
fn a_peer_that_moved_moves_under_every_master_with_its_link() {
    let mut w = two_groups();
    new_peer(&mut w, 1);
    w.hello(&hello_text(P[1], &peer_id(0), 0, M, 0));
    assert!(
        w.told("+sentinel-address-update")[0]
            .1
            .ends_with(" 1 additional matching instances")
    );
    w.run(10);
    assert!(w.sockets_to(P[0]).is_empty());
    assert_eq!(w.sockets_to(P[1]).len(), 1);
    for master in &w.view().masters {
        assert_eq!(master.peers[0].instance.ip, "10.0.1.2");
    }
}

#[test]
fn a_displaced_id_goes_away_under_every_master() {
    let mut w = two_groups();
    w.hello(&hello_text(P[0], &"z".repeat(40), 0, M, 0));
    let view = w.view();
    assert_eq!(view.master("mymaster").unwrap().peers.len(), 1);
    assert!(view.master("other").unwrap().peers.is_empty());
}

#[test]
fn a_link_never_stays_with_the_old_address_of_a_peer_that_moved() {
    // The peer is known under one master at the old address and new under the other at the new.
    let mut w = two_groups();
    w.instruct(Instruction::Reset {
        pattern: "other".into(),
    });
    w.run(100);
    new_peer(&mut w, 1);
    let text = hello_text(P[1], &peer_id(0), 0, OTHER, 0).replace(NAME, "other");
    w.hello(&text);
    w.hello(&hello_text(P[1], &peer_id(0), 0, M, 0));
    w.run(10);
    assert!(w.sockets_to(P[0]).is_empty());
    assert_eq!(w.sockets_to(P[1]).len(), 1);
}

#[test]
fn the_number_of_voters_is_one_plus_the_distinct_peer_ids() {
    let mut w = plan(0, 0, 2).settled();
    for i in 0..3 {
        new_peer(&mut w, i);
        w.hello_of(i, 0, M, 0);
        w.hello_of(i, 0, M, 0);
    }
    assert_eq!(w.view().masters[0].peers.len(), 3);
}

// ---- epochs ----

#[test]
fn a_greater_epoch_is_adopted_also_from_a_sender_that_cannot_be_a_peer() {
    let mut w = plan(0, 0, 2).settled();
    w.hello("no.such.host,26379,id,6,mymaster,10.0.0.1,6379,0");
    w.run(10);
    assert!(w.view().masters[0].peers.is_empty());
    assert_eq!(w.told("+new-epoch")[0].1, "6");
    assert_eq!(w.last_state().current_epoch, epoch_of(6));
}

#[test]
fn an_epoch_is_never_lowered() {
    let mut w = plan(0, 1, 2)
        .process(|c| c.current_epoch = epoch_of(9))
        .settled();
    w.hello_of(0, 3, M, 0);
    w.run(10);
    assert!(!w.was_told("+new-epoch"));
    assert!(
        w.hellos_to(P[0])
            .iter()
            .all(|(_, t)| t.contains(",9,mymaster,"))
    );
}

// ---- hellos we send ----

#[test]
fn a_hello_names_own_address_id_epoch_master_and_configuration_epoch() {
    let w = plan(0, 1, 2)
        .process(|c| c.current_epoch = epoch_of(7))
        .settled();
    let expected = format!("10.0.1.9,26379,{},7,mymaster,10.0.0.1,6379,0", me());
    assert_eq!(w.hellos_to(P[0])[0].1, expected);
    assert_eq!(w.hellos_to(M)[0].1, expected);
}

#[test]
fn announce_ip_and_port_replace_the_own_address() {
    let w = plan(0, 1, 2)
        .process(|c| {
            c.announce_ip = Some("1.2.3.4".into());
            c.announce_port = 5;
        })
        .settled();
    assert!(w.hellos_to(P[0])[0].1.starts_with("1.2.3.4,5,"));
}

#[test]
fn without_a_readable_own_address_no_hello_is_sent() {
    let mut w = plan(0, 1, 2).start();
    w.local_ip = None;
    w.run(10_000);
    assert!(w.hellos_to(P[0]).is_empty());
}

#[test]
fn the_first_hello_goes_out_as_soon_as_the_link_is_up() {
    let w = plan(1, 1, 2).settled();
    for to in [M, R[0], P[0]] {
        assert_eq!(w.hellos_to(to)[0].0, 1_001, "to {to}");
    }
}

#[test]
fn a_restored_configuration_is_not_published_until_its_master_says_that_it_is_one() {
    let mut w = plan(1, 1, 2).with(|m| m.config_epoch = epoch_of(5)).start();
    w.server(M).role = Role::Replica;
    w.run(30_000);
    assert!(w.hellos_to(P[0]).iter().all(|(_, t)| t.ends_with(",0")));
    w.server(M).role = Role::Master;
    w.run(15_000);
    assert!(w.hellos_to(P[0]).last().unwrap().1.ends_with(",5"));
}

#[test]
fn a_restored_configuration_of_an_unreachable_master_is_published_after_two_periods() {
    let mut w = plan(1, 1, 2).with(|m| m.config_epoch = epoch_of(5)).start();
    w.black_hole(M);
    w.run(3_900);
    assert!(w.hellos_to(P[0]).iter().all(|(_, t)| t.ends_with(",0")));
    w.run(3_000);
    assert!(w.hellos_to(P[0]).last().unwrap().1.ends_with(",5"));
}

#[test]
fn without_confirmation_a_restored_configuration_is_published_at_once() {
    let mut w = plan(1, 1, 2)
        .with(|m| m.config_epoch = epoch_of(5))
        .feature("confirm-restored", false)
        .start();
    w.server(M).role = Role::Replica;
    w.run(5_000);
    assert!(w.hellos_to(P[0]).iter().all(|(_, t)| t.ends_with(",5")));
}

#[test]
fn a_changed_announce_ip_shows_in_the_next_hello() {
    let mut w = plan(0, 1, 2).settled();
    w.instruct(Instruction::ConfigSet(vec![ConfigChange::AnnounceIp(
        Some("1.2.3.4".into()),
    )]));
    w.run(2_100);
    assert!(w.hellos_to(P[0]).last().unwrap().1.starts_with("1.2.3.4,"));
}
