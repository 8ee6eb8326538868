//! Re-assertion elections: one config epoch with two addresses is healed by a new epoch for a
//! server that already is a master.

use rsentinel::core::Ask;
use rsentinel::core::event::Instruction;
use rsentinel::types::RunId;
use rsentinel::wire::Role;

use super::cluster::*;
use super::hosts::{Server, Votes};
use super::world::{Disk, World, epoch_of};

const X: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
/// The longest wait before an attempt.
const WAIT: u64 = 4_000;

fn group(peers: usize) -> Plan {
    plan(2, peers, 2)
        .with(|m| m.config_epoch = epoch_of(5))
        .process(|c| c.current_epoch = epoch_of(5))
        .feature("reassert", true)
}

/// What a peer gossips, and answers to questions about: address and config epoch.
type Said = (&'static str, u64);

/// Time passes, and every peer gossips once a second.
fn gossiping(w: &mut World, ms: u64, said: &[Said]) {
    for _ in 0..ms / 1_000 {
        for (i, (master, config_epoch)) in said.iter().enumerate() {
            w.peer(P[i]).master = Some((*master).to_owned());
            w.hello_of(i, 5, master, *config_epoch);
        }
        w.run(1_000);
    }
}

/// Requests for the vote of a re-assertion: when, to whom it was sent about which host, which epoch.
fn requests(w: &World, i: usize) -> Vec<(u64, String, u64)> {
    let asks = w.sent_to(P[i]).into_iter();
    asks.filter_map(|(at, ask)| match ask {
        Ask::MasterDown {
            host,
            epoch,
            candidate: Some(_),
            ..
        } => Some((at, host.clone(), epoch.get())),
        _ => None,
    })
    .collect()
}

fn nothing_was_asked(w: &World) {
    assert_eq!(requests(w, 0), []);
    assert!(!w.was_told("+switch-master"));
}

fn promoted(w: &mut World, at: &str) {
    *w.server(at) = Server::master();
}

fn last_hello(w: &World) -> String {
    let hellos = w.hellos_to(P[0]);
    let fields = hellos.last().expect("a hello").1.split(',').skip(5);
    fields.collect::<Vec<_>>().join(",")
}

#[test]
fn an_equal_epoch_for_another_address_is_healed_by_a_new_epoch_for_the_one_that_is_a_master() {
    let mut w = group(2).settled();
    let begin = w.now;
    // The other server is not a master any more.
    gossiping(&mut w, 5_000, &[(R[0], 5), (M, 5)]);
    let asked = requests(&w, 1);
    assert_eq!((asked[0].1.as_str(), asked[0].2), (ip(M), 6));
    assert!((2_000..=WAIT + 10).contains(&(asked[0].0 - begin)));
    assert_eq!(last_hello(&w), "10.0.0.1,6379,6");
    let state = &w.last_state().masters[0];
    assert_eq!(state.config_epoch, epoch_of(6));
    assert_eq!(state.address, address(M));
    assert!(w.slaveofs().is_empty());
    assert!(!w.was_told("+switch-master") && !w.was_told("+try-failover"));
}

#[test]
fn a_peers_address_is_taken_over_when_only_its_server_is_a_master() {
    let mut w = group(2).settled();
    *w.server(M) = Server::replica_of(ip(R[0]), 6379);
    promoted(&mut w, R[0]);
    w.run(10_000);
    gossiping(&mut w, 5_000, &[(R[0], 5), (R[0], 5)]);
    assert_eq!(requests(&w, 0)[0].1, ip(R[0]));
    assert_eq!(w.told("+switch-master").len(), 1);
    assert_eq!(w.address(NAME), Some((ip(R[0]).into(), 6379)));
    w.run(1_000);
    assert_eq!(last_hello(&w), "10.0.0.2,6379,6");
    assert!(w.slaveofs().is_empty());
}

/// A promotion that nobody heard of, whose server has been demoted since: neither side would
/// ever adopt the other's address.
#[test]
fn a_demoted_master_whose_voters_name_another_is_given_up_though_its_epoch_is_greater() {
    let mut w = group(2)
        .with(|m| {
            m.address = address(R[0]);
            m.known_replicas = vec![address(M), address(R[1])];
        })
        .settled();
    gossiping(&mut w, 20_000, &[(M, 4), (M, 4)]);
    assert_eq!(w.address(NAME), Some((ip(M).into(), 6379)));
    w.run(1_000);
    assert_eq!(last_hello(&w), "10.0.0.1,6379,6");
}

#[test]
fn one_voter_of_three_that_names_another_server_is_no_reason_to_give_up_a_demoted_master() {
    let mut w = group(2)
        .with(|m| {
            m.address = address(R[0]);
            m.known_replicas = vec![address(M), address(R[1])];
        })
        .settled();
    gossiping(&mut w, 10_000, &[(M, 4), (R[0], 4)]);
    nothing_was_asked(&w);
}

#[test]
fn of_two_masters_the_one_that_most_voters_can_vote_for_is_chosen() {
    // Ours and one peer's against one: ours has as many votes, and stays.
    let mut w = group(2).settled();
    promoted(&mut w, R[0]);
    gossiping(&mut w, 5_000, &[(R[0], 5), (M, 5)]);
    assert_eq!(requests(&w, 0)[0].1, ip(M));

    // Ours alone against two: theirs.
    let mut w = group(2).settled();
    promoted(&mut w, R[0]);
    gossiping(&mut w, 5_000, &[(R[0], 5), (R[0], 5)]);
    assert_eq!(requests(&w, 0)[0].1, ip(R[0]));
}

/// Whoever names another address cannot vote for ours, but we can vote for theirs.
#[test]
fn a_tie_with_a_dead_third_is_healed_by_going_over_to_the_other_side() {
    let mut w = group(2).settled();
    promoted(&mut w, R[0]);
    w.kill(P[1]);
    gossiping(&mut w, 5_000, &[(R[0], 5)]);
    assert_eq!(w.address(NAME), Some((ip(R[0]).into(), 6379)));
}

#[test]
fn a_conflict_that_ends_during_the_wait_is_left_alone() {
    let mut w = group(2).settled();
    gossiping(&mut w, 1_000, &[(R[0], 5), (M, 5)]);
    gossiping(&mut w, 30_000, &[(M, 5), (M, 5)]);
    nothing_was_asked(&w);
}

#[test]
fn a_conflict_that_is_not_heard_of_any_more_is_left_alone() {
    let mut w = group(2).settled();
    w.peer(P[0]).votes = Votes::Never;
    w.peer(P[1]).votes = Votes::Never;
    gossiping(&mut w, 1_000, &[(R[0], 5), (M, 5)]);
    w.run(60_000);
    let late = requests(&w, 0).into_iter().filter(|(at, ..)| *at > 14_000);
    assert_eq!(late.count(), 0);
}

#[test]
fn a_greater_config_epoch_during_the_wait_decides_instead() {
    let mut w = group(2).settled();
    gossiping(&mut w, 1_000, &[(R[0], 5), (M, 5)]);
    gossiping(&mut w, 20_000, &[(M, 6), (M, 6)]);
    nothing_was_asked(&w);
    assert_eq!(last_hello(&w), "10.0.0.1,6379,6");
}

#[test]
fn a_greater_config_epoch_during_the_election_decides_instead() {
    let mut w = group(2).settled();
    for p in &P[..2] {
        w.peer(p).votes = Votes::Never;
    }
    gossiping(&mut w, 5_000, &[(R[0], 5), (M, 5)]);
    assert!(!requests(&w, 0).is_empty());
    w.hello_of(0, 6, R[1], 6);
    let at = w.now;
    for p in &P[..2] {
        w.peer(p).votes = Votes::Freely;
    }
    gossiping(&mut w, 10_000, &[(R[1], 6), (R[1], 6)]);
    assert!(requests(&w, 0).into_iter().all(|(t, ..)| t <= at));
    assert_eq!(w.address(NAME), Some((ip(R[1]).into(), 6379)));
}

#[test]
fn no_server_that_calls_itself_a_master_nothing_is_done() {
    let mut w = group(2).settled();
    *w.server(M) = Server::replica_of(ip(R[0]), 6379);
    gossiping(&mut w, 15_000, &[(R[0], 5), (R[0], 5)]);
    nothing_was_asked(&w);
}

#[test]
fn a_target_that_is_down_is_not_reasserted() {
    let mut w = group(2).settled();
    *w.server(M) = Server::replica_of(ip(R[0]), 6379);
    promoted(&mut w, R[0]);
    w.run(10_000);
    w.freeze(R[0]);
    w.until("+sdown", 5_000);
    gossiping(&mut w, 6_000, &[(R[0], 5), (R[0], 5)]);
    nothing_was_asked(&w);
}

#[test]
fn a_role_reported_before_the_conflict_was_seen_proves_nothing() {
    let mut w = group(2).settled();
    w.server(M).info = super::hosts::InfoReply::Silent;
    gossiping(&mut w, 10_000, &[(R[0], 5), (M, 5)]);
    nothing_was_asked(&w);
}

#[test]
fn config_epoch_0_is_no_conflict() {
    let mut w = plan(2, 2, 2).feature("reassert", true).settled();
    gossiping(&mut w, 10_000, &[(R[0], 0), (M, 0)]);
    nothing_was_asked(&w);
}

#[test]
fn without_the_feature_a_conflict_stays() {
    let mut w = group(2).feature("reassert", false).settled();
    gossiping(&mut w, 30_000, &[(R[0], 5), (M, 5)]);
    nothing_was_asked(&w);
}

#[test]
fn nothing_is_published_before_the_own_vote_is_on_disk() {
    let mut w = group(2).settled();
    w.disk = Disk::Hangs;
    gossiping(&mut w, 6_000, &[(R[0], 5), (M, 5)]);
    assert_eq!(requests(&w, 1)[0].2, 6, "requests leave meanwhile");
    assert_eq!(last_hello(&w), "10.0.0.1,6379,5");
    w.settle_disk(Disk::Writes(1));
    w.run(10);
    assert_eq!(last_hello(&w), "10.0.0.1,6379,6");
}

#[test]
fn a_server_that_was_demoted_while_votes_were_asked_for_is_not_published() {
    let mut w = group(2).settled();
    w.disk = Disk::Hangs;
    gossiping(&mut w, 6_000, &[(R[0], 5), (M, 5)]);
    assert_eq!(requests(&w, 1)[0].2, 6, "requests leave meanwhile");
    *w.server(M) = Server::replica_of(ip(R[0]), 6379);
    w.until("-role-change", 11_000);
    w.settle_disk(Disk::Writes(1));
    w.run(10);
    assert_eq!(last_hello(&w), "10.0.0.1,6379,5");
}

#[test]
fn an_own_vote_that_cannot_be_written_ends_the_attempt() {
    let mut w = group(2).settled();
    w.disk = Disk::Fails(1);
    gossiping(&mut w, 20_000, &[(R[0], 5), (M, 5)]);
    assert_eq!(last_hello(&w), "10.0.0.1,6379,5");
    assert_eq!(requests(&w, 1).len(), 1);
}

#[test]
fn votes_of_another_epoch_or_for_another_do_not_count() {
    for (id, epoch) in [(me(), 5), (me(), 7), (X.to_owned(), 6)] {
        let mut w = group(2).settled();
        for p in &P[..2] {
            w.peer(p).votes = Votes::Names(RunId::new(&id), epoch_of(epoch));
        }
        gossiping(&mut w, 6_000, &[(R[0], 5), (M, 5)]);
        assert_eq!(requests(&w, 1)[0].2, 6);
        assert_eq!(last_hello(&w), "10.0.0.1,6379,5", "{id} {epoch}");
    }
}

#[test]
fn peers_that_know_the_target_as_a_replica_do_not_vote_and_two_of_five_are_no_majority() {
    let mut w = group(4).settled();
    let said = [(M, 5), (R[0], 5), (R[0], 5), (R[0], 5)];
    gossiping(&mut w, 8_000, &said);
    assert_eq!(requests(&w, 0)[0].1, ip(M));
    assert_eq!(last_hello(&w), "10.0.0.1,6379,5");
}

#[test]
fn an_attempt_that_fails_is_repeated_after_twice_the_failover_timeout_and_not_sooner() {
    let mut w = group(2).settled();
    for p in &P[..2] {
        w.peer(p).votes = Votes::Never;
    }
    gossiping(&mut w, 60_000, &[(R[0], 5), (M, 5)]);
    let epochs = |e: u64| {
        let times: Vec<u64> = requests(&w, 1)
            .into_iter()
            .filter(|(_, _, epoch)| *epoch == e)
            .map(|(at, ..)| at)
            .collect();
        (times[0], times[times.len() - 1])
    };
    let (first, last) = epochs(6);
    assert!(last - first <= 10_000, "{}", last - first);
    assert!(epochs(7).0 - first >= 40_000);
    assert!(!requests(&w, 1).iter().any(|(_, _, e)| *e > 7));
}

#[test]
fn requests_follow_a_greater_epoch_that_is_heard_of() {
    let mut w = group(2).settled();
    for p in &P[..2] {
        w.peer(p).votes = Votes::Never;
    }
    gossiping(&mut w, 5_000, &[(R[0], 5), (M, 5)]);
    w.hello_of(1, 9, M, 5);
    assert_eq!(requests(&w, 1).last().unwrap().2, 9);
    for p in &P[..2] {
        w.peer(p).votes = Votes::Freely;
    }
    gossiping(&mut w, 2_000, &[(R[0], 5), (M, 5)]);
    assert_eq!(last_hello(&w), "10.0.0.1,6379,9");
}

#[test]
fn a_vote_for_another_in_a_greater_epoch_ends_the_attempt() {
    let mut w = group(2).settled();
    for p in &P[..2] {
        w.peer(p).votes = Votes::Never;
    }
    gossiping(&mut w, 5_000, &[(R[0], 5), (M, 5)]);
    w.asked(ip(M), 6379, 9, Some(X));
    w.run(10);
    let at = w.now;
    gossiping(&mut w, 20_000, &[(R[0], 5), (M, 5)]);
    assert!(requests(&w, 1).into_iter().all(|(t, ..)| t <= at));
}

/// Whoever got it may be promoting at this moment.
#[test]
fn a_vote_given_to_another_holds_an_attempt_back() {
    let mut w = group(2).settled();
    w.asked(ip(M), 6379, 6, Some(&peer_id(0)));
    w.run(10);
    let voted = w.now;
    gossiping(&mut w, 60_000, &[(R[0], 5), (M, 5)]);
    let first = requests(&w, 1)[0].0;
    assert!(first - voted >= 39_990, "{}", first - voted);
}

#[test]
fn after_the_last_epoch_of_all_there_is_no_second_vote_in_it() {
    let last = i64::MAX as u64;
    let mut w = group(2).settled();
    w.asked(ip(M), 6379, last, Some(X));
    w.run(45_000);
    gossiping(&mut w, 10_000, &[(R[0], 5), (M, 5)]);
    nothing_was_asked(&w);
    assert_eq!(w.told("+vote-for-leader").len(), 1);
}

#[test]
fn an_own_failover_takes_precedence() {
    let mut w = group(2).settled();
    for p in &P[..2] {
        w.peer(p).votes = Votes::Never;
    }
    gossiping(&mut w, 5_000, &[(R[0], 5), (M, 5)]);
    w.server(R[0]).obedience = super::hosts::Obedience::Ignores;
    w.server(R[1]).obedience = super::hosts::Obedience::Ignores;
    w.force();
    let at = w.now;
    for p in &P[..2] {
        w.peer(p).votes = Votes::Freely;
    }
    gossiping(&mut w, 15_000, &[(R[0], 5), (M, 5)]);
    assert!(w.was_told("+failover-state-wait-promotion"));
    let asked = requests(&w, 1).into_iter();
    assert_eq!(asked.filter(|(t, _, e)| *t > at && *e == 6).count(), 0);
    assert_eq!(last_hello(&w), "10.0.0.1,6379,5");
}

#[test]
fn failover_state_stays_none_during_a_reassertion() {
    let mut w = group(2).settled();
    for p in &P[..2] {
        w.peer(p).votes = Votes::Never;
    }
    gossiping(&mut w, 5_000, &[(R[0], 5), (M, 5)]);
    assert!(!requests(&w, 1).is_empty());
    assert_eq!(w.view().masters[0].failover_state, None);
    assert!(!w.was_told("+try-failover"));
}

#[test]
fn in_tilt_nothing_is_asked_and_afterwards_it_is() {
    let mut w = group(2).settled();
    w.stall(2_500);
    let begin = w.now;
    assert!(w.was_told("+tilt"));
    gossiping(&mut w, 40_000, &[(R[0], 5), (M, 5)]);
    let first = requests(&w, 1)[0].0;
    assert!(first - begin >= 32_000, "{}", first - begin);
}

#[test]
fn reset_and_remove_end_an_attempt() {
    for instruction in [
        Instruction::Reset {
            pattern: "*".into(),
        },
        Instruction::Remove { name: name() },
    ] {
        let mut w = group(2).settled();
        for p in &P[..2] {
            w.peer(p).votes = Votes::Never;
        }
        gossiping(&mut w, 5_000, &[(R[0], 5), (M, 5)]);
        w.instruct(instruction);
        let at = w.now;
        w.run(30_000);
        assert!(requests(&w, 1).into_iter().all(|(t, ..)| t <= at));
    }
}

#[test]
fn answers_to_a_reassertion_are_no_opinion_about_our_master() {
    let mut w = group(2).settled();
    w.peers_say_down(true);
    gossiping(&mut w, 5_000, &[(R[0], 5), (M, 5)]);
    assert!(!requests(&w, 1).is_empty());
    let view = w.view();
    let flags = view.masters[0].peers.iter().map(|p| &p.instance.flags);
    assert!(flags.into_iter().all(|f| !f.contains("master_down")));
}

/// The publication of the same address does not switch, but whoever got the vote has finished.
#[test]
fn a_voter_may_stand_again_as_soon_as_the_reassertion_is_published() {
    let mut w = group(2).settled();
    w.asked(ip(M), 6379, 6, Some(&peer_id(0)));
    w.run(10);
    w.hello_of(0, 6, M, 6);
    w.kill_master();
    w.until("+try-failover", 3_000);

    let mut w = group(2).settled();
    w.asked(ip(M), 6379, 7, Some(&peer_id(0)));
    w.run(10);
    w.hello_of(0, 7, M, 6);
    w.kill_master();
    w.run(20_000);
    assert!(!w.was_told("+try-failover"), "it published an older epoch");
}

#[test]
fn a_restored_configuration_that_is_not_confirmed_can_be_given_up() {
    let mut w = group(2)
        .with(|m| {
            m.address = address(R[0]);
            m.known_replicas = vec![address(M), address(R[1])];
        })
        .start();
    gossiping(&mut w, 10_000, &[(M, 4), (M, 4)]);
    let before = w.hellos_to(P[0]);
    assert!(before.iter().all(|(_, t)| !t.contains("10.0.0.2,6379,5")));
    assert_eq!(last_hello(&w), "10.0.0.1,6379,6");
    assert_eq!(w.server(R[0]).role, Role::Replica);
}
