//! Answering asks and vote requests.

use rsentinel::core::Reply;
use rsentinel::core::event::Instruction;
use rsentinel::types::RunId;

use super::cluster::*;
use super::world::{Disk, World, epoch_of};

const X: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
const Y: &str = "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy";

fn vote(w: &mut World, epoch: u64, candidate: &str) -> (bool, String, u64) {
    let waiter = w.asked(ip(M), 6379, epoch, Some(candidate));
    w.run(10);
    w.opinion(waiter).expect("an answer")
}

#[test]
fn a_star_changes_no_epoch_and_answers_epoch_0() {
    let mut w = plan(0, 0, 2)
        .process(|c| c.current_epoch = epoch_of(4))
        .settled();
    let states = w.states().len();
    let waiter = w.asked(ip(M), 6379, 99, None);
    assert_eq!(w.opinion(waiter), Some((false, "*".into(), 0)));
    assert_eq!(w.states().len(), states);
}

#[test]
fn an_unknown_address_answers_0_star_0() {
    let mut w = plan(0, 0, 2).settled();
    for (host, port) in [("10.9.9.9", 6379), (ip(M), 1), (ip(M), 70_000), (ip(M), -1)] {
        let waiter = w.asked(host, port, 5, Some(X));
        assert_eq!(w.opinion(waiter), Some((false, "*".into(), 0)));
    }
    assert!(w.states().is_empty());
}

#[test]
fn after_a_switch_the_new_address_is_known_and_after_a_remove_none() {
    let mut w = plan(1, 2, 2).settled();
    w.hello_of(0, 5, R[0], 5);
    assert!(w.was_told("+switch-master"));
    let mut vote_at = |at: &str, epoch: u64| {
        let waiter = w.asked(ip(at), 6379, epoch, Some(X));
        w.run(10);
        w.opinion(waiter).expect("an answer").1
    };
    assert_eq!(vote_at(M, 6), "*");
    assert_eq!(vote_at(R[0], 6), X);
    w.instruct(Instruction::Remove { name: name() });
    w.run(10);
    let waiter = w.asked(ip(R[0]), 6379, 7, Some(X));
    assert_eq!(w.opinion(waiter), Some((false, "*".into(), 0)));
}

#[test]
fn an_sdown_master_is_reported_down() {
    let mut w = plan(0, 0, 2).settled();
    w.kill(M);
    w.until("+sdown", 3_000);
    let waiter = w.asked(ip(M), 6379, 0, None);
    assert_eq!(w.opinion(waiter), Some((true, "*".into(), 0)));
}

#[test]
fn a_vote_needs_no_down_master_and_no_known_candidate() {
    let mut w = plan(0, 0, 2).settled();
    assert_eq!(vote(&mut w, 1, X), (false, X.into(), 1));
    assert_eq!(w.told("+vote-for-leader")[0].1, format!("{X} 1"));
    assert_eq!(w.told("+new-epoch")[0].1, "1");
}

#[test]
fn the_first_candidate_of_an_epoch_has_the_vote_and_the_second_hears_it() {
    let mut w = plan(0, 0, 2).settled();
    assert_eq!(vote(&mut w, 3, X).1, X);
    assert_eq!(vote(&mut w, 3, Y), (false, X.into(), 3));
    assert_eq!(w.told("+vote-for-leader").len(), 1);
}

#[test]
fn successive_epochs_get_successive_votes_at_once() {
    let mut w = plan(0, 0, 2).settled();
    assert_eq!(vote(&mut w, 3, X), (false, X.into(), 3));
    assert_eq!(vote(&mut w, 4, Y), (false, Y.into(), 4));
}

#[test]
fn an_older_epoch_than_the_current_gets_no_vote_but_hears_the_last_one() {
    let mut w = plan(0, 0, 2)
        .process(|c| c.current_epoch = epoch_of(9))
        .settled();
    assert_eq!(vote(&mut w, 8, X), (false, "*".into(), 0));
    assert_eq!(vote(&mut w, 9, X), (false, X.into(), 9));
    assert_eq!(vote(&mut w, 5, Y), (false, X.into(), 9));
}

#[test]
fn the_vote_is_answered_only_after_it_is_durable() {
    let mut w = plan(0, 0, 2).settled();
    w.disk = Disk::Hangs;
    let waiter = w.asked(ip(M), 6379, 1, Some(X));
    w.run(5_000);
    assert_eq!(w.opinion(waiter), None);
    assert!(!w.was_told("+vote-for-leader"));
    w.settle_one_write(true);
    assert_eq!(w.opinion(waiter), Some((false, X.into(), 1)));
    let group = &w.on_disk.as_ref().unwrap().masters[0];
    assert_eq!(group.leader_epoch, epoch_of(1));
    assert_eq!(group.voted_for, Some(RunId::new(X)));
}

#[test]
fn epoch_and_vote_are_one_rewrite() {
    let mut w = plan(0, 0, 2).settled();
    let before = w.states().len();
    vote(&mut w, 5, X);
    assert_eq!(w.states().len(), before + 1);
    let state = w.last_state();
    assert_eq!(state.current_epoch, epoch_of(5));
    assert_eq!(state.masters[0].leader_epoch, epoch_of(5));
}

#[test]
fn a_failed_write_refuses_the_vote_and_does_not_adopt_the_epoch() {
    let mut w = plan(0, 1, 2).settled();
    w.disk = Disk::Fails(1);
    let waiter = w.asked(ip(M), 6379, 5, Some(X));
    w.run(10);
    assert_eq!(w.opinion(waiter), Some((false, "*".into(), 0)));
    assert!(!w.was_told("+vote-for-leader") && !w.was_told("+new-epoch"));
    w.disk = Disk::Writes(1);
    w.run(5_000);
    assert_eq!(w.last_state().masters[0].leader_epoch, epoch_of(0));
    assert_eq!(w.last_state().current_epoch, epoch_of(0));
    assert!(
        w.hellos_to(P[0])
            .iter()
            .all(|(_, t)| t.contains(",0,mymaster,"))
    );
    assert_eq!(
        vote(&mut w, 5, Y),
        (false, Y.into(), 5),
        "the epoch is still free"
    );
}

#[test]
fn a_refused_vote_that_a_later_write_carries_to_the_disk_is_not_forgotten() {
    let mut w = plan(0, 1, 2).settled();
    w.disk = Disk::Hangs;
    let first = w.asked(ip(M), 6379, 5, Some(X));
    // Another change while the first write runs: its state carries the vote too.
    w.instruct(Instruction::FlushConfig);
    assert_eq!(w.hanging_writes(), 2);
    w.settle_one_write(false);
    w.settle_one_write(true);
    let on_disk = w.on_disk.clone().unwrap();
    assert_eq!(on_disk.masters[0].voted_for, Some(RunId::new(X)));
    w.settle_disk(Disk::Writes(1));
    w.run(5_000);
    let after = w.on_disk.clone().unwrap();
    assert!(
        after.current_epoch >= on_disk.current_epoch,
        "epochs never decrease"
    );
    assert!(after.masters[0].leader_epoch >= on_disk.masters[0].leader_epoch);
    assert_eq!(w.opinion(first), Some((false, X.into(), 5)));
    assert_eq!(vote(&mut w, 5, Y), (false, X.into(), 5));
}

#[test]
fn requests_that_arrive_during_a_pending_vote_wait_and_are_decided_in_order() {
    let mut w = plan(0, 0, 2).settled();
    w.disk = Disk::Hangs;
    let a = w.asked(ip(M), 6379, 5, Some(X));
    let b = w.asked(ip(M), 6379, 5, Some(Y));
    let c = w.asked(ip(M), 6379, 6, Some(Y));
    let d = w.asked(ip(M), 6379, 6, Some(X));
    w.run(100);
    for waiter in [a, b, c, d] {
        assert_eq!(w.opinion(waiter), None);
    }
    w.settle_one_write(true);
    assert_eq!(w.opinion(a), Some((false, X.into(), 5)));
    assert_eq!(w.opinion(b), Some((false, X.into(), 5)));
    assert_eq!(w.opinion(c), None);
    w.settle_one_write(true);
    assert_eq!(w.opinion(c), Some((false, Y.into(), 6)));
    assert_eq!(w.opinion(d), Some((false, Y.into(), 6)));
}

#[test]
fn the_second_request_gets_its_own_chance_when_the_first_write_fails() {
    let mut w = plan(0, 0, 2).settled();
    w.disk = Disk::Hangs;
    let a = w.asked(ip(M), 6379, 5, Some(X));
    let b = w.asked(ip(M), 6379, 5, Some(Y));
    w.settle_one_write(false);
    assert_eq!(w.opinion(a), Some((false, "*".into(), 0)));
    assert_eq!(w.opinion(b), None);
    w.settle_one_write(true);
    assert_eq!(w.opinion(b), Some((false, Y.into(), 5)));
}

#[test]
fn a_star_question_is_answered_at_once_also_during_a_pending_vote() {
    let mut w = plan(0, 0, 2).settled();
    w.disk = Disk::Hangs;
    w.asked(ip(M), 6379, 5, Some(X));
    let star = w.asked(ip(M), 6379, 5, None);
    assert_eq!(w.opinion(star), Some((false, "*".into(), 0)));
}

#[test]
fn a_vote_for_another_blocks_own_attempts_for_two_failover_timeouts() {
    let mut w = plan(1, 0, 1).settled();
    vote(&mut w, 1, X);
    let voted = w.told("+vote-for-leader")[0].0;
    w.kill(M);
    w.until("+odown", 3_000);
    let at = w.until("+try-failover", 60_000);
    assert!(
        (voted + 40_000..voted + 41_000).contains(&at),
        "{voted} {at}"
    );
    let log = w
        .logs()
        .into_iter()
        .find(|(_, l)| l.text.starts_with("Next failover delay"))
        .expect("the wait is logged");
    assert!(log.1.when.is_some());
}

#[test]
fn the_wait_is_logged_once_per_reason() {
    let mut w = plan(1, 0, 1).settled();
    vote(&mut w, 1, X);
    w.kill(M);
    w.run(30_000);
    w.revive(M);
    w.run(3_000);
    w.kill(M);
    w.run(4_000);
    let said = w.logs();
    let waits = said
        .iter()
        .filter(|(_, l)| l.text.starts_with("Next failover delay"));
    assert_eq!(waits.count(), 1);
}

#[test]
fn votes_are_given_in_tilt_with_down_0() {
    let mut w = plan(0, 0, 2).settled();
    w.kill(M);
    w.until("+sdown", 3_000);
    w.stall(3_000);
    assert!(w.was_told("+tilt"));
    assert_eq!(vote(&mut w, 1, X), (false, X.into(), 1));
}

#[test]
fn reset_forgets_whom_but_not_the_epoch_so_there_is_no_second_vote() {
    let mut w = plan(0, 0, 2).settled();
    vote(&mut w, 5, X);
    w.instruct(Instruction::Reset {
        pattern: "*".into(),
    });
    assert_eq!(vote(&mut w, 5, Y), (false, "*".into(), 5));
}

#[test]
fn reset_during_a_pending_vote_lets_it_be_answered_once() {
    let mut w = plan(0, 0, 2).settled();
    w.disk = Disk::Hangs;
    let a = w.asked(ip(M), 6379, 5, Some(X));
    w.instruct(Instruction::Reset {
        pattern: "*".into(),
    });
    w.settle_disk(Disk::Writes(1));
    w.run(10);
    assert_eq!(w.opinion(a), Some((false, X.into(), 5)));
    assert_eq!(vote(&mut w, 5, Y), (false, X.into(), 5));
}

#[test]
fn remove_and_monitor_give_no_second_vote_in_an_epoch() {
    let mut w = plan(0, 0, 2).settled();
    vote(&mut w, 5, X);
    w.instruct(Instruction::Remove { name: name() });
    w.instruct(Instruction::Monitor {
        name: name(),
        host: ip(M).into(),
        port: 6379,
        quorum: 2,
    });
    w.run(10);
    assert_eq!(vote(&mut w, 5, Y), (false, "*".into(), 5));
    assert_eq!(vote(&mut w, 6, Y), (false, Y.into(), 6));
}

#[test]
fn remove_during_a_pending_vote_answers_unknown_and_keeps_the_epoch() {
    let mut w = plan(0, 0, 2).settled();
    w.disk = Disk::Hangs;
    let a = w.asked(ip(M), 6379, 5, Some(X));
    w.instruct(Instruction::Remove { name: name() });
    assert_eq!(w.opinion(a), Some((false, "*".into(), 0)));
    w.settle_one_write(true);
    let early = w.on_disk.clone().unwrap().current_epoch;
    w.settle_disk(Disk::Writes(1));
    w.run(100);
    let late = w.on_disk.clone().unwrap().current_epoch;
    assert!(late >= early, "{early} then {late} on disk");
    // Had the vote reached the disk, a second one in its epoch must not follow.
    w.instruct(Instruction::Monitor {
        name: name(),
        host: ip(M).into(),
        port: 6379,
        quorum: 2,
    });
    w.run(10);
    assert_eq!(vote(&mut w, 5, Y), (false, "*".into(), 5));
}

#[test]
fn a_restored_vote_is_known_with_its_identity() {
    let mut w = plan(0, 0, 2)
        .with(|m| {
            m.leader_epoch = epoch_of(6);
            m.voted_for = Some(RunId::new(X));
        })
        .settled();
    assert_eq!(vote(&mut w, 6, Y), (false, X.into(), 6));
    assert_eq!(vote(&mut w, 5, Y), (false, X.into(), 6));
}

#[test]
fn a_restored_epoch_without_an_identity_answers_star_with_the_epoch() {
    let mut w = plan(0, 0, 2)
        .with(|m| m.leader_epoch = epoch_of(6))
        .settled();
    assert_eq!(vote(&mut w, 6, Y), (false, "*".into(), 6));
}

#[test]
fn a_vote_for_one_master_is_no_vote_for_another() {
    let mut w = plan(0, 0, 2)
        .process(|c| {
            c.masters.push(rsentinel::config::MasterConf::new(
                rsentinel::types::MasterName::new("other"),
                address("10.0.0.8:6379"),
                2,
            ))
        })
        .settled();
    vote(&mut w, 5, X);
    let other = w.asked("10.0.0.8", 6379, 5, Some(Y));
    w.run(10);
    assert_eq!(w.opinion(other), Some((false, Y.into(), 5)));
}

#[test]
fn every_request_is_answered_exactly_once_whatever_becomes_of_the_writes() {
    let mut w = plan(0, 0, 2).settled();
    let mut waiters = Vec::new();
    for round in 0..40u64 {
        w.disk = match round % 3 {
            0 => Disk::Fails(3),
            1 => Disk::Writes(2),
            _ => Disk::Writes(9),
        };
        let who = if round % 2 == 0 { X } else { Y };
        waiters.push(w.asked(ip(M), 6379, round / 4, Some(who)));
        w.run(round % 5);
    }
    w.disk = Disk::Writes(1);
    w.run(100);
    let mut given = std::collections::BTreeMap::new();
    for waiter in waiters {
        let (_, whom, epoch) = w.opinion(waiter).expect("an answer");
        if whom != "*" {
            assert_eq!(given.entry(epoch).or_insert(whom.clone()), &whom);
        }
    }
    assert!(!given.is_empty());
}

#[test]
fn an_answer_carries_the_vote_of_the_asked_master_while_its_promotion_is_public() {
    // The leader still lists the old address; it is asked about the new one.
    let mut w = plan(2, 2, 2).settled();
    w.server(R[0]).offset = 10;
    w.server(R[1]).sync_ms = 60_000;
    w.kill_master();
    w.until("+promoted-slave", 5_000);
    let waiter = w.asked(ip(R[0]), 6379, 50, Some(X));
    w.run(10);
    assert_eq!(w.opinion(waiter), Some((false, X.into(), 50)));
    assert!(matches!(w.reply(waiter), Some((_, Reply::Down(_)))));
}
