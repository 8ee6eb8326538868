//! Subjectively down.

use rsentinel::core::Ask;
use rsentinel::core::action::Socket;
use rsentinel::core::event::{Instruction, SetChange, SetOption};
use rsentinel::wire::{PingVerdict, Role};

use super::cluster::*;
use super::hosts::InfoReply;

#[test]
fn sdown_fires_one_millisecond_after_down_after_counted_from_the_oldest_unanswered_ping() {
    let mut w = plan(0, 0, 2).settled();
    w.freeze(M);
    let frozen = w.now;
    let at = w.until("+sdown", 3_000);
    let pings = w.times_of(M, |a| *a == Ask::Ping);
    let first_unanswered = pings.into_iter().find(|t| *t >= frozen).unwrap();
    assert_eq!(at, first_unanswered + 1_000 + 1);
    assert_eq!(w.told("+sdown")[0].1, MASTER);
}

#[test]
fn a_killed_server_is_down_one_millisecond_after_down_after_from_its_death() {
    let mut w = plan(0, 0, 2).settled();
    w.kill(M);
    let dead = w.now;
    assert_eq!(w.until("+sdown", 3_000), dead + 1_001);
}

#[test]
fn a_frozen_server_is_down_at_most_a_tenth_of_down_after_later_than_a_dead_one() {
    let mut w = plan(0, 0, 2).with(|m| m.down_after = 5_000).settled();
    w.freeze(M);
    let frozen = w.now;
    let at = w.until("+sdown", 10_000);
    assert!(at - frozen <= 5_000 + 500 + 3, "{}", at - frozen);
}

#[test]
fn later_pings_and_reconnects_do_not_move_the_clock_of_sdown() {
    let mut w = plan(0, 0, 2).with(|m| m.down_after = 4_000).settled();
    w.freeze(M);
    let frozen = w.now;
    w.run(2_000);
    w.reset_sockets(M, None);
    let at = w.until("+sdown", 10_000);
    let pings = w.times_of(M, |a| *a == Ask::Ping);
    let first = *pings.iter().find(|t| **t >= frozen).unwrap();
    assert!(pings.iter().filter(|t| **t >= frozen).count() > 2);
    assert_eq!(at, first + 4_001);
}

#[test]
fn a_server_that_never_answered_is_down_down_after_after_its_creation() {
    let plan = plan(0, 0, 2);
    let mut w = plan.start();
    w.black_hole(M);
    let born = w.now;
    assert_eq!(w.until("+sdown", 3_000), born + 1_001);
}

#[test]
fn a_record_with_port_0_is_never_connected_and_goes_down_after_down_after() {
    let mut w = plan(0, 0, 2)
        .with(|m| m.known_replicas.push(address("10.0.0.9:0")))
        .start();
    let born = w.now;
    let at = w.until("+sdown", 3_000);
    assert_eq!(at, born + 1_001);
    assert!(w.told("+sdown")[0].1.starts_with("slave 10.0.0.9:0 "));
    w.run(30_000);
    assert!(w.conns.values().all(|c| c.to.port() != 0));
    assert!(w.turns < 3_000, "{} turns", w.turns);
}

#[test]
fn sdown_ends_with_the_first_valid_reply() {
    let mut w = plan(0, 0, 2).settled();
    w.kill(M);
    w.until("+sdown", 3_000);
    w.revive(M);
    let back = w.now;
    let at = w.until("-sdown", 3_000);
    assert!(at - back <= 1_010, "{}", at - back);
    assert_eq!(w.told("-sdown")[0].1, MASTER);
}

#[test]
fn loading_and_masterdown_replies_keep_a_server_up_and_other_errors_do_not() {
    for (verdict, stays_up) in [
        (PingVerdict::Loading, true),
        (PingVerdict::MasterDown, true),
        (PingVerdict::Busy, false),
        (PingVerdict::Other("NOAUTH".into()), false),
    ] {
        let mut w = plan(0, 0, 2).settled();
        w.host(M).ping = Some(verdict.clone());
        w.run(3_000);
        assert_eq!(!w.was_told("+sdown"), stays_up, "{verdict:?}");
    }
}

#[test]
fn a_busy_server_gets_one_script_kill_per_down_time() {
    let mut w = plan(0, 0, 2).settled();
    w.host(M).ping = Some(PingVerdict::Busy);
    let down = w.until("+sdown", 3_000);
    w.run(5_000);
    let kills = w.times_of(M, |a| *a == Ask::ScriptKill);
    assert_eq!(kills.len(), 1);
    assert!(kills[0] >= down);
    w.host(M).ping = Some(PingVerdict::Pong);
    w.until("-sdown", 3_000);
    w.host(M).ping = Some(PingVerdict::Busy);
    w.until("+sdown", 3_000);
    w.run(3_000);
    assert_eq!(w.times_of(M, |a| *a == Ask::ScriptKill).len(), 2);
}

#[test]
fn a_master_that_reports_slave_is_down_after_down_after_plus_two_info_periods() {
    let mut w = plan(0, 0, 2).settled();
    w.server(M).role = Role::Replica;
    w.until("-role-change", 11_000);
    let seen = w.now;
    let at = w.until("+sdown", 30_000);
    assert_eq!(at, seen + 1_000 + 20_000 + 1);
    w.server(M).role = Role::Master;
    w.until("+role-change", 11_000);
    assert!(w.was_told("-sdown"));
}

#[test]
fn a_replica_that_reports_master_is_not_down_for_it() {
    let mut w = plan(1, 0, 2).settled();
    w.server(R[0]).role = Role::Master;
    w.server(M).info = InfoReply::Silent;
    w.run(60_000);
    assert!(!w.was_told("+sdown"), "{}", w.story());
}

#[test]
fn a_rebooted_master_that_only_loads_is_down_after_its_reboot_period() {
    let mut w = plan(0, 0, 2)
        .with(|m| m.master_reboot_down_after = 3_000)
        .settled();
    w.server(M).run_id = "n".repeat(40);
    w.host(M).ping = Some(PingVerdict::Loading);
    let seen = w.until("+reboot", 11_000);
    assert!(w.view().masters[0].instance.flags.contains("master_reboot"));
    assert_eq!(w.until("+sdown", 10_000), seen + 3_001);
}

#[test]
fn a_pong_after_a_reboot_ends_the_suspicion() {
    let mut w = plan(0, 0, 2)
        .with(|m| m.master_reboot_down_after = 3_000)
        .settled();
    w.server(M).run_id = "n".repeat(40);
    w.until("+reboot", 11_000);
    w.run(10_000);
    assert!(!w.was_told("+sdown"));
    assert!(!w.view().masters[0].instance.flags.contains("master_reboot"));
}

#[test]
fn with_a_reboot_period_of_0_a_reboot_never_means_down() {
    let mut w = plan(0, 0, 2).settled();
    w.server(M).run_id = "n".repeat(40);
    w.host(M).ping = Some(PingVerdict::Loading);
    w.run(60_000);
    assert!(w.was_told("+reboot") && !w.was_told("+sdown"));
}

#[test]
fn a_server_whose_pubsub_socket_is_refused_is_up_while_it_answers_pings() {
    let mut w = plan(0, 0, 2).settled();
    w.host(M).pubsub_reach = Some(super::hosts::Reach::Refused);
    w.reset_sockets(M, Some(Socket::Pubsub));
    w.run(10_000);
    assert!(!w.was_told("+sdown"), "{}", w.story());
}

#[test]
fn replicas_and_peers_go_down_by_the_masters_down_after() {
    let mut w = plan(1, 1, 2).settled();
    w.kill(R[0]);
    w.kill(P[0]);
    let dead = w.now;
    w.run(1_001);
    assert_eq!(
        w.told("+sdown"),
        vec![
            (dead + 1_001, replica(0).as_str()),
            (dead + 1_001, peer(0).as_str())
        ]
    );
}

#[test]
fn a_shorter_down_after_set_by_an_operator_is_judged_at_once() {
    let mut w = plan(0, 0, 2).with(|m| m.down_after = 30_000).settled();
    w.kill(M);
    w.run(5_000);
    assert!(!w.was_told("+sdown"));
    w.instruct(Instruction::Set {
        name: name(),
        changes: vec![SetChange {
            shown: "down-after-milliseconds 1000".into(),
            option: SetOption::DownAfter(1_000),
        }],
        then_error: None,
    });
    assert_eq!(w.told("+sdown").len(), 1);
}
