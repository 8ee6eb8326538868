//! Which replica is promoted.

use std::net::SocketAddr;

use super::cluster::*;
use super::hosts::{InfoReply, Obedience};
use super::world::World;

fn promoted(w: &mut World) -> SocketAddr {
    w.until_or_now("+failover-state-wait-promotion", 8_000);
    let targets: Vec<_> = w
        .slaveofs()
        .into_iter()
        .filter(|(_, _, target)| target.is_none())
        .collect();
    assert_eq!(targets.len(), 1);
    targets[0].1
}

fn fails_over_to(change: impl FnOnce(&mut World)) -> String {
    let mut w = plan(3, 0, 1).settled();
    change(&mut w);
    w.kill(M);
    promoted(&mut w).to_string()
}

#[test]
fn the_lower_priority_number_wins_over_the_larger_offset() {
    let best = fails_over_to(|w| {
        w.server(R[0]).offset = 900;
        w.server(R[2]).priority = 10;
    });
    assert_eq!(best, R[2]);
}

#[test]
fn with_equal_priorities_the_larger_offset_wins() {
    let best = fails_over_to(|w| w.server(R[1]).offset = 900);
    assert_eq!(best, R[1]);
}

#[test]
fn with_equal_offsets_the_smaller_run_id_wins_ignoring_case() {
    let best = fails_over_to(|w| {
        w.server(R[0]).run_id = "B".repeat(40);
        w.server(R[1]).run_id = "c".repeat(40);
        w.server(R[2]).run_id = "A".repeat(40);
    });
    assert_eq!(best, R[2]);
}

#[test]
fn priority_0_is_never_promoted() {
    let best = fails_over_to(|w| {
        w.server(R[0]).priority = 0;
        w.server(R[0]).offset = 900;
        w.server(R[1]).offset = 10;
    });
    assert_eq!(best, R[1]);
    let mut w = plan(1, 0, 1).settled();
    w.server(R[0]).priority = 0;
    w.kill(M);
    w.until("-failover-abort-no-good-slave", 5_000);
    let why = "No replica of mymaster can be promoted: ";
    let said = w.logs().into_iter().find(|(_, l)| l.text.starts_with(why));
    let text = said.map(|(_, l)| l.text.clone()).unwrap_or_default();
    assert!(text.ends_with(" has priority 0"), "{text}");
}

#[test]
fn a_replica_that_is_down_is_not_promoted() {
    let best = fails_over_to(|w| {
        w.server(R[0]).offset = 900;
        w.kill(R[0]);
        w.run(1_500);
    });
    assert_ne!(best, R[0]);
}

#[test]
fn a_replica_silent_for_more_than_five_ping_periods_is_not_promoted() {
    // D is long, so it is not down yet.
    let mut w = plan(2, 0, 1).with(|m| m.down_after = 8_000).settled();
    w.server(R[0]).offset = 900;
    w.run(12_000);
    w.kill(M);
    w.run(2_500);
    w.freeze(R[0]);
    w.run(0);
    let best = promoted(&mut w);
    assert!(!w.told("+sdown").iter().any(|(_, t)| t.starts_with("slave")));
    assert_eq!(best.to_string(), R[1]);
}

#[test]
fn a_replica_cut_off_from_the_master_for_ten_down_afters_is_not_promoted() {
    let best = fails_over_to(|w| {
        w.server(R[0]).offset = 900;
        w.server(R[0]).link_down_ms = 10_000 + 5_000;
    });
    assert_ne!(best, R[0]);
    let best = fails_over_to(|w| {
        w.server(R[0]).offset = 900;
        w.server(R[0]).link_down_ms = 10_000;
    });
    assert_eq!(best, R[0]);
}

#[test]
fn the_reported_role_link_status_and_announcement_do_not_matter() {
    let best = fails_over_to(|w| {
        let server = w.server(R[1]);
        server.offset = 900;
        server.link_up = false;
        server.announced = false;
        server.master = Some(("10.9.9.9".into(), 1));
    });
    assert_eq!(best, R[1]);
}

#[test]
fn offsets_reached_after_the_masters_death_are_seen() {
    let mut w = plan(2, 0, 1).with(|m| m.down_after = 5_000).settled();
    w.server(R[0]).offset = 100;
    w.server(R[1]).offset = 50;
    w.run(11_000);
    w.kill(M);
    // The stream ends with R1 ahead; only an INFO sent after the death can tell.
    w.run(10);
    w.server(R[1]).offset = 200;
    assert_eq!(promoted(&mut w).to_string(), R[1]);
}

#[test]
fn selection_waits_for_the_info_of_a_slow_replica_at_most_500_ms() {
    let mut w = plan(2, 0, 1).settled();
    w.server(R[1]).offset = 900;
    w.host(R[1]).round_trip = 300;
    w.run(3_000);
    w.kill(M);
    let elected = w.until("+elected-leader", 5_000);
    let selected = w.until("+selected-slave", 5_000);
    assert!(
        (250..=320).contains(&(selected - elected)),
        "{}",
        selected - elected
    );
    assert_eq!(promoted(&mut w).to_string(), R[1]);
}

#[test]
fn selection_does_not_wait_longer_than_500_ms_for_a_replica_that_says_nothing() {
    let mut w = plan(2, 0, 1).settled();
    w.server(R[1]).offset = 900;
    w.server(R[1]).info = InfoReply::Silent;
    w.kill(M);
    let elected = w.until("+elected-leader", 5_000);
    let selected = w.until("+selected-slave", 5_000);
    assert_eq!(selected - elected, 500);
}

#[test]
fn selection_does_not_wait_for_replicas_that_are_down_or_unconnected() {
    let mut w = plan(3, 0, 1).settled();
    w.kill(R[1]);
    w.run(1_500);
    w.black_hole(R[2]);
    w.reset_sockets(R[2], None);
    w.kill(M);
    let elected = w.until("+elected-leader", 5_000);
    let selected = w.until_or_now("+selected-slave", 5_000);
    assert!(selected - elected <= 2, "the INFO of the one that is left");
}

#[test]
fn at_sdown_of_the_master_every_replica_is_asked_info_and_then_each_250_ms() {
    let mut w = plan(2, 1, 2).settled();
    w.kill(M);
    let down = w.until("+sdown", 3_000);
    for r in &R[..2] {
        let infos = w.times_of(r, |a| *a == rsentinel::core::Ask::Info);
        assert_eq!(infos.last(), Some(&down));
    }
    w.run(5_000);
    let infos = w.times_of(R[0], |a| *a == rsentinel::core::Ask::Info);
    let since: Vec<u64> = infos.into_iter().filter(|t| *t > down).collect();
    let urgent = since.iter().filter(|t| **t < down + 2_000).count();
    assert!((7..=8).contains(&urgent), "{since:?}");
    let calm = since.len() - urgent;
    assert!((2..=4).contains(&calm), "{since:?}");
}

#[test]
fn info_of_the_replicas_is_not_older_than_five_ping_periods_at_selection() {
    let mut w = plan(2, 2, 2).settled();
    w.server(R[0]).offset = 900;
    w.kill(M);
    w.until("+sdown", 3_000);
    w.run(1_000);
    w.server(R[0]).info = InfoReply::Silent;
    w.run(6_000);
    w.peers_say_down(true);
    assert_eq!(promoted(&mut w).to_string(), R[1]);
}

#[test]
fn a_forced_failover_promotes_the_best_replica_by_fresh_info() {
    let mut w = plan(2, 0, 2).settled();
    w.server(R[1]).offset = 900;
    w.force();
    assert_eq!(promoted(&mut w).to_string(), R[1]);
}

#[test]
fn a_master_that_lists_its_own_address_as_replica_is_not_its_own_replica() {
    let mut w = plan(0, 0, 1).start();
    w.server(M).replicas = vec![
        ("10.0.0.1".into(), 6379),
        ("10.0.0.2".into(), 6379),
        ("10.0.0.2".into(), 6379),
    ];
    w.run(5_000);
    assert_eq!(w.told("+slave").len(), 1);
    assert_eq!(w.view().masters[0].replicas.len(), 1);
    w.kill(M);
    assert_eq!(promoted(&mut w).to_string(), R[0]);
}

#[test]
fn a_replica_with_port_0_is_listed_and_never_promoted() {
    let mut w = plan(0, 0, 1).start();
    w.server(M).replicas = vec![("10.0.0.2".into(), 0)];
    w.run(5_000);
    assert_eq!(w.view().masters[0].replicas.len(), 1);
    w.kill(M);
    w.until("-failover-abort-no-good-slave", 5_000);
}

#[test]
fn at_most_one_replica_is_told_to_become_master_while_the_outcome_is_unknown() {
    let mut w = plan(3, 0, 1).settled();
    for r in R {
        w.server(r).obedience = Obedience::Ignores;
    }
    w.kill(M);
    w.until("-failover-abort-slave-timeout", 40_000);
    let told = w.slaveofs().into_iter().filter(|(_, _, t)| t.is_none());
    assert_eq!(told.count(), 1);
}

/// When a sentinel that knows nobody to promote, and that others vote for, tries again.
fn tries_again_after(priority: i64) -> u64 {
    let mut w = plan(1, 2, 2).settled();
    w.server(R[0]).priority = 0;
    w.run(12_000);
    w.kill_master();
    let begin = w.until("+try-failover", 5_000);
    w.until("-failover-abort-no-good-slave", 5_000);
    w.server(R[0]).priority = priority;
    w.run(20_000);
    w.until("+try-failover", 30_000) - begin
}

#[test]
fn who_knows_nobody_to_promote_lets_others_try_first() {
    let after = tries_again_after(0);
    assert!((41_000..42_100).contains(&after), "{after}");
}

#[test]
fn who_knows_one_again_tries_when_its_wait_is_over() {
    let after = tries_again_after(100);
    assert!((40_000..41_100).contains(&after), "{after}");
}
