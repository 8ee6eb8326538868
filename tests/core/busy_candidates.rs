//! Many masters die together: candidates that come first are given time while they are busy.

use super::cluster::*;
use super::epochs::{never_odown, two_groups};
use super::world::World;

const OTHER: &str = "10.0.0.8:6379";

/// Both masters are down, and a peer comes before us as a candidate for ours.
fn behind_a_busy_peer() -> World {
    for seed in 0..20 {
        let mut w = two_groups(1);
        // The order of candidates differs by epoch.
        w.hello_of(0, seed, M, 0);
        w.run(100);
        w.instruct(never_odown());
        w.kill(OTHER);
        w.kill_master();
        while !ours(&w, "+odown") {
            w.run(1);
        }
        if !ours(&w, "+try-failover") {
            return w;
        }
    }
    panic!("no epoch in which a peer comes first")
}

/// An event of our master was announced.
fn ours(w: &World, event: &str) -> bool {
    let mut told = w.told(event).into_iter();
    told.any(|(_, text)| text.contains("mymaster"))
}

/// For so many ms both peers ask for votes about the other master.
fn both_are_busy(w: &mut World, ms: u64) {
    let epoch = w.core_epoch() + 1;
    let end = w.now + ms;
    while w.now < end {
        for peer in 0..2 {
            w.asked(ip(OTHER), 6379, epoch, Some(&peer_id(peer)));
        }
        w.run(5);
    }
}

#[test]
fn a_candidate_before_us_that_asks_about_other_masters_is_given_time() {
    let mut w = behind_a_busy_peer();
    both_are_busy(&mut w, 1_000);
    assert!(!ours(&w, "+try-failover"), "{}", w.story());
    w.run(20);
    assert!(ours(&w, "+try-failover"), "{}", w.story());
}

#[test]
fn patience_with_busy_candidates_ends_three_seconds_after_odown() {
    let mut w = behind_a_busy_peer();
    let odown = w.now;
    both_are_busy(&mut w, 2_950);
    assert!(!ours(&w, "+try-failover"), "{}", w.story());
    assert!(w.now - odown < 2_990);
    both_are_busy(&mut w, 100);
    assert!(ours(&w, "+try-failover"), "{}", w.story());
}

#[test]
fn questions_about_a_master_that_has_long_been_down_hold_nobody_up() {
    for seed in 0..20 {
        let mut w = two_groups(1);
        w.instruct(never_odown());
        w.kill(OTHER);
        w.run(10_000);
        w.hello_of(0, 20 + seed, M, 0);
        w.run(100);
        w.kill_master();
        while !ours(&w, "+odown") {
            w.run(1);
        }
        if ours(&w, "+try-failover") {
            continue;
        }
        both_are_busy(&mut w, 200);
        assert!(ours(&w, "+try-failover"), "{}", w.story());
        return;
    }
    panic!("no epoch in which a peer comes first")
}
