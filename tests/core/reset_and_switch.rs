//! Resetting a group, and rebuilding it around another master.

use rsentinel::core::action::Socket;
use rsentinel::core::event::Instruction;
use rsentinel::core::{Ask, Reply};
use rsentinel::wire::Role;

use super::cluster::*;
use super::world::{World, epoch_of};

fn reset(w: &mut World, pattern: &str) -> u64 {
    let waiter = w.instruct(Instruction::Reset {
        pattern: pattern.into(),
    });
    match w.reply(waiter).expect("an answer") {
        (_, Reply::Count(n)) => *n,
        other => panic!("{other:?}"),
    }
}

#[test]
fn reset_drops_replicas_and_peers_and_counts_the_groups_it_matched() {
    let mut w = plan(2, 2, 2).settled();
    assert_eq!(reset(&mut w, "my*"), 1);
    assert_eq!(w.told("+reset-master"), vec![(w.now, MASTER)]);
    let view = w.view().masters[0].clone();
    assert!(view.replicas.is_empty() && view.peers.is_empty());
    assert_eq!(reset(&mut w, "other*"), 0);
    w.run(10);
    assert!(w.conns.values().all(|c| c.to.to_string() == M));
}

#[test]
fn reset_is_not_persisted_and_keeps_address_settings_and_epochs() {
    let mut w = plan(2, 2, 2)
        .with(|m| m.config_epoch = epoch_of(4))
        .settled();
    let states = w.states().len();
    reset(&mut w, "*");
    assert_eq!(w.states().len(), states);
    let view = w.view().masters[0].clone();
    assert_eq!(view.config_epoch, epoch_of(4));
    assert_eq!((view.quorum, view.instance.down_after), (2, 1_000));
}

#[test]
fn reset_restarts_the_ping_clock_and_clears_down_flags_without_events() {
    let mut w = plan(0, 0, 1).settled();
    w.kill(M);
    w.until("+odown", 3_000);
    w.run(500);
    reset(&mut w, "*");
    let at = w.now;
    assert_eq!(w.view().masters[0].status, "ok");
    assert!(!w.was_told("-sdown") && !w.was_told("-odown"));
    assert_eq!(w.until("+sdown", 3_000), at + 1_001);
}

#[test]
fn reset_reopens_the_sockets_of_the_master() {
    let mut w = plan(0, 0, 1).settled();
    reset(&mut w, "*");
    w.run(1_100);
    assert_eq!(w.connects_to(M, Socket::Command).len(), 2);
    assert_eq!(w.connects_to(M, Socket::Pubsub).len(), 2);
}

#[test]
fn what_reset_dropped_is_found_again() {
    let mut w = plan(1, 1, 2).settled();
    reset(&mut w, "*");
    w.hello_of(0, 0, M, 0);
    w.run(11_000);
    assert_eq!(w.told("+slave").len(), 1);
    assert_eq!(w.told("+sentinel").len(), 1);
}

#[test]
fn a_reset_allows_an_own_attempt_at_once() {
    let mut w = plan(1, 0, 1).settled();
    let x = "x".repeat(40);
    w.asked(ip(M), 6379, 1, Some(&x));
    w.run(10);
    reset(&mut w, "*");
    w.run(11_000);
    w.kill(M);
    w.until("+try-failover", 3_000);
}

// ---- switching ----

#[test]
fn a_switch_keeps_the_links_to_servers_that_stay_in_the_group() {
    let mut w = plan(2, 1, 2).settled();
    let before: Vec<_> = [M, R[0], R[1], P[0]]
        .iter()
        .map(|a| w.sockets_to(a))
        .collect();
    w.hello_of(0, 3, R[0], 3);
    w.run(100);
    let after: Vec<_> = [M, R[0], R[1], P[0]]
        .iter()
        .map(|a| w.sockets_to(a))
        .collect();
    assert_eq!(before, after);
    for at in [M, R[0], R[1], P[0]] {
        assert_eq!(w.connects_to(at, Socket::Command).len(), 1);
    }
}

#[test]
fn a_link_that_was_waiting_to_reconnect_is_connected_at_once_by_a_switch() {
    let mut w = plan(2, 1, 2).settled();
    w.kill(R[0]);
    w.run(6_300);
    w.revive(R[0]);
    let before = w.connects_to(R[0], Socket::Command).len();
    w.hello_of(0, 3, R[0], 3);
    let at = w.now;
    w.run(5);
    assert_eq!(w.connects_to(R[0], Socket::Command)[before..], [at]);
}

#[test]
fn an_unknown_new_master_is_connected_in_the_same_instant() {
    let mut w = plan(1, 1, 2).settled();
    w.hello_of(0, 3, R[2], 3);
    let at = w.now;
    w.run(5);
    assert_eq!(w.connects_to(R[2], Socket::Command), [at]);
    assert_eq!(w.connects_to(R[2], Socket::Pubsub), [at]);
}

#[test]
fn the_new_master_is_judged_by_its_own_silence_from_the_switch_on() {
    // It has been silent for most of D when the switch comes.
    let mut w = plan(2, 1, 2).settled();
    w.kill(R[0]);
    w.run(900);
    w.hello_of(0, 3, R[0], 3);
    let at = w.now;
    assert_eq!(w.until("+sdown", 3_000), at + 1_001);
}

#[test]
fn the_new_master_and_all_replicas_are_asked_info_at_once() {
    let mut w = plan(2, 1, 2).settled();
    w.hello_of(0, 3, R[0], 3);
    for server in [R[0], R[1], M] {
        let infos = w.times_of(server, |a| *a == Ask::Info);
        assert_eq!(infos.last(), Some(&w.now), "{server}");
    }
}

#[test]
fn what_peers_said_of_the_old_master_is_forgotten_in_a_switch() {
    let mut w = plan(2, 2, 2).settled();
    w.peers_say_down(true);
    w.kill(M);
    w.until("+odown", 3_000);
    w.hello_of(0, 3, R[0], 3);
    let view = w.view().masters[0].clone();
    assert!(view.peers.iter().all(|p| p.instance.flags == "sentinel"));
    assert_eq!(view.status, "ok");
}

#[test]
fn an_answer_about_the_old_master_that_arrives_after_the_switch_does_not_count() {
    let mut w = plan(2, 2, 2).settled();
    for p in [P[0], P[1]] {
        w.host(p).round_trip = 400;
    }
    w.peers_say_down(true);
    w.kill(M);
    w.until("+sdown", 3_000);
    w.run(100);
    // The questions about the old master are still unanswered.
    w.hello_of(0, 3, R[0], 3);
    w.run(1_000);
    let view = w.view().masters[0].clone();
    for p in &view.peers {
        assert!(!p.instance.flags.contains("master_down"), "{}", w.story());
    }
}

#[test]
fn a_stale_answer_and_a_late_question_are_told_apart() {
    // Asked about the old master, switched, then asked about the new one: only the second
    // answer counts, although both arrive on one socket.
    let mut w = plan(2, 2, 2).settled();
    w.peers_say_down(true);
    for p in [P[0], P[1]] {
        w.host(p).round_trip = 1_500;
    }
    w.kill(M);
    w.until("+sdown", 3_000);
    w.kill(R[0]);
    w.hello_of(0, 3, R[0], 3);
    let sdown = w.until("+sdown", 3_000);
    w.peers_say_down(false);
    let odown = w.now + 1_000;
    w.run_to(odown);
    assert!(
        !w.told("+odown")
            .iter()
            .any(|(at, _)| *at > sdown && *at < sdown + 1_000)
    );
}

#[test]
fn roles_down_times_and_attempts_of_the_old_master_are_cleared_in_a_switch() {
    let mut w = plan(2, 1, 1).settled();
    let x = "x".repeat(40);
    w.asked(ip(M), 6379, 1, Some(&x));
    w.run(10);
    w.kill(M);
    w.until("+odown", 3_000);
    w.hello_of(0, 3, R[0], 3);
    w.server(R[0]).role = Role::Master;
    w.run(3_000);
    // No wait is left over from the vote.
    w.peer(P[0]).down = true;
    w.kill(R[0]);
    let dead = w.now;
    let at = w.until("+try-failover", 5_000);
    assert!(at - dead < 1_100);
}

#[test]
fn a_switch_to_a_server_that_still_says_slave_is_not_corrected_by_command() {
    let mut w = plan(2, 1, 2).settled();
    w.hello_of(0, 3, R[0], 3);
    w.run(3_000);
    for (_, to, target) in w.slaveofs() {
        assert!(to.to_string() != R[0] || target.is_none());
    }
}

#[test]
fn a_switch_forth_and_back_ends_with_the_same_records() {
    let mut w = plan(2, 1, 2).settled();
    w.hello_of(0, 3, R[0], 3);
    w.run(50);
    w.hello_of(0, 4, M, 4);
    w.run(50);
    let mut names: Vec<String> = w.view().masters[0]
        .replicas
        .iter()
        .map(|r| r.instance.name.clone())
        .collect();
    names.sort();
    assert_eq!(names, [R[0], R[1]]);
    assert_eq!(w.sockets_to(M).len(), 2);
    assert_eq!(w.conns.len(), 2 * 3 + 1);
}
