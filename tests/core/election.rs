//! Standing as a candidate, counting votes, epochs of candidacies.

use rsentinel::core::Ask;
use rsentinel::core::event::{Instruction, SetChange, SetOption};
use rsentinel::types::RunId;

use super::cluster::*;
use super::hosts::Votes;
use super::world::{Disk, World, epoch_of};

const X: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

/// Vote requests sent to peer `i`: when, and for which epoch.
pub fn requests(w: &World, i: usize) -> Vec<(u64, u64)> {
    let asks = w.sent_to(P[i]).into_iter();
    asks.filter_map(|(at, ask)| match ask {
        Ask::MasterDown {
            epoch,
            candidate: Some(c),
            ..
        } => {
            assert_eq!(c.as_str(), me());
            Some((at, epoch.get()))
        }
        _ => None,
    })
    .collect()
}

fn stars(w: &World, i: usize, since: u64) -> usize {
    w.times_of(P[i], |a| {
        matches!(
            a,
            Ask::MasterDown {
                candidate: None,
                ..
            }
        )
    })
    .into_iter()
    .filter(|t| *t >= since)
    .count()
}

#[test]
fn a_lone_sentinel_with_quorum_1_is_elected_as_soon_as_its_own_vote_is_durable() {
    let mut w = plan(1, 0, 1).settled();
    w.disk = Disk::Writes(40);
    w.kill(M);
    let at = w.until("+try-failover", 3_000);
    assert_eq!(w.told("+odown")[0].0, at);
    assert_eq!(w.until("+elected-leader", 1_000), at + 40);
    let names = w.names_since(at);
    assert_eq!(
        names[..6],
        [
            "+sdown",
            "+odown",
            "+new-epoch",
            "+try-failover",
            "+vote-for-leader",
            "+elected-leader"
        ]
    );
}

#[test]
fn no_election_is_declared_before_the_own_vote_is_durable_even_with_all_peers_won() {
    let mut w = plan(1, 2, 2).settled();
    w.disk = Disk::Hangs;
    w.kill_master();
    w.until("+try-failover", 5_000);
    w.run(3_000);
    assert_eq!(requests(&w, 0)[0].1, 1, "requests leave meanwhile");
    assert!(!w.was_told("+elected-leader"));
    assert!(w.slaveofs().is_empty());
    w.settle_disk(Disk::Writes(1));
    w.until("+elected-leader", 10);
}

#[test]
fn an_own_vote_that_cannot_be_written_is_tried_again_each_second() {
    let mut w = plan(1, 2, 2).settled();
    w.disk = Disk::Fails(1);
    w.kill_master();
    w.until("+try-failover", 5_000);
    w.run(2_500);
    assert!(!w.was_told("+elected-leader"));
    w.disk = Disk::Writes(1);
    w.until("+elected-leader", 1_100);
}

#[test]
fn a_failing_disk_is_not_written_in_a_loop() {
    let mut w = plan(1, 0, 1).settled();
    w.disk = Disk::Fails(1);
    w.kill(M);
    w.run(8_000);
    assert!(w.states().len() < 15, "{}", w.states().len());
}

#[test]
fn epoch_and_own_vote_are_one_rewrite() {
    let mut w = plan(1, 0, 1).settled();
    w.kill(M);
    let at = w.until("+try-failover", 3_000);
    let states: Vec<_> = w.states().into_iter().filter(|(t, _)| *t == at).collect();
    assert_eq!(states.len(), 1);
    let group = &states[0].1.masters[0];
    assert_eq!(states[0].1.current_epoch, epoch_of(1));
    assert_eq!(group.leader_epoch, epoch_of(1));
    assert_eq!(group.voted_for, Some(RunId::new(&me())));
}

#[test]
fn winning_needs_a_majority_of_all_known_voters_dead_ones_included() {
    // Five voters, two peers dead, one refuses: two votes are no majority.
    let mut w = plan(1, 4, 2).settled();
    w.kill(P[2]);
    w.kill(P[3]);
    w.peer(P[1]).votes = Votes::Never;
    w.kill_master();
    w.until("+try-failover", 5_000);
    w.run(9_000);
    assert!(!w.was_told("+elected-leader"));
    w.peer(P[1]).votes = Votes::Freely;
    w.until("+elected-leader", 1_500);
}

#[test]
fn winning_needs_the_quorum_even_when_it_is_more_than_the_majority() {
    // Three voters, quorum 3: all say down, one does not vote.
    let mut w = plan(1, 2, 3).settled();
    w.peer(P[1]).votes = Votes::Never;
    w.kill_master();
    w.until("+try-failover", 5_000);
    w.until("-failover-abort-not-elected", 12_000);
    assert!(!w.was_told("+elected-leader"));
}

#[test]
fn votes_of_another_epoch_do_not_count() {
    let mut w = plan(1, 2, 2)
        .process(|c| c.current_epoch = epoch_of(4))
        .settled();
    for p in [P[0], P[1]] {
        w.peer(p).votes = Votes::Names(RunId::new(&me()), epoch_of(4));
    }
    w.kill_master();
    w.until("+try-failover", 5_000);
    w.until("-failover-abort-not-elected", 12_000);
    assert!(!w.was_told("+elected-leader"));
}

#[test]
fn votes_for_another_do_not_count() {
    let mut w = plan(1, 2, 2).settled();
    for p in [P[0], P[1]] {
        w.peer(p).votes = Votes::Names(RunId::new(X), epoch_of(1));
    }
    w.kill_master();
    w.until("+try-failover", 5_000);
    w.until("-failover-abort-not-elected", 12_000);
    assert!(!w.was_told("+elected-leader"));
}

#[test]
fn an_election_is_given_up_after_ten_seconds_and_up_to_one_more() {
    let mut w = plan(1, 2, 2).settled();
    w.peer(P[0]).votes = Votes::Never;
    w.peer(P[1]).votes = Votes::Never;
    w.kill_master();
    let at = w.until("+try-failover", 5_000);
    let end = w.until("-failover-abort-not-elected", 20_000);
    assert!((at + 10_001..=at + 11_000).contains(&end), "{at} {end}");
    assert_eq!(w.view().masters[0].failover_state, None);
    // 2 × failover-timeout from the stamp of the attempt.
    let again = w.until("+try-failover", 60_000);
    let wait = 2 * 20_000 - 10_001;
    // A peer may come first this time.
    assert!(
        (wait..wait + 30).contains(&(again - end)),
        "{}",
        again - end
    );
    assert_eq!(w.told("+new-epoch").last().unwrap().1, "2");
}

#[test]
fn a_failover_timeout_below_ten_seconds_shortens_the_election() {
    let mut w = plan(1, 2, 2).with(|m| m.failover_timeout = 3_000).settled();
    w.peer(P[0]).votes = Votes::Never;
    w.peer(P[1]).votes = Votes::Never;
    w.kill_master();
    let at = w.until("+try-failover", 5_000);
    let end = w.until("-failover-abort-not-elected", 20_000);
    assert!((at + 3_001..=at + 4_000).contains(&end), "{at} {end}");
}

#[test]
fn vote_requests_name_the_failover_epoch_and_are_repeated_once_per_ask_period() {
    let mut w = plan(1, 1, 1).settled();
    w.peer(P[0]).votes = Votes::Never;
    w.kill_master();
    let at = w.until("+try-failover", 5_000);
    w.run(5_500);
    let times = requests(&w, 0);
    assert_eq!(times[0].0, at);
    assert!(times.iter().all(|(_, e)| *e == 1));
    assert!((5..=7).contains(&times.len()), "{times:?}");
}

#[test]
fn outside_wait_start_the_candidate_field_is_a_star() {
    let mut w = plan(2, 2, 2).settled();
    w.server(R[0]).obedience = super::hosts::Obedience::Ignores;
    w.server(R[0]).offset = 5;
    w.kill_master();
    let at = w.until("+failover-state-wait-promotion", 5_000);
    w.run(5_000);
    let late = requests(&w, 0).into_iter().filter(|(t, _)| *t > at).count();
    assert_eq!(late, 0);
    assert!(stars(&w, 0, at) >= 3);
}

#[test]
fn asks_stop_when_an_unelected_candidates_master_comes_back() {
    let mut w = plan(1, 2, 2).settled();
    w.peer(P[0]).votes = Votes::Never;
    w.peer(P[1]).votes = Votes::Never;
    w.kill_master();
    w.until("+try-failover", 5_000);
    w.revive(M);
    let back = w.until("-sdown", 3_000);
    w.run(3_000);
    let late = requests(&w, 0)
        .into_iter()
        .filter(|(t, _)| *t > back)
        .count();
    assert_eq!(late, 0);
    w.until("-failover-abort-not-elected", 12_000);
}

#[test]
fn the_order_of_candidates_delays_all_but_the_first_and_differs_by_epoch() {
    let mut first = 0;
    let mut delays = Vec::new();
    for epoch in 0..30 {
        let mut w = plan(1, 2, 2)
            .process(|c| c.current_epoch = epoch_of(epoch))
            .settled();
        w.kill_master();
        w.until("+odown", 5_000);
        let odown = w.now;
        let begin = w.until_or_now("+try-failover", 1_000);
        if begin == odown {
            first += 1;
        } else {
            delays.push(begin - odown);
        }
    }
    assert!((3..=20).contains(&first), "first in {first} of 30 epochs");
    // Two peers, slot 10 on a fast network: ranks 1 and 2, a quarter slot of spread.
    assert!(delays.iter().all(|d| (10..=25).contains(d)), "{delays:?}");
    assert!(delays.iter().any(|d| *d < 13) && delays.iter().any(|d| *d >= 20));
}

#[test]
fn dead_and_disconnected_peers_are_passed_over_in_the_order_of_candidates() {
    for epoch in 0..10 {
        let mut w = plan(1, 2, 1)
            .process(|c| c.current_epoch = epoch_of(epoch))
            .settled();
        w.kill(P[0]);
        w.kill(P[1]);
        w.run(3_000);
        w.kill(M);
        let odown = w.until("+odown", 5_000);
        assert_eq!(w.until_or_now("+try-failover", 1_000), odown);
    }
}

/// A world in which a peer comes first, stopped right after +odown.
fn waiting_for_its_turn() -> World {
    for epoch in 0..50 {
        let mut w = plan(1, 2, 2)
            .process(|c| c.current_epoch = epoch_of(epoch))
            .settled();
        w.kill_master();
        w.until("+odown", 5_000);
        if !w.was_told("+try-failover") {
            return w;
        }
    }
    panic!("no epoch in which a peer comes first")
}

#[test]
fn a_vote_given_while_waiting_for_its_turn_cancels_the_candidacy() {
    let mut w = waiting_for_its_turn();
    w.disk = Disk::Writes(100);
    let epoch = 1 + w.core_epoch();
    let waiter = w.asked(ip(M), 6379, epoch, Some(&peer_id(0)));
    w.run(20_000);
    assert_eq!(w.opinion(waiter).unwrap().1, peer_id(0));
    assert!(!w.was_told("+try-failover"));
}

#[test]
fn the_end_of_odown_while_waiting_for_its_turn_cancels_the_candidacy() {
    let mut w = waiting_for_its_turn();
    w.instruct(Instruction::Set {
        name: name(),
        changes: vec![SetChange {
            shown: "quorum 4".into(),
            option: SetOption::Quorum(4),
        }],
        then_error: None,
    });
    assert!(w.was_told("-odown"));
    w.run(20_000);
    assert!(!w.was_told("+try-failover"));
}
