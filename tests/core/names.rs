//! Host names: looked up by others, shown or not, never equal while unknown.

use rsentinel::core::Ask;
use rsentinel::core::action::{Action, Socket};
use rsentinel::core::event::Instruction;
use rsentinel::types::Address;

use super::cluster::*;
use super::hosts::{Host, Server, at};
use super::world::World;

const HOST: &str = "db.example";

fn named(announce: bool) -> Plan {
    plan(0, 0, 1)
        .with(|m| m.address = Address::new(HOST, 6379))
        .process(|c| {
            c.resolve_hostnames = true;
            c.announce_hostnames = announce;
        })
}

fn look_ups(w: &World) -> Vec<u64> {
    w.done
        .iter()
        .filter(|d| matches!(&d.action, Action::Resolve { .. }))
        .map(|d| d.at)
        .collect()
}

#[test]
fn a_named_master_is_connected_as_soon_as_its_name_is_known() {
    let mut w = named(false).start();
    w.names.insert(HOST.into(), "10.0.0.1".parse().unwrap());
    w.run(100);
    assert_eq!(w.connects_to(M, Socket::Command).len(), 1);
    assert_eq!(w.address(NAME), Some(("10.0.0.1".into(), 6379)));
}

#[test]
fn announced_names_are_shown_in_events_tables_hellos_and_asks() {
    let mut w = named(true).start();
    w.names.insert(HOST.into(), "10.0.0.1".parse().unwrap());
    w.run(3_000);
    assert_eq!(w.address(NAME), Some((HOST.into(), 6379)));
    assert!(w.hellos_to(M)[0].1.contains(",mymaster,db.example,6379,"));
    w.kill(M);
    w.until("+sdown", 3_000);
    assert_eq!(w.told("+sdown")[0].1, "master mymaster db.example 6379");
}

#[test]
fn without_announcing_the_ip_is_shown() {
    let mut w = named(false).start();
    w.names.insert(HOST.into(), "10.0.0.1".parse().unwrap());
    w.run(3_000);
    assert!(w.hellos_to(M)[0].1.contains(",mymaster,10.0.0.1,6379,"));
}

#[test]
fn a_name_that_never_resolves_is_looked_up_about_once_a_second_and_goes_down() {
    let mut w = named(false).start();
    w.run(20_000);
    assert!(w.was_told("+sdown"));
    let n = look_ups(&w).len();
    assert!((15..=25).contains(&n), "{n}");
    assert!(w.turns < 2_000);
    // Its host text stands for the unknown IP, so the state can be loaded again.
    w.instruct(rsentinel::core::event::Instruction::FlushConfig);
    let group = &w.last_state().masters[0];
    assert_eq!(group.address.host(), HOST);
}

#[test]
fn a_hanging_resolver_holds_nothing_up() {
    let mut w = named(false).process(|c| {
        c.masters.push(rsentinel::config::MasterConf {
            down_after: 1_000,
            ..rsentinel::config::MasterConf::new(
                rsentinel::types::MasterName::new("other"),
                address("10.0.0.8:6379"),
                1,
            )
        })
    });
    w.seed = 3;
    let mut w = w.start();
    w.look_up_ms = 60_000;
    w.hosts
        .insert(at("10.0.0.8:6379"), Host::server(Server::master()));
    w.run(10_000);
    assert!(!w.was_told("+tilt"));
    assert!(
        w.told("+sdown")
            .iter()
            .all(|(_, t)| t.starts_with("master mymaster"))
    );
    assert_eq!(look_ups(&w).len(), 1, "one look-up per name at a time");
}

/// The master's host has got another IP, and the old one is gone.
fn moved() -> World {
    let mut w = named(false).start();
    w.names.insert(HOST.into(), "10.0.0.1".parse().unwrap());
    w.run(3_000);
    w.names.insert(HOST.into(), "10.0.0.2".parse().unwrap());
    w.kill(M);
    w.run(100);
    w
}

#[test]
fn a_name_is_looked_up_anew_at_a_reconnect_and_a_new_ip_is_followed() {
    let w = moved();
    assert_eq!(w.connects_to(R[0], Socket::Command).len(), 1);
    assert_eq!(w.address(NAME), Some(("10.0.0.2".into(), 6379)));
}

#[test]
fn a_name_with_changing_addresses_does_not_make_links_flap() {
    // Round robin: another address at each look-up.
    let mut w = named(false).start();
    w.rotations.insert(
        HOST.into(),
        vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()],
    );
    w.run(30_000);
    let connects =
        w.connects_to(M, Socket::Command).len() + w.connects_to(R[0], Socket::Command).len();
    assert!(
        connects <= 3,
        "{connects} connects, {} look-ups",
        look_ups(&w).len()
    );
}

#[test]
fn two_unresolved_names_with_the_same_port_are_two_servers() {
    let mut w = plan(0, 0, 1)
        .process(|c| c.resolve_hostnames = true)
        .start();
    w.server(M).replicas = vec![("one.name".into(), 6379), ("two.name".into(), 6379)];
    w.names
        .insert("one.name".into(), "10.0.0.2".parse().unwrap());
    w.names
        .insert("two.name".into(), "10.0.0.3".parse().unwrap());
    w.run(15_000);
    assert_eq!(w.told("+slave").len(), 2);
}

#[test]
fn an_ask_finds_a_named_master_by_name_and_by_ip() {
    let mut w = named(false).start();
    w.names.insert(HOST.into(), "10.0.0.1".parse().unwrap());
    w.run(3_000);
    let x = "x".repeat(40);
    for (epoch, host) in [(1, "10.0.0.1"), (2, "DB.example")] {
        let waiter = w.asked(host, 6379, epoch, Some(&x));
        w.run(10);
        assert_eq!(w.opinion(waiter), Some((false, x.clone(), epoch)));
    }
}

#[test]
fn an_ask_finds_a_named_master_where_it_is_now_and_nowhere_else() {
    let mut w = moved();
    let x = "x".repeat(40);
    let mut vote_about = |host: &str, epoch: u64| {
        let waiter = w.asked(host, 6379, epoch, Some(&x));
        w.run(10);
        w.opinion(waiter).expect("an answer").1
    };
    assert_eq!(vote_about("10.0.0.1", 1), "*");
    assert_eq!(vote_about("10.0.0.2", 1), x);
    assert_eq!(vote_about(HOST, 2), x);
}

#[test]
fn a_peers_hello_from_a_named_address_waits_for_the_look_up() {
    let mut w = plan(0, 0, 1)
        .process(|c| c.resolve_hostnames = true)
        .settled();
    w.names
        .insert("peer.name".into(), "10.0.1.1".parse().unwrap());
    w.hello(&format!(
        "peer.name,26379,{},0,mymaster,10.0.0.1,6379,0",
        peer_id(0)
    ));
    assert!(!w.was_told("+sentinel"));
    w.run(50);
    assert_eq!(w.told("+sentinel").len(), 1);
}

#[test]
fn a_replica_that_reports_its_master_by_name_follows_it() {
    let mut w = named(false).start();
    w.names.insert(HOST.into(), "10.0.0.1".parse().unwrap());
    w.server(M).replicas = vec![("10.0.0.2".into(), 6379)];
    w.server(R[0]).master = Some((HOST.into(), 6379));
    w.run(120_000);
    assert!(!w.was_told("+fix-slave-config"), "{}", w.story());
}

#[test]
fn two_records_of_one_server_are_never_told_to_follow_each_other() {
    // The same replica under a name (restored) and under its IP (from INFO).
    let mut w = plan(0, 0, 1)
        .with(|m| m.known_replicas = vec![Address::new("r.name", 6379)])
        .process(|c| c.resolve_hostnames = true)
        .start();
    w.look_up_ms = 500;
    w.names.insert("r.name".into(), "10.0.0.2".parse().unwrap());
    w.server(M).replicas = vec![("10.0.0.2".into(), 6379)];
    w.run(5_000);
    assert_eq!(w.view().masters[0].replicas.len(), 1);
    w.kill(M);
    w.until("+promoted-slave", 5_000);
    w.run(60_000);
    for (_, to, target) in w.slaveofs() {
        if let Some((host, port)) = target {
            assert_ne!(to.to_string(), format!("{host}:{port}"), "{}", w.story());
        }
    }
    assert!(w.was_told("+switch-master"));
    assert!(
        w.times_of(R[0], |a| matches!(a, Ask::Replicate { .. }))
            .len()
            == 1
    );
}

#[test]
fn a_name_that_resolves_during_a_failover_makes_nobody_follow_itself() {
    let mut w = plan(0, 0, 1)
        .with(|m| m.known_replicas = vec![address(R[0]), Address::new("r.name", 6379)])
        .process(|c| c.resolve_hostnames = true)
        .start();
    w.look_up_ms = 6_003;
    w.names.insert("r.name".into(), "10.0.0.2".parse().unwrap());
    w.run(5_000);
    w.server(R[0]).info = super::hosts::InfoReply::Report;
    w.kill(M);
    w.until("+promoted-slave", 5_000);
    w.run(30_000);
    assert!(w.was_told("+switch-master"), "{}", w.story());
}

#[test]
fn with_names_off_a_name_is_never_looked_up() {
    let mut w = plan(0, 0, 1).start();
    w.server(M).replicas = vec![("one.name".into(), 6379)];
    w.run(20_000);
    assert!(look_ups(&w).is_empty());
    assert!(!w.was_told("+slave"));
}

#[test]
fn a_dead_resolver_delays_neither_the_verdict_nor_the_failover() {
    // The same story with and without a name server, both with names.
    let story = |resolver_lives: bool| {
        let mut w = plan(1, 0, 1)
            .with(|m| m.address = Address::new(HOST, 6379))
            .process(|c| c.resolve_hostnames = true)
            .start();
        w.names.insert(HOST.into(), "10.0.0.1".parse().unwrap());
        w.run(5_000);
        if !resolver_lives {
            w.names.clear();
            w.look_up_ms = 5_000;
        }
        let killed = w.now;
        w.kill(M);
        let down = w.until("+sdown", 5_000) - killed;
        let switched = w.until("+switch-master", 10_000) - killed;
        assert!(!w.was_told("+tilt"));
        (down, switched)
    };
    assert_eq!(story(true), story(false));
}

#[test]
fn a_name_that_stops_resolving_keeps_its_last_known_address() {
    let mut w = named(false).start();
    w.names.insert(HOST.into(), "10.0.0.1".parse().unwrap());
    w.run(3_000);
    w.names.clear();
    w.kill(M);
    w.run(500);
    w.revive(M);
    w.run(2_000);
    assert_eq!(w.address(NAME), Some(("10.0.0.1".into(), 6379)));
    assert!(!w.was_told("+sdown"), "{}", w.story());
    assert!(!w.was_told("+switch-master"));
}

#[test]
fn a_name_whose_host_vanished_without_a_word_is_looked_up_once_a_second_while_connecting() {
    let mut w = named(false).with(|m| m.down_after = 5_000).start();
    w.names.insert(HOST.into(), "10.0.0.1".parse().unwrap());
    w.run(3_000);
    // The pod is gone, connects are not even refused; the name still means it.
    w.black_hole(M);
    w.reset_sockets(M, None);
    w.server(R[0]).role = rsentinel::wire::Role::Master;
    w.run(500);
    let returned = w.now;
    w.names.insert(HOST.into(), "10.0.0.2".parse().unwrap());
    w.run_until(1_100, "the connect to the new address", |w| {
        !w.connects_to(R[0], Socket::Command).is_empty()
    });
    assert!(w.now > returned);
    w.run(5_000);
    assert!(!w.was_told("+sdown"), "{}", w.story());
}

#[test]
fn a_link_that_works_stays_when_its_name_gives_another_of_its_addresses() {
    // Two servers of one host name; only one of them is reconnected.
    let mut w = plan(0, 0, 1)
        .with(|m| {
            m.address = Address::new(HOST, 6379);
            m.known_replicas = vec![Address::new(HOST, 6380)];
        })
        .process(|c| c.resolve_hostnames = true)
        .start();
    w.hosts.insert(
        at("10.0.0.1:6380"),
        Host::server(Server::replica_of("10.0.0.1", 6379)),
    );
    w.names.insert(HOST.into(), "10.0.0.1".parse().unwrap());
    w.run(5_000);
    w.names.insert(HOST.into(), "10.0.0.2".parse().unwrap());
    w.reset_sockets("10.0.0.1:6380", None);
    w.run(3_000);
    assert!(w.connects_to(R[0], Socket::Command).is_empty());
    assert_eq!(w.address(NAME), Some(("10.0.0.1".into(), 6379)));
}

#[test]
fn a_replica_that_names_its_master_unresolvably_is_left_alone_until_the_name_resolves() {
    let mut w = plan(1, 0, 1)
        .process(|c| c.resolve_hostnames = true)
        .settled();
    w.server(R[0]).master = Some(("some.where".into(), 6379));
    w.run(60_000);
    assert!(!w.was_told("+fix-slave-config"), "{}", w.story());
    // It was the master all along.
    w.names
        .insert("some.where".into(), "10.0.0.1".parse().unwrap());
    w.run(60_000);
    assert!(!w.was_told("+fix-slave-config"), "{}", w.story());
    // It is not.
    w.names
        .insert("some.where".into(), "10.0.0.9".parse().unwrap());
    w.until("+fix-slave-config", 60_000);
}

#[test]
fn a_peer_with_a_dead_name_is_still_believed() {
    let mut w = plan(1, 1, 2)
        .process(|c| c.resolve_hostnames = true)
        .settled();
    let text = |epoch: u64| {
        let id = peer_id(0);
        format!("peer.name,26379,{id},{epoch},{NAME},10.0.0.2,6379,{epoch}")
    };
    w.hello(&text(3));
    w.run(10);
    assert_eq!(w.address(NAME), Some(("10.0.0.2".into(), 6379)));
    assert_eq!(w.view().masters[0].peers.len(), 1);
    // Once its name resolves it is where it says.
    w.names
        .insert("peer.name".into(), "10.0.1.7".parse().unwrap());
    w.hello(&text(3));
    w.run(50);
    w.hello(&text(3));
    w.run(50);
    assert_eq!(w.told("+sentinel-address-switch").len(), 1, "{}", w.story());
}

#[test]
fn a_master_known_by_its_ip_is_found_by_a_name_that_a_peer_uses() {
    let mut w = plan(0, 1, 2)
        .process(|c| c.resolve_hostnames = true)
        .settled();
    w.names.insert(HOST.into(), "10.0.0.1".parse().unwrap());
    w.kill(M);
    w.until("+sdown", 3_000);
    let first = w.asked(HOST, 6379, 0, None);
    w.run(50);
    assert!(!w.opinion(first).unwrap().0, "the name is not known yet");
    let second = w.asked(HOST, 6379, 0, None);
    assert!(w.opinion(second).unwrap().0);
}

#[test]
fn monitor_looks_an_old_answer_up_anew_and_refuses_a_dead_name() {
    let mut w = plan(0, 0, 1)
        .process(|c| c.resolve_hostnames = true)
        .settled();
    let monitor = |name: &str| Instruction::Monitor {
        name: rsentinel::types::MasterName::new(name),
        host: HOST.into(),
        port: 6379,
        quorum: 1,
    };
    w.names.insert(HOST.into(), "10.0.0.8".parse().unwrap());
    w.instruct(monitor("one"));
    w.run(60_000);
    w.names.insert(HOST.into(), "10.0.0.9".parse().unwrap());
    w.instruct(monitor("two"));
    w.run(100);
    assert_eq!(w.address("two"), Some(("10.0.0.9".into(), 6379)));
    w.instruct(Instruction::Remove {
        name: rsentinel::types::MasterName::new("one"),
    });
    w.instruct(Instruction::Remove {
        name: rsentinel::types::MasterName::new("two"),
    });
    w.run(60_000);
    w.names.clear();
    w.instruct(monitor("three"));
    w.run(100);
    assert_eq!(w.address("three"), None);
}

#[test]
fn a_flood_of_strange_names_neither_spins_nor_costs_the_names_of_servers() {
    let mut w = named(false).start();
    w.names.insert(HOST.into(), "10.0.0.1".parse().unwrap());
    w.run(3_000);
    for i in 0..12_000u32 {
        let host = format!("h{i}");
        let [_, b, c, d] = (0x0b00_0000 + i).to_be_bytes();
        w.names.insert(host.clone(), [11, b, c, d].into());
        w.asked(&host, 6379, 0, None);
        w.run(5);
    }
    assert!(look_ups(&w).len() > 12_000, "the names were not looked up");
    // The newest name is still taken in, and our own is still known without a name server.
    w.names.insert("new".into(), "10.0.0.2".parse().unwrap());
    w.hello(&format!(
        "10.9.9.9,26379,{},0,{NAME},new,6379,1",
        peer_id(0)
    ));
    w.run(100);
    assert_eq!(w.address(NAME), Some(("10.0.0.2".into(), 6379)));
    w.names.clear();
    let waiter = w.asked(HOST, 6379, 0, None);
    w.run(10);
    assert_eq!(look_ups(&w).last(), Some(&(w.now - 10)));
    assert!(w.opinion(waiter).is_some());
    assert!(!w.was_told("+tilt"));
}

#[test]
fn names_that_anybody_mentions_leave_room_for_those_of_servers() {
    let mut w = named(false).start();
    w.names.insert(HOST.into(), "10.0.0.1".parse().unwrap());
    w.run(3_000);
    w.look_up_ms = 60_000;
    let before = look_ups(&w).len();
    for i in 0..500 {
        w.asked(&format!("h{i}"), 6379, 0, None);
    }
    let strange = look_ups(&w).len() - before;
    assert!((1..=64).contains(&strange), "{strange}");
    w.kill(M);
    w.run(2_000);
    assert_eq!(look_ups(&w).len() - before - strange, 1);
}
