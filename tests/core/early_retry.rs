//! Early retry: an election that nobody can win any more is repeated at once, and no other is.

use rsentinel::core::event::Instruction;
use rsentinel::types::RunId;

use super::cluster::*;
use super::hosts::Votes;
use super::world::{World, epoch_of};

const X: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
/// Four slots on a fast network and disk, and the write of the new vote.
const SOON: u64 = 4 * 10 + 10;

/// How a peer votes.
enum Ballot {
    /// For this candidate, in epoch 1.
    For(String),
    /// For this candidate, in another epoch.
    InEpoch(String, u64),
    /// `*`.
    Star,
    /// Its answers are lost.
    Lost,
}

use Ballot::{For, InEpoch, Lost, Star};

fn name(id: &str) -> Ballot {
    For(id.into())
}

fn set(w: &mut World, ballots: Vec<Ballot>) {
    for (i, ballot) in ballots.into_iter().enumerate() {
        w.peer(P[i]).votes = match ballot {
            For(id) => Votes::Names(RunId::new(&id), epoch_of(1)),
            InEpoch(id, epoch) => Votes::Names(RunId::new(&id), epoch_of(epoch)),
            Star => Votes::Never,
            Lost => Votes::Silent,
        };
    }
}

/// We stand in epoch 1, and the peers vote like this.
fn standing(quorum: u32, ballots: Vec<Ballot>) -> World {
    let mut w = plan(1, ballots.len(), quorum)
        .feature("early-retry", true)
        .settled();
    set(&mut w, ballots);
    w.kill_master();
    w.until("+try-failover", 5_000);
    w
}

/// When the attempt was given up, if that was within a second.
fn given_up_at_once(w: &mut World) -> bool {
    w.run(1_000);
    w.was_told("-failover-abort-not-elected")
}

fn own() -> Ballot {
    name(&me())
}

#[test]
fn three_candidates_with_a_vote_each_make_an_election_void_and_the_next_begins_at_once() {
    let mut w = standing(2, vec![name(&peer_id(0)), name(&peer_id(1))]);
    let begin = w.told("+try-failover")[0].0;
    let end = w.until_or_now("-failover-abort-not-elected", 100);
    assert!(end - begin <= 5, "given up {} ms later", end - begin);
    set(&mut w, vec![InEpoch(me(), 2), InEpoch(me(), 2)]);
    let again = w.until("+try-failover", SOON);
    assert_eq!(w.told("+new-epoch").last().unwrap().1, "2");
    w.until("+elected-leader", 20);
    assert!(again - end <= SOON, "{} ms later", again - end);
}

#[test]
fn the_next_attempt_after_a_void_election_waits_a_random_part_of_four_slots() {
    let mut pauses = std::collections::BTreeSet::new();
    for seed in 0..12 {
        let mut w = plan(1, 2, 2)
            .feature("early-retry", true)
            .seed(seed)
            .settled();
        set(&mut w, vec![name(&peer_id(0)), name(&peer_id(1))]);
        w.kill_master();
        let end = w.until("-failover-abort-not-elected", 5_000);
        let again = w.until("+try-failover", 41);
        pauses.insert(again - end);
    }
    assert!(pauses.len() > 4, "{pauses:?}");
}

#[test]
fn without_the_feature_a_void_election_is_waited_out() {
    let mut w = plan(1, 2, 2).feature("early-retry", false).settled();
    set(&mut w, vec![name(&peer_id(0)), name(&peer_id(1))]);
    w.kill_master();
    w.until("+try-failover", 5_000);
    assert!(!given_up_at_once(&mut w));
    w.run(30_000);
    assert_eq!(w.told("+try-failover").len(), 1);
}

#[test]
fn a_reply_of_an_older_epoch_does_not_make_an_election_void() {
    let mut w = standing(2, vec![name(&peer_id(0)), InEpoch(peer_id(1), 0)]);
    assert!(!given_up_at_once(&mut w));
}

#[test]
fn a_reply_of_a_newer_epoch_does_not_make_an_election_void() {
    let mut w = standing(2, vec![name(&peer_id(0)), InEpoch(peer_id(1), 2)]);
    assert!(!given_up_at_once(&mut w));
}

#[test]
fn a_lost_answer_is_unknown_and_not_void() {
    let mut w = standing(2, vec![name(&peer_id(0)), Lost]);
    assert!(!given_up_at_once(&mut w));
}

#[test]
fn a_star_of_a_restarted_reference_is_unknown_and_not_void() {
    let mut w = standing(2, vec![name(&peer_id(0)), Star]);
    assert!(!given_up_at_once(&mut w));
}

#[test]
fn a_dead_voter_is_unknown_and_not_void() {
    let mut w = standing(2, vec![name(&peer_id(0)), Lost]);
    w.kill(P[1]);
    assert!(!given_up_at_once(&mut w));
}

#[test]
fn an_election_that_another_has_won_is_not_void() {
    let mut w = standing(2, vec![name(X), name(X)]);
    assert!(!given_up_at_once(&mut w));
}

/// A candidate that does not know the newest of the four has won with two of three votes.
#[test]
fn two_candidates_tied_among_four_voters_may_be_no_tie_and_are_waited_for() {
    let mut w = standing(2, vec![own(), name(X), name(X)]);
    assert!(!given_up_at_once(&mut w));
}

#[test]
fn four_candidates_among_four_voters_are_void() {
    let ballots = (0..3).map(|i| name(&peer_id(i))).collect();
    let mut w = standing(2, ballots);
    assert!(given_up_at_once(&mut w));
}

#[test]
fn two_candidates_tied_among_five_voters_are_void_once_the_fifth_has_voted_for_a_third() {
    let mut w = standing(2, vec![own(), name(X), name(X), name(&peer_id(3))]);
    assert!(given_up_at_once(&mut w));
}

#[test]
fn two_candidates_tied_among_five_voters_are_not_void_while_the_fifth_is_unknown() {
    for unknown in [Lost, Star, InEpoch(peer_id(3), 7)] {
        let mut w = standing(2, vec![own(), name(X), name(X), unknown]);
        assert!(!given_up_at_once(&mut w));
    }
}

/// Its quorum is not known to us.
#[test]
fn a_majority_for_another_is_not_void_because_of_our_own_greater_quorum() {
    let mut w = standing(5, vec![own(), name(X), name(X), name(X)]);
    assert!(!given_up_at_once(&mut w));
}

#[test]
fn our_own_quorum_may_make_an_election_void_that_nobody_else_has_won() {
    let mut w = standing(5, vec![own(), own(), name(X), name(X)]);
    assert!(given_up_at_once(&mut w));
}

#[test]
fn a_voter_who_voted_for_another_does_not_retry() {
    let mut w = plan(1, 2, 2).feature("early-retry", true).settled();
    w.asked(ip(M), 6379, 1, Some(&peer_id(0)));
    w.run(10);
    set(&mut w, vec![name(&peer_id(0)), name(&peer_id(1))]);
    w.kill_master();
    w.run(35_000);
    assert!(w.was_told("+odown") && !w.was_told("+try-failover"));
}

#[test]
fn a_vote_given_to_another_during_a_void_attempt_holds_the_next_one_back() {
    let others = || (0..4).map(|i| name(&peer_id(i)));
    let mut ballots: Vec<Ballot> = others().collect();
    ballots[3] = Lost;
    ballots[2] = Lost;
    let mut w = standing(2, ballots);
    w.run(100);
    let waiter = w.asked(ip(M), 6379, 2, Some(X));
    w.run(10);
    assert_eq!(w.opinion(waiter).unwrap().1, X);
    let voted = w.now;
    set(&mut w, others().collect());
    w.until("-failover-abort-not-elected", 3_000);
    let again = w.until("+try-failover", 60_000);
    assert!(
        again - voted >= 39_990,
        "{} ms after the vote",
        again - voted
    );
}

/// While the disk fails, an epoch of our own making is shared by later attempts, but not this one.
#[test]
fn a_void_epoch_is_not_used_again_while_the_disk_fails() {
    let ballots = (0..4).map(|i| name(&peer_id(i))).collect();
    let mut w = plan(1, 4, 2).feature("early-retry", true).settled();
    w.disk = super::world::Disk::Fails(1);
    set(&mut w, ballots);
    w.kill_master();
    w.until("-failover-abort-not-elected", 5_000);
    w.until("+try-failover", SOON);
    assert_eq!(w.told("+new-epoch").last().unwrap().1, "2");
}

#[test]
fn a_master_that_is_back_before_the_next_attempt_is_left_alone() {
    let mut w = standing(2, vec![name(&peer_id(0)), name(&peer_id(1))]);
    w.peers_say_down(false);
    w.until_or_now("-failover-abort-not-elected", 100);
    let tries = w.told("+try-failover").len();
    w.instruct(rsentinel::core::event::Instruction::Set {
        name: super::cluster::name(),
        changes: vec![rsentinel::core::event::SetChange {
            shown: "quorum 3".into(),
            option: rsentinel::core::event::SetOption::Quorum(4),
        }],
        then_error: None,
    });
    assert!(w.was_told("-odown"));
    w.run(5_000);
    assert_eq!(w.told("+try-failover").len(), tries);
}

#[test]
fn a_forced_failover_is_not_given_up_for_want_of_votes() {
    // Both peers vote for us before our own vote is on disk; the quorum is out of reach.
    let mut w = plan(1, 2, 4).feature("early-retry", true).settled();
    set(&mut w, vec![own(), own()]);
    w.disk = super::world::Disk::Hangs;
    w.force();
    w.run(500);
    assert!(!w.was_told("-failover-abort-not-elected"), "{}", w.story());
    w.settle_disk(super::world::Disk::Writes(1));
    w.until("+elected-leader", 100);
}

/// Simulator, seed 2057013: after a RESET the voters that were forgotten elected another.
#[test]
fn soon_after_a_reset_no_election_is_void_because_forgotten_voters_may_have_voted() {
    let mut w = plan(1, 2, 2).feature("early-retry", true).settled();
    w.instruct(Instruction::Reset {
        pattern: "*".into(),
    });
    w.hello_of(0, 0, M, 0);
    w.hello_of(1, 0, M, 0);
    w.run(5_000);
    assert_eq!(w.told("+sentinel").len(), 2, "{}", w.story());
    set(&mut w, vec![name(&peer_id(0)), name(&peer_id(1))]);
    w.kill_master();
    w.until("+try-failover", 5_000);
    assert!(!given_up_at_once(&mut w), "{}", w.story());
}

/// The peers of a group that has none in the file make themselves known.
fn met_by_hellos(w: &mut World) {
    w.hello_of(0, 0, M, 0);
    w.hello_of(1, 0, M, 0);
    w.run(5_000);
    assert_eq!(w.told("+sentinel").len(), 2, "{}", w.story());
}

fn without_known_peers() -> World {
    let unknown = plan(1, 2, 2)
        .feature("early-retry", true)
        .with(|group| group.known_peers.clear());
    let mut w = unknown.settled();
    met_by_hellos(&mut w);
    w
}

fn split_three_ways(w: &mut World) {
    set(w, vec![name(&peer_id(0)), name(&peer_id(1))]);
    w.kill_master();
    w.until("+try-failover", 5_000);
}

#[test]
fn soon_after_a_first_start_without_known_peers_no_election_is_void() {
    let mut w = without_known_peers();
    split_three_ways(&mut w);
    assert!(!given_up_at_once(&mut w), "{}", w.story());
}

#[test]
fn twice_failover_timeout_after_a_first_start_an_election_may_be_void() {
    let mut w = without_known_peers();
    w.run(40_000);
    split_three_ways(&mut w);
    assert!(given_up_at_once(&mut w), "{}", w.story());
}

#[test]
fn soon_after_remove_and_monitor_no_election_is_void() {
    let mut w = plan(1, 2, 2).feature("early-retry", true).settled();
    w.instruct(Instruction::Remove {
        name: super::cluster::name(),
    });
    w.run(1_000);
    w.instruct(Instruction::Monitor {
        name: super::cluster::name(),
        host: "10.0.0.1".into(),
        port: 6379,
        quorum: 2,
    });
    w.run(15_000);
    met_by_hellos(&mut w);
    set(&mut w, vec![name(&peer_id(0)), name(&peer_id(1))]);
    w.kill_master();
    w.until("+try-failover", 60_000);
    assert!(!given_up_at_once(&mut w), "{}", w.story());
}
