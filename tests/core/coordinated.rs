//! SENTINEL FAILOVER … COORDINATED: the master hands over by its own FAILOVER, and that is proved.

use rsentinel::core::event::{FailoverHow, Instruction};
use rsentinel::core::{Ask, Reply, Waiter};
use rsentinel::wire::{Role, ServerFailover};

use super::cluster::*;
use super::hosts::{HandOverScript, Votes};
use super::world::{Disk, World, epoch_of};

const SUPPORT: &str = "NOGOODPRIMARY Primary does not support FAILOVER command";

pub fn refused(w: &World, waiter: Waiter, text: &str) {
    assert_eq!(w.reply(waiter).unwrap().1, &Reply::Error(text.into()));
}

/// When FAILOVER was sent to the master, with its target and time.
pub fn hand_overs(w: &World) -> Vec<(u64, String, u64)> {
    w.sent_to(M)
        .into_iter()
        .filter_map(|(at, ask)| match ask {
            Ask::HandOver { host, port, ms, .. } => Some((at, format!("{host}:{port}"), *ms)),
            _ => None,
        })
        .collect()
}

fn releases(w: &World, at: &str) -> Vec<u64> {
    w.times_of(at, |ask| *ask == Ask::Release)
}

pub fn unpauses(w: &World, at: &str) -> Vec<u64> {
    w.times_of(at, |ask| *ask == Ask::Unpause)
}

pub fn promotions(w: &World) -> usize {
    let to_nobody = w.slaveofs().into_iter().filter(|(_, _, to)| to.is_none());
    to_nobody.count()
}

/// Three sentinels, a master, two replicas; the first one has more data.
pub fn ready() -> World {
    let mut w = plan(2, 2, 2).settled();
    w.server(R[0]).offset = 100;
    w.run(11_000);
    w
}

/// The master waits for its replica.
pub fn waiting() -> World {
    let mut w = ready();
    w.server(M).hand_over = HandOverScript::Waits;
    w.coordinate();
    w.until("+failover-state-wait-promotion", 1_000);
    w.run(50);
    w
}

// ---- refusals ----

#[test]
fn refusals_come_in_the_order_name_word_support_progress_replica() {
    let mut w = plan(1, 0, 1).settled();
    let ask = |w: &mut World, name: &str, how| {
        let name = rsentinel::types::MasterName::new(name);
        w.instruct(Instruction::Failover { name, how })
    };
    let waiter = ask(&mut w, "nobody", FailoverHow::Unknown);
    refused(&w, waiter, "ERR No such master with that name");
    w.server(M).failover = None;
    w.run(11_000);
    let waiter = ask(&mut w, NAME, FailoverHow::Unknown);
    refused(&w, waiter, "ERR Unknown failover option specified");
    w.force();
    let waiter = w.coordinate();
    refused(&w, waiter, SUPPORT);
    let mut w = plan(0, 0, 1).settled();
    let waiter = w.coordinate();
    refused(&w, waiter, "NOGOODSLAVE No suitable replica to promote");
    let mut w = waiting();
    let waiter = w.coordinate();
    refused(&w, waiter, "INPROG Failover already in progress");
    let waiter = w.force();
    refused(&w, waiter, "INPROG Failover already in progress");
}

#[test]
fn a_replica_that_does_not_follow_the_master_is_no_target_of_a_handover() {
    for change in 0..3 {
        let mut w = plan(1, 0, 1).settled();
        let server = w.server(R[0]);
        match change {
            0 => server.role = Role::Master,
            1 => server.link_up = false,
            _ => server.master = Some(("10.9.9.9".into(), 6379)),
        }
        w.run(11_000);
        let waiter = w.coordinate();
        refused(&w, waiter, "NOGOODSLAVE No suitable replica to promote");
        assert!(hand_overs(&w).is_empty());
    }
}

// ---- the way it goes ----

#[test]
fn a_coordinated_failover_asks_for_votes_at_once_and_is_shown_by_its_own_flag() {
    let mut w = ready();
    w.disk = Disk::Writes(50);
    let waiter = w.coordinate();
    let at = w.now;
    assert_eq!(w.reply(waiter).unwrap().1, &Reply::Ok);
    assert_eq!(w.names_since(at), ["+new-epoch", "+try-failover"]);
    for p in [P[0], P[1]] {
        let asked = w.times_of(
            p,
            |a| matches!(a, Ask::MasterDown { epoch, candidate: Some(_), .. } if epoch.get() == 1),
        );
        assert_eq!(asked, [at]);
    }
    let flags = &w.view().masters[0].instance.flags;
    assert_eq!(flags, "master,failover_in_progress,coordinated_failover");
    w.until("+switch-master", 1_000);
    assert!(
        !w.was_told("+sdown") && !w.was_told("+odown"),
        "{}",
        w.story()
    );
}

#[test]
fn the_master_hands_over_and_nobody_is_told_slaveof_no_one() {
    let mut w = ready();
    let start = w.now;
    w.coordinate();
    w.until("+switch-master", 2_000);
    w.run(0);
    let names: Vec<_> = w
        .names_since(start)
        .into_iter()
        .filter(|name| !name.ends_with("link-reconnection") && *name != "-role-change")
        .collect();
    assert_eq!(
        names,
        [
            "+new-epoch",
            "+try-failover",
            "+vote-for-leader",
            "+elected-leader",
            "+failover-state-select-slave",
            "+selected-slave",
            "+failover-state-send-slaveof-noone",
            "+failover-state-wait-promotion",
            "+promoted-slave",
            "+failover-state-reconf-slaves",
            "+slave-reconf-sent",
            "+slave-reconf-inprog",
            "+slave-reconf-done",
            "+failover-end",
            "+switch-master",
            "+slave",
            "+slave",
        ]
    );
    let [(_, target, ms)] = &hand_overs(&w)[..] else {
        panic!("{}", w.story())
    };
    assert_eq!(target, R[0]);
    assert_eq!(*ms, 20_000, "all of failover-timeout is left");
    assert_eq!(promotions(&w), 0);
    let proved = w.told("+promoted-slave")[0].0;
    assert_eq!(
        (releases(&w, M), releases(&w, R[0])),
        (vec![proved], vec![proved])
    );
    assert_eq!(w.address(NAME), Some(("10.0.0.2".into(), 6379)));
    assert_eq!(w.last_state().masters[0].config_epoch, epoch_of(1));
    w.run(60_000);
    assert!(
        !w.was_told("+convert-to-slave"),
        "the old master has resigned"
    );
}

#[test]
fn without_a_majority_the_master_is_told_nothing() {
    let mut w = ready();
    for p in [P[0], P[1]] {
        w.peer(p).votes = Votes::Never;
    }
    w.coordinate();
    w.until("-failover-abort-not-elected", 12_000);
    assert!(hand_overs(&w).is_empty() && promotions(&w) == 0);
}

#[test]
fn no_hello_goes_to_a_server_of_the_group_before_the_promotion_is_proved() {
    let mut w = waiting();
    let told = hand_overs(&w)[0].0;
    w.run(9_000);
    for server in [M, R[0], R[1]] {
        let hellos = w.hellos_to(server);
        assert!(hellos.iter().all(|(at, _)| *at < told), "{server}");
    }
    assert!(w.hellos_to(P[0]).iter().any(|(at, _)| *at > told + 5_000));
    w.hand_over(M, R[0]);
    let proved = w.until("+promoted-slave", 500);
    w.run(100);
    for server in [M, R[0], R[1]] {
        assert!(w.hellos_to(server).iter().any(|(at, _)| *at >= proved));
    }
}

#[test]
fn no_hello_goes_to_a_server_that_says_that_it_is_handing_over() {
    let mut w = ready();
    w.server(M).failover = Some(ServerFailover::Running);
    w.run(10_100);
    let since = w.now;
    w.run(10_000);
    assert!(w.hellos_to(M).iter().all(|(at, _)| *at <= since));
    assert!(w.hellos_to(R[0]).iter().any(|(at, _)| *at > since));
    w.server(M).failover = Some(ServerFailover::Idle);
    w.run(1_100);
    assert!(w.hellos_to(M).iter().any(|(at, _)| *at > since));
}

#[test]
fn the_replica_is_named_as_its_master_prints_it() {
    let mut w = plan(1, 2, 2)
        .process(|conf| conf.resolve_hostnames = true)
        .start();
    w.names
        .insert("replica-1".into(), "10.0.0.2".parse().unwrap());
    w.server(M).replicas = vec![("replica-1".into(), 6379)];
    w.run(11_000);
    w.coordinate();
    w.run(1_000);
    assert_eq!(hand_overs(&w)[0].1, "replica-1:6379");
}

// ---- the proof ----

#[test]
fn a_replica_that_is_a_master_beside_a_master_that_stays_one_is_not_published() {
    let mut w = waiting();
    let replica = w.server(R[0]);
    replica.role = Role::Master;
    replica.master = None;
    w.run(3_000);
    assert!(!w.was_told("+promoted-slave"), "the master still waits");
    w.server(M).failover = Some(ServerFailover::Idle);
    w.until("-failover-abort-master-timeout", 500);
    assert!(!w.was_told("+promoted-slave"));
    assert_eq!(w.address(NAME), Some(("10.0.0.1".into(), 6379)));
    w.until("+convert-to-slave", 20_000);
}

#[test]
fn a_master_that_follows_another_server_than_the_replica_proves_nothing() {
    let mut w = waiting();
    w.hand_over(M, R[0]);
    w.server(M).master = Some(("10.9.9.9".into(), 1));
    w.run(10_000);
    assert!(!w.was_told("+promoted-slave"));
    w.until("-failover-abort-slave-timeout", 20_000);
}

#[test]
fn a_replica_that_has_not_taken_over_yet_is_waited_for() {
    let mut w = waiting();
    w.hand_over(M, R[0]);
    w.server(R[0]).role = Role::Replica;
    w.run(5_000);
    assert!(!w.was_told("+promoted-slave"));
    w.server(R[0]).role = Role::Master;
    w.until("+promoted-slave", 300);
}
