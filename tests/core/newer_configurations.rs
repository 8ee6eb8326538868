//! Configurations of other leaders: adopted, refused, passed on; and what they mean for an own
//! failover.

use rsentinel::core::Ask;

use super::cluster::*;
use super::world::{Disk, World, epoch_of};

#[test]
fn a_greater_configuration_epoch_switches_the_master() {
    let mut w = plan(2, 2, 2).settled();
    w.hello_of(0, 3, R[0], 3);
    let at = w.now;
    assert_eq!(w.told("+config-update-from"), vec![(at, peer(0).as_str())]);
    assert_eq!(
        w.told("+switch-master"),
        vec![(at, "mymaster 10.0.0.1 6379 10.0.0.2 6379")]
    );
    assert_eq!(w.address(NAME), Some(("10.0.0.2".into(), 6379)));
    let slaves: Vec<_> = w.told("+slave").into_iter().map(|(_, t)| t).collect();
    assert_eq!(
        slaves,
        [
            "slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster 10.0.0.2 6379",
            "slave 10.0.0.1:6379 10.0.0.1 6379 @ mymaster 10.0.0.2 6379"
        ]
    );
    let group = &w.last_state().masters[0];
    assert_eq!(group.config_epoch, epoch_of(3));
    assert_eq!(group.address, address(R[0]));
    assert_eq!(group.known_peers.len(), 2);
}

#[test]
fn an_adopted_configuration_is_passed_on_to_all_peers_at_once() {
    let mut w = plan(2, 3, 2).settled();
    w.hello_of(0, 3, R[0], 3);
    for p in &P[..3] {
        let last = w.hellos_to(p).pop().unwrap();
        assert_eq!(last.0, w.now);
        assert!(last.1.ends_with(",mymaster,10.0.0.2,6379,3"), "{}", last.1);
    }
}

#[test]
fn an_equal_or_lower_configuration_epoch_never_changes_the_address() {
    let mut w = plan(2, 1, 2)
        .with(|m| m.config_epoch = epoch_of(5))
        .settled();
    w.hello_of(0, 5, R[0], 5);
    w.hello_of(0, 5, R[0], 4);
    w.run(1_000);
    assert!(!w.was_told("+switch-master") && !w.was_told("+config-update-from"));
}

#[test]
fn a_configuration_of_a_sender_that_is_no_peer_is_not_adopted() {
    let mut w = plan(2, 1, 2).settled();
    w.hello("no.such.host,26379,id,6,mymaster,10.0.0.2,6379,6");
    w.run(100);
    assert!(!w.was_told("+switch-master"));
}

#[test]
fn a_greater_epoch_for_the_same_address_is_adopted_and_persisted_without_a_switch() {
    let mut w = plan(2, 1, 2).settled();
    w.hello_of(0, 8, M, 8);
    assert!(!w.was_told("+switch-master") && !w.was_told("+config-update-from"));
    assert_eq!(w.last_state().masters[0].config_epoch, epoch_of(8));
}

#[test]
fn an_unresolvable_new_address_changes_nothing_and_is_tried_again() {
    let mut w = plan(1, 1, 2)
        .process(|c| c.resolve_hostnames = true)
        .settled();
    let hello = format!("10.0.1.1,26379,{},3,mymaster,new.master,6379,3", peer_id(0));
    w.hello(&hello);
    w.run(100);
    assert!(!w.was_told("+switch-master") && !w.was_told("+config-update-from"));
    assert_eq!(w.last_state().masters[0].config_epoch, epoch_of(0));
    w.names
        .insert("new.master".into(), "10.0.0.2".parse().unwrap());
    w.hello(&hello);
    w.run(100);
    assert_eq!(w.told("+switch-master").len(), 1);
    assert_eq!(
        w.told("+switch-master")[0].1,
        "mymaster 10.0.0.1 6379 new.master 6379"
    );
}

#[test]
fn a_peer_with_an_older_configuration_is_answered_with_ours_at_most_once_per_200_ms() {
    let mut w = plan(2, 2, 2).settled();
    w.hello_of(0, 3, R[0], 3);
    w.run(1_000);
    let before = w.hellos_to(P[1]).len();
    for _ in 0..50 {
        w.hello_of(1, 3, M, 0);
        w.run(10);
    }
    let sent = w.hellos_to(P[1]).len() - before;
    assert!((2..=4).contains(&sent), "{sent} in half a second");
}

#[test]
fn a_peer_that_reconnects_hears_our_configuration_at_once() {
    let mut w = plan(2, 1, 2).settled();
    w.hello_of(0, 3, R[0], 3);
    w.kill(P[0]);
    w.run(3_000);
    w.revive(P[0]);
    let before = w.hellos_to(P[0]).len();
    w.run_until(1_100, "a hello", |w| w.hellos_to(P[0]).len() > before);
}

// ---- a newer configuration during an own failover ----

fn reconfiguring() -> World {
    let mut w = plan(3, 2, 2).settled();
    w.server(R[0]).offset = 900;
    w.server(R[1]).sync_ms = 15_000;
    w.kill_master();
    w.until("+promoted-slave", 5_000);
    w
}

#[test]
fn a_newer_configuration_with_another_address_cancels_an_own_failover() {
    for stop in ["+try-failover", "+failover-state-wait-promotion"] {
        let mut w = plan(3, 2, 2).settled();
        w.server(R[0]).offset = 900;
        w.server(R[0]).obedience = super::hosts::Obedience::Ignores;
        w.kill_master();
        w.until(stop, 5_000);
        w.hello_of(0, 9, R[1], 9);
        assert_eq!(w.view().masters[0].failover_state, None);
        assert_eq!(w.address(NAME), Some(("10.0.0.3".into(), 6379)));
        let before = w.slaveofs().len();
        w.run(3_000);
        let no_ones = w.slaveofs()[before..]
            .iter()
            .filter(|s| s.2.is_none())
            .count();
        assert_eq!(no_ones, 0, "{}", w.story());
    }
}

#[test]
fn a_newer_configuration_naming_the_old_master_ends_the_own_reconfiguration() {
    // The published address is the promoted one: the old master's is another one.
    let mut w = reconfiguring();
    w.hello_of(0, 9, M, 9);
    assert_eq!(w.address(NAME), Some(("10.0.0.1".into(), 6379)));
    assert_eq!(w.view().masters[0].failover_state, None);
    assert_eq!(w.view().masters[0].config_epoch, epoch_of(9));
    w.run(3_000);
    let hellos = w.hellos_to(P[0]);
    let wrong = hellos
        .iter()
        .filter(|(_, t)| t.ends_with(",10.0.0.2,6379,9"))
        .count();
    assert_eq!(wrong, 0, "one epoch must not get two addresses");
}

#[test]
fn a_newer_epoch_for_the_promoted_address_completes_the_own_switch() {
    let mut w = reconfiguring();
    w.hello_of(0, 9, R[0], 9);
    assert_eq!(w.told("+switch-master").len(), 1);
    assert_eq!(w.view().masters[0].config_epoch, epoch_of(9));
    assert_eq!(w.view().masters[0].instance.ip, "10.0.0.2");
    assert_eq!(w.last_state().masters[0].config_epoch, epoch_of(9));
}

#[test]
fn a_newer_epoch_for_the_same_address_cancels_a_failover_that_could_no_longer_win() {
    let mut w = plan(1, 2, 2).settled();
    w.server(R[0]).obedience = super::hosts::Obedience::Ignores;
    w.kill_master();
    w.until("+failover-state-wait-promotion", 5_000);
    w.hello_of(0, 1, M, 1);
    assert_eq!(w.view().masters[0].failover_state, None);
    assert!(!w.was_told("-failover-abort-slave-timeout"));
}

#[test]
fn a_newer_epoch_for_the_same_address_leaves_a_failover_of_a_greater_epoch_alone() {
    let mut w = plan(1, 2, 2)
        .process(|c| c.current_epoch = epoch_of(10))
        .settled();
    w.server(R[0]).obedience = super::hosts::Obedience::Ignores;
    w.kill_master();
    w.until("+failover-state-wait-promotion", 5_000);
    w.hello_of(0, 5, M, 5);
    assert_eq!(w.view().masters[0].failover_state, Some("wait_promotion"));
}

/// The own vote is still being written, so the last vote on disk is older than the configuration.
#[test]
fn a_newer_epoch_for_the_same_address_does_not_lift_the_wait_of_an_attempt_that_goes_on() {
    let mut w = plan(1, 2, 2)
        .feature("reassert", true)
        .feature("early-retry", false)
        .process(|c| c.current_epoch = epoch_of(10))
        .settled();
    w.disk = Disk::Hangs;
    w.kill_master();
    let tried = w.until("+try-failover", 5_000);
    w.hello_of(0, 5, M, 5);
    assert_eq!(w.view().masters[0].config_epoch, epoch_of(5));
    assert_eq!(w.view().masters[0].failover_state, Some("wait_start"));
    w.until("-failover-abort-not-elected", 12_000);
    w.settle_disk(Disk::Writes(1));
    w.run_to(tried + 2 * 20_000 - 1);
    assert_eq!(w.told("+try-failover").len(), 1, "{}", w.story());
    w.run(1_500);
    assert_eq!(w.told("+try-failover").len(), 2);
}

#[test]
fn hellos_work_in_tilt_switches_included() {
    let mut w = plan(2, 1, 2).settled();
    w.stall(3_000);
    w.hello_of(0, 3, R[0], 3);
    w.run(10);
    assert!(w.was_told("+switch-master") && w.was_told("+new-epoch"));
}

#[test]
fn an_adopted_configuration_waits_for_no_disk() {
    let mut w = plan(2, 1, 2).settled();
    w.disk = Disk::Hangs;
    w.hello_of(0, 3, R[0], 3);
    assert_eq!(w.address(NAME), Some(("10.0.0.2".into(), 6379)));
    w.run(1_000);
    // The epoch spoken is still the durable one.
    assert!(
        w.hellos_to(P[0])
            .last()
            .unwrap()
            .1
            .contains(",0,mymaster,10.0.0.2,")
    );
    assert!(w.times_of(R[0], |a| matches!(a, Ask::Hello { .. })).len() > 1);
}
