//! What is on disk, and when: the state lines, failed writes, what a restart reads.

use rsentinel::core::event::Instruction;
use rsentinel::types::RunId;

use super::cluster::*;
use super::world::{Disk, World, epoch_of};

#[test]
fn a_failed_write_is_tried_again_after_a_second_until_it_works() {
    let mut w = plan(1, 1, 2).settled();
    w.disk = Disk::Fails(1);
    w.hello_of(0, 5, M, 0);
    let first = w.states().len();
    w.run(1_500);
    assert_eq!(w.states().len(), first + 1);
    assert!(!w.was_told("+new-epoch"));
    w.disk = Disk::Writes(1);
    w.run(3_000);
    assert!(w.was_told("+new-epoch"));
    let settled = w.states().len();
    w.run(60_000);
    assert_eq!(
        w.states().len(),
        settled,
        "nothing is written without a change"
    );
}

#[test]
fn all_changes_of_one_turn_are_one_write() {
    let mut w = plan(2, 0, 2).settled();
    // A new peer, a new epoch and a new configuration.
    let before = w.states().len();
    w.hello_of(0, 9, R[0], 9);
    assert_eq!(w.states().len(), before + 1);
    let state = w.last_state();
    assert_eq!(state.current_epoch, epoch_of(9));
    assert_eq!(state.masters[0].config_epoch, epoch_of(9));
    assert_eq!(state.masters[0].known_peers.len(), 1);
}

#[test]
fn an_own_vote_replaced_while_it_was_being_written_stays_on_disk_when_the_next_write_fails() {
    let mut w = plan(1, 2, 2).settled();
    w.disk = Disk::Hangs;
    w.force();
    w.hello_of(0, 6, M, 0);
    // The vote of epoch 1 is on its way, that of epoch 6 behind it.
    w.settle_one_write(true);
    w.settle_one_write(false);
    let spent = w.disk_state().masters[0].leader_epoch;
    assert_eq!(spent, epoch_of(1));
    w.disk = Disk::Writes(1);
    w.instruct(Instruction::FlushConfig);
    w.run(10);
    assert!(w.disk_state().masters[0].leader_epoch >= spent);
    w.run(3_000);
    assert!(w.was_told("+switch-master"), "{}", w.story());
    assert_eq!(w.last_state().masters[0].config_epoch, epoch_of(6));
}

/// A new process with the disk of another.
fn restarted(old: &World) -> World {
    let mut conf = old.disk_state().clone();
    conf.my_id = Some(RunId::new(&me()));
    let mut birth = plan(2, 2, 2).birth();
    birth.conf = conf;
    birth.seed = 99;
    let mut w = World::with_hosts(birth, old.hosts.clone());
    w.votes.clone_from(&old.votes);
    w.run(3_000);
    w
}

#[test]
fn a_restart_never_votes_twice_in_an_epoch() {
    let x = "x".repeat(40);
    let y = "y".repeat(40);
    for wait in 0..6 {
        let mut w = plan(2, 2, 2).settled();
        w.disk = Disk::Writes(3);
        let before = w.asked(ip(M), 6379, 5, Some(&x));
        w.run(wait);
        let spoken = w.opinion(before).map(|o| o.1);
        let mut again = restarted(&w);
        let after = again.asked(ip(M), 6379, 5, Some(&y));
        again.run(10);
        let second = again.opinion(after).unwrap().1;
        assert!(
            spoken.is_none_or(|first| first == second),
            "crash after {wait} ms"
        );
    }
}

#[test]
fn a_restart_in_the_middle_of_a_failover_takes_a_greater_epoch_and_ends_it() {
    for stop in ["+elected-leader", "+promoted-slave", "+switch-master"] {
        let mut w = plan(2, 2, 2).settled();
        w.server(R[0]).offset = 900;
        w.server(R[1]).sync_ms = 500;
        w.kill_master();
        w.until(stop, 5_000);
        w.run(5);
        let before = w.disk_state().current_epoch;
        let mut again = restarted(&w);
        again.run(60_000);
        assert!(again.disk_state().current_epoch >= before);
        let address = again.address(NAME).unwrap();
        assert_ne!(
            address,
            ("10.0.0.1".into(), 6379),
            "after {stop}\n{}",
            again.story()
        );
    }
}

#[test]
fn a_restart_after_a_proved_promotion_knows_the_new_master_and_the_old_as_replica() {
    let mut w = plan(2, 2, 2).settled();
    w.server(R[0]).offset = 900;
    w.server(R[1]).sync_ms = 60_000;
    w.kill_master();
    w.until("+promoted-slave", 5_000);
    w.run(5);
    let again = restarted(&w);
    assert_eq!(again.address(NAME), Some(("10.0.0.2".into(), 6379)));
    let view = again.view();
    let names: Vec<_> = view.masters[0]
        .replicas
        .iter()
        .map(|r| r.instance.name.as_str())
        .collect();
    assert_eq!(names, [M, R[1]]);
    assert_eq!(view.masters[0].config_epoch, epoch_of(1));
}

#[test]
fn a_slow_disk_delays_a_failover_by_its_slowness_only() {
    let mut w = plan(2, 2, 2).settled();
    w.disk = Disk::Writes(400);
    w.kill_master();
    let began = w.until("+try-failover", 5_000);
    let end = w.until("+promoted-slave", 5_000);
    assert!((400..=410).contains(&(end - began)), "{}", end - began);
}

/// Simulator seed 32171: a group that is monitored anew begins with the current epoch, so that no
/// second vote is given in it; that epoch may not be on disk yet.
#[test]
fn no_answer_carries_the_epoch_of_a_group_monitored_anew_before_it_is_on_disk() {
    let mut w = plan(1, 2, 2).settled();
    w.disk = Disk::Fails(1);
    w.hello_of(0, 7, M, 0);
    w.instruct(Instruction::Remove { name: name() });
    w.instruct(Instruction::Monitor {
        name: name(),
        host: ip(M).into(),
        port: 6379,
        quorum: 2,
    });
    w.run(10);
    let asked = w.asked(ip(M), 6379, 3, Some(&peer_id(0)));
    w.run(10);
    assert_eq!(w.disk_state().current_epoch, epoch_of(0));
    assert_eq!(w.opinion(asked), Some((false, "*".into(), 0)));
    w.disk = Disk::Writes(1);
    w.run(40_000);
    let asked = w.asked(ip(M), 6379, 3, Some(&peer_id(0)));
    assert_eq!(w.opinion(asked), Some((false, "*".into(), 7)));
}
