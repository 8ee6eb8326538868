//! Epochs of elections that move on, that are shared, that end.

use rsentinel::config::{KnownPeer, MasterConf};
use rsentinel::core::event::{Instruction, SetChange, SetOption};
use rsentinel::types::{MasterName, RunId};

use super::cluster::*;
use super::election::requests;
use super::hosts::Votes;
use super::world::{Disk, World, epoch_of};

const X: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

/// An election that waits for votes.
fn electing(peers: usize, quorum: u32) -> World {
    let mut w = plan(1, peers, quorum).settled();
    for p in &P[..peers] {
        w.peer(p).votes = Votes::Never;
    }
    w.kill_master();
    w.until("+try-failover", 5_000);
    w.run(10);
    w
}

#[test]
fn a_candidacy_follows_a_greater_epoch_at_once() {
    let mut w = electing(2, 2);
    let before = requests(&w, 0).len();
    w.hello_of(1, 7, M, 0);
    let asked = requests(&w, 0);
    assert_eq!(asked[before..], [(w.now, 7)]);
    w.peer(P[0]).votes = Votes::Freely;
    w.run(10);
    let group = &w.last_state().masters[0];
    assert_eq!(group.leader_epoch, epoch_of(7));
    w.until("+promoted-slave", 3_000);
    assert_eq!(w.last_state().masters[0].config_epoch, epoch_of(7));
}

#[test]
fn a_rebased_candidacy_is_not_won_with_votes_of_the_old_epoch() {
    let mut w = plan(1, 2, 2).settled();
    w.disk = Disk::Writes(30);
    w.peer(P[1]).votes = Votes::Never;
    w.kill_master();
    w.until("+try-failover", 5_000);
    w.run(5);
    // Peer 0 has voted for us in epoch 1 by now; ours is not durable yet.
    w.peer(P[0]).votes = Votes::Never;
    w.hello_of(1, 9, M, 0);
    w.run(8_000);
    assert!(!w.was_told("+elected-leader"), "{}", w.story());
}

#[test]
fn a_candidacy_does_not_follow_an_epoch_in_which_the_vote_went_to_another() {
    let mut w = electing(2, 2);
    let waiter = w.asked(ip(M), 6379, 7, Some(X));
    w.run(10);
    assert_eq!(w.opinion(waiter), Some((true, X.into(), 7)));
    for p in [P[0], P[1]] {
        w.peer(p).votes = Votes::Freely;
    }
    w.run(9_000);
    assert!(
        requests(&w, 0).iter().all(|(_, e)| *e == 1),
        "no request for epoch 7"
    );
    assert!(
        w.told("+vote-for-leader")
            .iter()
            .all(|(_, t)| *t != format!("{} 7", me()))
    );
}

#[test]
fn a_vote_for_another_extends_the_time_limit_of_the_own_election() {
    let mut w = electing(2, 2);
    w.run(5_000);
    w.asked(ip(M), 6379, 7, Some(X));
    w.run(10);
    let voted = w.told("+vote-for-leader").last().unwrap().0;
    let end = w.until("-failover-abort-not-elected", 20_000);
    assert!((voted + 10_001..=voted + 11_000).contains(&end));
}

#[test]
fn an_epoch_heard_of_is_announced_and_spoken_once_it_is_durable() {
    let mut w = plan(0, 1, 2).settled();
    w.disk = Disk::Hangs;
    w.hello_of(0, 12, M, 0);
    w.run(5_000);
    assert!(!w.was_told("+new-epoch"));
    assert!(
        w.hellos_to(P[0])
            .iter()
            .all(|(_, t)| t.contains(",0,mymaster,"))
    );
    w.settle_disk(Disk::Writes(1));
    w.run(3_000);
    assert_eq!(w.told("+new-epoch").len(), 1);
    assert!(
        w.hellos_to(P[0])
            .last()
            .unwrap()
            .1
            .contains(",12,mymaster,")
    );
}

#[test]
fn the_own_epoch_is_greater_than_any_configuration_epoch() {
    // A hello may carry a configuration epoch above the sender's current epoch.
    let mut w = plan(2, 2, 2).settled();
    w.hello_of(0, 3, R[0], 50);
    assert_eq!(w.told("+switch-master").len(), 1);
    w.server(R[0]).role = rsentinel::wire::Role::Master;
    w.run(3_000);
    w.peers_say_down(true);
    w.kill(R[0]);
    w.until("+try-failover", 5_000);
    w.until("+promoted-slave", 5_000);
    let epoch = w.last_state().masters[0].config_epoch;
    assert!(epoch > epoch_of(50), "config epoch {epoch}");
}

#[test]
fn an_epoch_at_its_maximum_neither_wraps_nor_elects_twice() {
    let max = rsentinel::types::Epoch::MAX.get();
    let mut w = plan(1, 2, 2)
        .process(|c| c.current_epoch = epoch_of(max))
        .settled();
    w.kill_master();
    w.run(60_000);
    assert!(w.told("+elected-leader").len() <= 1);
    assert!(w.last_state().current_epoch == rsentinel::types::Epoch::MAX);
}

// ---- several masters ----

const OTHER: &str = "10.0.0.8:6379";

pub fn two_groups(disk_ms: u64) -> World {
    let mut other = MasterConf::new(MasterName::new("other"), address(OTHER), 2);
    other.down_after = 1_000;
    other.failover_timeout = 20_000;
    other.known_peers = (0..2)
        .map(|i| KnownPeer {
            address: address(P[i]),
            id: RunId::new(&peer_id(i)),
        })
        .collect();
    other.known_replicas = vec![address(R[2])];
    let mut w = plan(1, 2, 2).process(|c| c.masters.push(other)).start();
    let server = super::hosts::Host::server(super::hosts::Server::master());
    w.hosts.insert(super::hosts::at(OTHER), server);
    w.run(5_000);
    w.disk = Disk::Writes(disk_ms);
    w
}

/// SENTINEL SET that keeps the other master from ever being objectively down.
pub fn never_odown() -> Instruction {
    Instruction::Set {
        name: MasterName::new("other"),
        changes: vec![SetChange {
            shown: "quorum 5".into(),
            option: SetOption::Quorum(5),
        }],
        then_error: None,
    }
}

#[test]
fn masters_whose_candidacies_begin_together_share_one_epoch_and_one_rewrite() {
    // Where both groups are ours to begin, they begin in the turn of the decisive answers.
    let mut w = two_groups(60);
    w.kill_master();
    w.kill(OTHER);
    w.until("+try-failover", 5_000);
    w.run(55);
    assert_eq!(w.told("+try-failover").len(), 2, "{}", w.story());
    let epochs: Vec<&str> = w.told("+new-epoch").into_iter().map(|(_, t)| t).collect();
    assert!(epochs.iter().all(|e| *e == "1"), "{epochs:?}");
    w.run(2_000);
    assert_eq!(w.told("+promoted-slave").len(), 2, "{}", w.story());
    for group in &w.last_state().masters {
        assert_eq!(group.config_epoch, epoch_of(1));
    }
}

#[test]
fn a_later_candidacy_of_another_master_takes_a_new_epoch_and_rebases_the_first() {
    let mut w = two_groups(1);
    for p in [P[0], P[1]] {
        w.peer(p).votes = Votes::Never;
    }
    w.kill_master();
    w.until("+try-failover", 5_000);
    w.run(2_200);
    w.kill(OTHER);
    w.until("+try-failover", 5_000);
    w.run(10);
    assert_eq!(w.told("+new-epoch").last().unwrap().1, "2");
    for group in &w.last_state().masters {
        assert_eq!(group.leader_epoch, epoch_of(2), "{}", w.story());
        assert_eq!(group.voted_for, Some(RunId::new(&me())));
    }
}

#[test]
fn a_candidacy_soon_after_begins_in_the_epoch_of_another_masters_election() {
    let mut w = two_groups(1);
    w.kill_master();
    w.run(300);
    w.kill(OTHER);
    w.until("+try-failover", 5_000);
    w.until("+switch-master", 5_000);
    w.run(2_000);
    let epochs: Vec<&str> = w.told("+new-epoch").into_iter().map(|(_, t)| t).collect();
    assert!(epochs.iter().all(|e| *e == "1"), "{}", w.story());
    assert_eq!(w.told("+promoted-slave").len(), 2, "{}", w.story());
}

#[test]
fn a_candidacy_begins_in_the_epoch_in_which_we_have_just_voted_about_another_master() {
    let mut w = two_groups(1);
    // We see the other one down, and nobody else does.
    w.instruct(never_odown());
    w.kill(OTHER);
    w.run(3_000);
    w.kill_master();
    w.run(990);
    let waiter = w.asked(ip(OTHER), 6379, 7, Some(X));
    w.until("+try-failover", 200);
    assert_eq!(w.opinion(waiter), Some((true, X.into(), 7)));
    w.run(50);
    let epochs: Vec<&str> = w.told("+new-epoch").into_iter().map(|(_, t)| t).collect();
    assert!(epochs.iter().all(|e| *e == "7"), "{}", w.story());
    assert_eq!(
        w.view().masters.iter().map(|m| m.config_epoch.get()).max(),
        Some(7)
    );
}

#[test]
fn an_epoch_that_is_only_heard_of_is_not_shared() {
    // It may be that of a forced failover of this very master.
    let mut w = two_groups(1);
    w.kill_master();
    w.run(990);
    w.hello_of(0, 7, M, 0);
    w.until("+try-failover", 200);
    assert_eq!(w.told("+new-epoch").last().unwrap().1, "8", "{}", w.story());
}

#[test]
fn quorum_above_the_number_of_voters_still_allows_a_forced_failover() {
    let mut w = plan(1, 1, 5).settled();
    w.force();
    w.until("+switch-master", 3_000);
}

#[test]
fn a_reset_ends_a_candidacy_and_keeps_its_vote() {
    let mut w = electing(2, 2);
    w.instruct(Instruction::Reset {
        pattern: "mymaster".into(),
    });
    assert_eq!(w.view().masters[0].failover_state, None);
    w.run(10);
    let waiter = w.asked(ip(M), 6379, 1, Some(X));
    w.run(10);
    assert_eq!(w.opinion(waiter).unwrap().1, "*", "the epoch is used up");
}

#[test]
fn a_reset_before_the_own_vote_is_durable_elects_nobody() {
    let mut w = plan(1, 0, 1).settled();
    w.disk = Disk::Hangs;
    w.kill(M);
    w.until("+try-failover", 3_000);
    w.instruct(Instruction::Reset {
        pattern: "mymaster".into(),
    });
    w.settle_disk(Disk::Writes(1));
    w.run(500);
    assert!(!w.was_told("+elected-leader"));
    assert!(w.slaveofs().is_empty());
}

#[test]
fn a_remove_during_an_election_leaves_nothing_behind() {
    let mut w = electing(2, 2);
    w.instruct(Instruction::Remove { name: name() });
    w.run(10);
    let turns = w.turns;
    w.run(30_000);
    assert!(w.conns.is_empty());
    assert!(w.turns - turns <= 30_000 / 100 + 5, "only the heartbeat");
}
