//! Many masters die together: candidates that come first are given time while they are busy.

use super::cluster::*;
use super::epochs::two_groups;
use super::world::World;

const OTHER: &str = "10.0.0.8:6379";

/// Our master is down, a peer comes before us, and both peers are asking about another master.
fn behind_a_busy_peer() -> World {
    for seed in 0..20 {
        let mut w = two_groups(1);
        // The order of candidates differs by epoch.
        w.hello_of(0, seed, M, 0);
        w.run(100);
        w.kill_master();
        w.until("+odown", 5_000);
        if w.told("+try-failover").is_empty() {
            return w;
        }
    }
    panic!("no epoch in which a peer comes first")
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
    assert!(!w.was_told("+try-failover"), "{}", w.story());
    let silent = w.now;
    let begin = w.until("+try-failover", 1_000);
    assert!(begin - silent <= 15, "{} ms later", begin - silent);
}

#[test]
fn patience_with_busy_candidates_ends_three_seconds_after_odown() {
    let mut w = behind_a_busy_peer();
    let odown = w.now;
    both_are_busy(&mut w, 3_100);
    let begins = w.told("+try-failover");
    assert_eq!(begins.len(), 1, "{}", w.story());
    let after = begins[0].0 - odown;
    assert!((2_990..=3_010).contains(&after), "{after} ms after +odown");
}
