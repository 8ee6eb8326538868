//! Telling the other replicas to follow the promoted one, and the end of a failover.

use rsentinel::core::Ask;
use rsentinel::wire::Role;

use super::cluster::*;
use super::hosts::Obedience;
use super::world::World;

fn followers(w: &World) -> Vec<(u64, String)> {
    w.slaveofs()
        .into_iter()
        .filter(|(_, _, target)| *target == Some(("10.0.0.2".into(), 6379)))
        .map(|(at, to, _)| (at, to.to_string()))
        .collect()
}

/// R0 has just been promoted; R1 and R2 need `sync_ms` each.
fn promoted(parallel_syncs: i64, sync_ms: u64) -> World {
    let mut w = plan(3, 2, 2)
        .with(|m| m.parallel_syncs = parallel_syncs)
        .settled();
    w.server(R[0]).offset = 900;
    for r in [R[1], R[2]] {
        w.server(r).sync_ms = sync_ms;
    }
    w.kill_master();
    w.until("+promoted-slave", 5_000);
    w
}

fn flags(w: &World, i: usize) -> String {
    let view = w.view();
    let replicas = &view.masters[0].replicas;
    replicas
        .iter()
        .find(|r| r.instance.name == R[i])
        .expect("a replica")
        .instance
        .flags
        .clone()
}

#[test]
fn the_first_replica_is_told_in_the_turn_of_the_proof() {
    let w = promoted(1, 500);
    assert_eq!(followers(&w), [(w.now, R[1].to_string())]);
    assert!(flags(&w, 0).contains("promoted"));
    assert!(flags(&w, 1).contains("reconf_sent"));
}

#[test]
fn never_more_than_parallel_syncs_replicas_synchronise_at_once() {
    let mut w = promoted(1, 700);
    let first = w.now;
    w.run(600);
    assert_eq!(followers(&w).len(), 1);
    let done = w.until("+slave-reconf-done", 2_000);
    let second = followers(&w)[1].clone();
    assert_eq!(second, (done, R[2].to_string()), "at once, {first}");
    let w = promoted(2, 700);
    assert_eq!(followers(&w).len(), 2);
}

#[test]
fn parallel_syncs_0_tells_one_at_a_time() {
    let mut w = promoted(0, 100);
    w.until("+switch-master", 3_000);
    assert_eq!(followers(&w).len(), 2);
}

#[test]
fn a_told_replica_is_polled_ever_more_rarely_from_5_to_1000_ms() {
    let mut w = plan(2, 2, 2).settled();
    w.server(R[0]).offset = 900;
    w.server(R[1]).sync_ms = 5_000;
    w.force();
    let start = w.until("+slave-reconf-sent", 1_000);
    w.until("+slave-reconf-done", 10_000);
    let infos: Vec<u64> = w
        .times_of(R[1], |a| *a == Ask::Info)
        .into_iter()
        .filter(|t| *t >= start)
        .collect();
    let gaps: Vec<u64> = infos.windows(2).map(|p| p[1] - p[0]).collect();
    for (gap, expected) in gaps
        .iter()
        .zip([5, 10, 20, 40, 80, 160, 320, 640, 1_000, 1_000])
    {
        assert!((expected..=expected + 3).contains(gap), "{gaps:?}");
    }
}

#[test]
fn in_progress_is_told_when_it_reports_the_new_master_and_done_when_its_link_is_up() {
    let mut w = promoted(1, 300);
    let at = w.until("+slave-reconf-inprog", 1_000);
    assert!(flags(&w, 1).contains("reconf_inprog"));
    assert!(!w.was_told("+slave-reconf-done"));
    let done = w.until("+slave-reconf-done", 1_000);
    assert!(done > at);
    assert!(flags(&w, 1).contains("reconf_done"));
}

#[test]
fn a_replica_that_never_obeys_gives_its_slot_up_after_ten_seconds() {
    let mut w = plan(3, 2, 2).settled();
    w.server(R[0]).offset = 900;
    w.server(R[1]).obedience = Obedience::Ignores;
    w.kill_master();
    let told = w.until("+slave-reconf-sent", 5_000);
    let gave_up = w.until("-slave-reconf-sent-timeout", 15_000);
    assert_eq!(gave_up, told + 10_001);
    assert_eq!(w.told("-slave-reconf-sent-timeout")[0].1, replica(1));
    assert_eq!(followers(&w)[1], (gave_up, R[2].to_string()));
    w.until("+switch-master", 1_000);
    let to_r1 = followers(&w).into_iter().filter(|(_, to)| *to == R[1]);
    assert_eq!(to_r1.count(), 1, "it is not told a second time");
}

#[test]
fn a_replica_that_is_down_is_not_waited_for() {
    let mut w = plan(3, 2, 2).settled();
    w.server(R[0]).offset = 900;
    w.kill(R[2]);
    w.run(2_000);
    w.kill_master();
    w.until_or_now("+switch-master", 5_000);
    assert!(followers(&w).iter().all(|(_, to)| *to != R[2]));
}

#[test]
fn a_priority_0_replica_is_told_like_the_others() {
    let mut w = plan(2, 2, 2).settled();
    w.server(R[0]).offset = 900;
    w.server(R[1]).priority = 0;
    w.kill_master();
    w.until("+switch-master", 5_000);
    assert_eq!(followers(&w).len(), 1);
}

#[test]
fn after_the_failover_timeout_the_rest_is_told_once_and_the_commands_really_leave() {
    let mut w = plan(3, 2, 2).with(|m| m.failover_timeout = 4_000).settled();
    w.server(R[0]).offset = 900;
    w.server(R[1]).sync_ms = 60_000;
    w.kill_master();
    let proof = w.until("+promoted-slave", 5_000);
    let end = w.until("+switch-master", 10_000);
    assert_eq!(end, proof + 4_001);
    let names: Vec<_> = w
        .names_since(end)
        .into_iter()
        .filter(|n| !n.ends_with("reconnection"))
        .collect();
    assert_eq!(
        names[..5],
        [
            "+failover-end-for-timeout",
            "+failover-end",
            "+slave-reconf-sent-be",
            "+slave-reconf-sent-be",
            "+switch-master"
        ]
    );
    let at_end: Vec<String> = followers(&w)
        .into_iter()
        .filter(|(t, _)| *t == end)
        .map(|(_, to)| to)
        .collect();
    assert_eq!(at_end, [R[1], R[2]]);
    let closed = w
        .done
        .iter()
        .filter(|d| d.at == end && matches!(d.action, rsentinel::core::Action::Close { .. }));
    assert_eq!(closed.count(), 0, "no link is closed over them");
    assert_eq!(w.server(R[2]).role, Role::Replica);
    assert_eq!(w.server(R[2]).master, Some(("10.0.0.2".into(), 6379)));
}

#[test]
fn a_promoted_server_that_dies_ends_the_failover_at_once_and_a_new_one_can_be_decided() {
    let mut w = promoted(1, 60_000);
    w.run(100);
    w.kill(R[0]);
    let dead = w.now;
    let end = w.until("+switch-master", 3_000);
    assert_eq!(end, dead + 1_001);
    let names = w.names_since(end);
    assert!(names.contains(&"+failover-end"));
    // The new master is down too, and is failed over in its turn.
    w.until("+try-failover", 3_000);
    w.until("+promoted-slave", 5_000);
    assert_ne!(w.address(NAME), Some(("10.0.0.2".into(), 6379)));
}

#[test]
fn the_switch_comes_in_the_turn_in_which_the_last_replica_is_done() {
    let mut w = promoted(2, 300);
    let end = w.until("+switch-master", 3_000);
    let done = w.told("+slave-reconf-done").last().unwrap().0;
    assert_eq!(end, done);
}

#[test]
fn every_replica_is_told_exactly_once_in_a_good_failover() {
    let mut w = promoted(1, 200);
    w.until("+switch-master", 5_000);
    w.run(5_000);
    let told: Vec<String> = followers(&w).into_iter().map(|(_, to)| to).collect();
    assert_eq!(told, [R[1], R[2]]);
}

#[test]
fn no_server_is_told_to_follow_itself() {
    let mut w = promoted(1, 200);
    w.until("+switch-master", 5_000);
    w.revive(M);
    w.run(60_000);
    for (_, to, target) in w.slaveofs() {
        if let Some((host, port)) = target {
            assert_ne!(to.to_string(), format!("{host}:{port}"));
        }
    }
}

#[test]
fn a_replica_that_comes_back_during_reconfiguration_is_told_then() {
    let mut w = plan(3, 2, 2).settled();
    w.server(R[0]).offset = 900;
    w.server(R[1]).sync_ms = 5_000;
    w.kill(R[2]);
    w.run(2_000);
    w.kill_master();
    w.until("+promoted-slave", 5_000);
    w.revive(R[2]);
    w.until("+switch-master", 10_000);
    assert!(
        followers(&w).iter().any(|(_, to)| *to == R[2]),
        "{}",
        w.story()
    );
}
