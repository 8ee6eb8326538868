//! A coordinated failover that goes another way: the server gives up, somebody dies, others know
//! better. What stays unclear is a failover that was not performed.

use rsentinel::core::{Ask, Reply};
use rsentinel::wire::{Role, ServerFailover};

use super::cluster::*;
use super::coordinated::{hand_overs, promotions, ready, refused, unpauses, waiting};
use super::hosts::{HandOverScript, InfoReply, Votes};
use super::world::{World, epoch_of};

// ---- what stays unperformed ----

/// The server refuses to hand over, perhaps after its writers were paused; and when that ended it.
fn refused_by_its_server(why: &'static str, paused: bool) -> (World, u64) {
    let mut w = ready();
    w.server(M).hand_over = HandOverScript::Refuses { why, paused };
    w.coordinate();
    let end = w.until("-failover-abort-master-timeout", 1_000);
    (w, end)
}

#[test]
fn a_server_that_refuses_ends_it_with_its_reason_in_the_log() {
    let (mut w, end) = refused_by_its_server("FAILOVER: ERR unknown command", false);
    assert!(
        w.logs()
            .iter()
            .any(|(_, l)| l.text.contains("refused: 'FAILOVER: ERR unknown command'")),
        "{}",
        w.story()
    );
    assert!(unpauses(&w, M).is_empty(), "nobody was paused");
    w.run(3_000);
    assert!(w.hellos_to(M).iter().any(|(at, _)| *at > end));
    assert!(w.view().masters[0].failover_state.is_none() && promotions(&w) == 0);
}

#[test]
fn missing_permissions_are_named() {
    let (w, _) = refused_by_its_server(
        "FAILOVER: NOPERM this user has no permissions to run the 'failover' command",
        false,
    );
    assert!(
        w.logs()
            .iter()
            .any(|(_, l)| l.text.contains("+failover +client|pause"))
    );
}

#[test]
fn writers_that_were_paused_for_nothing_go_on_at_once() {
    let (w, end) =
        refused_by_its_server("FAILOVER: ERR FAILOVER target replica is not online.", true);
    assert_eq!(unpauses(&w, M), [end]);
}

#[test]
fn a_handover_that_the_server_gave_up_by_itself_ends_it_and_writers_go_on() {
    let mut w = waiting();
    w.run(5_000);
    assert!(!w.was_told("-failover-abort-master-timeout"));
    w.server(M).failover = Some(ServerFailover::Idle);
    let end = w.until("-failover-abort-master-timeout", 300);
    assert_eq!(unpauses(&w, M), [end]);
    assert_eq!(promotions(&w), 0);
}

#[test]
fn with_less_than_a_second_left_the_master_is_told_nothing() {
    let mut w = ready();
    w.server(M).failover = Some(ServerFailover::Running);
    w.run(10_100);
    w.coordinate();
    let asked = w.now;
    let end = w.until("-failover-abort-master-timeout", 30_000);
    assert!(
        (19_000..=19_600).contains(&(end - asked)),
        "{}",
        end - asked
    );
    assert!(hand_overs(&w).is_empty());
}

#[test]
fn a_lost_link_leaves_it_unclear_and_an_idle_master_later_ends_it() {
    let mut w = ready();
    w.server(M).hand_over = HandOverScript::Ignores;
    w.coordinate();
    w.until("+failover-state-wait-promotion", 1_000);
    w.reset_sockets(M, None);
    let lost = w.now;
    w.run(900);
    assert!(
        !w.was_told("-failover-abort-master-timeout"),
        "the request may still arrive"
    );
    let end = w.until("-failover-abort-master-timeout", 1_000);
    assert!(end - lost >= 1_000);
    assert_eq!(unpauses(&w, M), [end]);
    assert_eq!(promotions(&w), 0);
}

#[test]
fn a_lost_link_does_not_hide_a_handover() {
    let mut w = ready();
    w.server(M).hand_over = HandOverScript::Ignores;
    w.coordinate();
    w.until("+failover-state-wait-promotion", 1_000);
    w.reset_sockets(M, None);
    w.hand_over(M, R[0]);
    w.until("+promoted-slave", 1_500);
}

#[test]
fn an_answer_that_proves_nothing_is_followed_by_no_other_target() {
    let mut w = ready();
    w.server(M).hand_over = HandOverScript::Mumbles;
    w.server(M).info = InfoReply::Error;
    w.coordinate();
    w.until("-failover-abort-slave-timeout", 25_000);
    assert_eq!(hand_overs(&w).len(), 1);
    assert_eq!(promotions(&w), 0);
}

#[test]
fn an_attempt_that_came_to_nothing_does_not_hold_back_the_failover_of_a_death() {
    let mut w = waiting();
    w.server(M).failover = Some(ServerFailover::Idle);
    w.until("-failover-abort-master-timeout", 300);
    w.run(100);
    let dead = w.now;
    w.kill_master();
    let promoted = w.until("+promoted-slave", 5_000);
    assert!(promoted - dead < 1_500, "{}", promoted - dead);
    assert_eq!(w.last_state().masters[0].config_epoch, epoch_of(2));
}

// ---- the master dies ----

#[test]
fn a_master_that_is_down_is_asked_for_nothing() {
    let mut w = plan(1, 0, 2).settled();
    w.run(11_000);
    w.kill_master();
    w.run(2_000);
    assert!(w.was_told("+sdown") && !w.was_told("+odown"));
    let waiter = w.coordinate();
    assert_eq!(
        w.reply(waiter).unwrap().1,
        &Reply::Ok,
        "one sentinel may be wrong"
    );
    let mut w = ready();
    w.peer(P[0]).votes = Votes::Never;
    w.peer(P[1]).votes = Votes::Never;
    w.kill_master();
    w.until("-failover-abort-not-elected", 20_000);
    let waiter = w.coordinate();
    refused(&w, waiter, "NOGOODPRIMARY Primary is down");
}

#[test]
fn a_master_that_dies_before_it_is_told_is_failed_over_at_once_as_any_other() {
    let mut w = ready();
    w.server(M).failover = Some(ServerFailover::Running);
    w.run(10_100);
    w.coordinate();
    w.until("+failover-state-send-slaveof-noone", 1_000);
    w.kill_master();
    w.until("+odown", 3_000);
    w.until("+promoted-slave", 1_000);
    assert!(hand_overs(&w).is_empty());
    assert_eq!(promotions(&w), 1);
    assert_eq!(w.last_state().masters[0].config_epoch, epoch_of(2));
}

#[test]
fn a_master_that_dies_while_it_waits_is_failed_over_at_once_in_an_epoch_of_its_own() {
    let mut w = waiting();
    w.kill_master();
    let down = w.until("+odown", 3_000);
    assert!(w.was_told("-failover-abort-master-timeout"));
    let promoted = w.until("+promoted-slave", 1_000);
    assert!(promoted - down < 500, "{}", promoted - down);
    assert_eq!(w.last_state().masters[0].config_epoch, epoch_of(2));
}

#[test]
fn a_master_that_dies_after_it_handed_over_leaves_its_replica_the_master() {
    let mut w = waiting();
    w.server(M).info = InfoReply::Silent;
    w.run(200);
    w.hand_over(M, R[0]);
    w.kill_master();
    w.run(500);
    assert!(
        !w.was_told("+promoted-slave"),
        "only one of them has said so"
    );
    w.until("+odown", 3_000);
    assert!(w.was_told("+promoted-slave"));
    assert_eq!(promotions(&w), 0);
    assert_eq!(w.last_state().masters[0].config_epoch, epoch_of(1));
}

// ---- others, and afterwards ----

#[test]
fn a_newer_configuration_ends_it_and_the_pause_ends_when_the_old_master_follows() {
    let mut w = waiting();
    w.server(R[1]).role = Role::Master;
    w.server(R[1]).master = None;
    w.hello_of(0, 5, R[1], 5);
    assert!(w.was_told("+switch-master"));
    w.server(M).failover = Some(ServerFailover::Idle);
    assert!(unpauses(&w, M).is_empty(), "writes on it would be lost");
    let demoted = w.until("+convert-to-slave", 15_000);
    w.run(100);
    let gone_on = unpauses(&w, M);
    assert!(
        !gone_on.is_empty() && gone_on[0] >= demoted,
        "{}",
        w.story()
    );
}

#[test]
fn a_server_that_is_handing_over_is_told_to_abort_that_within_slaveof() {
    let mut w = ready();
    w.force();
    w.until("+switch-master", 2_000);
    w.server(M).failover = Some(ServerFailover::Running);
    w.until("+convert-to-slave", 20_000);
    let aborts: Vec<bool> = w
        .sent_to(M)
        .into_iter()
        .filter_map(|(_, ask)| match ask {
            Ask::Replicate { abort_failover, .. } => Some(*abort_failover),
            _ => None,
        })
        .collect();
    assert_eq!(aborts, [true]);
    for server in [R[0], R[1]] {
        let plain = |ask: &Ask| {
            matches!(
                ask,
                Ask::Replicate {
                    abort_failover: false,
                    ..
                }
            )
        };
        assert_eq!(
            w.times_of(server, plain).len(),
            1,
            "no new permission is needed"
        );
    }
}

#[test]
fn a_replica_stuck_in_handing_over_is_set_right_after_failover_timeout() {
    let mut w = ready();
    w.server(R[0]).failover = Some(ServerFailover::Running);
    w.run(10_100);
    let since = w.now;
    let fixed = w.until("+fix-slave-config", 30_000);
    assert!(
        fixed - since > 9_900 && fixed - since <= 21_200,
        "{}",
        fixed - since
    );
}

/// A leader that has died in the middle leaves a master that calls itself a replica.
#[test]
fn the_server_that_a_master_has_resigned_to_is_preferred_to_one_with_more_data() {
    let mut w = plan(2, 2, 2).settled();
    w.server(R[1]).offset = 1_000;
    w.server(R[1]).priority = 1;
    w.hand_over(M, R[0]);
    w.peers_say_down(true);
    w.until("+sdown", 40_000);
    w.until("+promoted-slave", 2_000);
    assert_eq!(w.address(NAME), Some(("10.0.0.2".into(), 6379)));
}

#[test]
fn a_restart_in_the_middle_performs_nothing_by_itself() {
    let w = waiting();
    let conf = w.disk_state().clone();
    let mut birth = plan(2, 2, 2).birth();
    birth.conf = conf;
    let mut after = World::with_hosts(birth, w.hosts.clone());
    after.run(10_000);
    assert!(hand_overs(&after).is_empty() && promotions(&after) == 0);
    assert_eq!(after.address(NAME), Some(("10.0.0.1".into(), 6379)));
}

#[test]
fn it_proceeds_after_tilt_by_what_has_become_known() {
    let mut w = waiting();
    w.stall(3_000);
    w.hand_over(M, R[0]);
    w.run(15_000);
    assert!(!w.was_told("+promoted-slave"));
    w.until("-tilt", 20_000);
    w.until_or_now("+promoted-slave", 1_000);
}

#[test]
fn the_other_replicas_are_told_in_the_turn_in_which_the_handover_is_proved() {
    let mut w = ready();
    w.coordinate();
    let proved = w.until("+promoted-slave", 3_000);
    let sent = w.until_or_now("+slave-reconf-sent", 1_000);
    assert_eq!(sent, proved, "{}", w.story());
}

#[test]
fn a_leader_that_is_cut_off_when_the_handover_is_proved_ends_after_the_failover_timeout() {
    let mut w = ready();
    w.server(R[1]).sync_ms = 60_000;
    w.coordinate();
    let proved = w.until("+promoted-slave", 3_000);
    for host in [M, R[0], R[1], P[0], P[1]] {
        w.black_hole(host);
    }
    let ended = w.until("+failover-end", 25_000);
    assert!(ended <= proved + 20_001, "{}", w.story());
}
