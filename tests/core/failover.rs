//! A failover from beginning to end: the order of events, what clients are told and when.

use rsentinel::core::Ask;
use rsentinel::core::Reply;
use rsentinel::core::action::Action;
use rsentinel::core::event::{FailoverHow, Instruction};

use super::cluster::*;
use super::hosts::{HelloReply, InfoReply, Obedience};
use super::world::{Disk, World, epoch_of};

/// All but the first are peers of a group that agrees and votes.
fn killed(replicas: usize, peers: usize) -> World {
    let mut w = plan(replicas, peers, 2).settled();
    for (i, r) in R[..replicas].iter().enumerate() {
        w.server(r).offset = 100 - i as u64;
    }
    w.kill_master();
    w
}

#[test]
fn the_events_of_a_failover_come_in_their_known_order() {
    let mut w = killed(2, 2);
    let start = w.now;
    w.until("+switch-master", 5_000);
    w.run(0);
    let shown: Vec<_> = w
        .notices()
        .filter(|(at, _)| *at >= start)
        .map(|(_, n)| (n.name.as_str(), n.text.clone()))
        .filter(|(name, _)| !name.ends_with("link-reconnection"))
        .collect();
    let r0 = replica(0);
    let r1 = replica(1);
    let own_vote = format!("{} 1", me());
    let expected: Vec<(&str, &str)> = vec![
        ("+sdown", MASTER),
        ("+odown", "master mymaster 10.0.0.1 6379 #quorum 2/2"),
        ("+new-epoch", "1"),
        ("+try-failover", MASTER),
        ("+vote-for-leader", &own_vote),
        ("+elected-leader", MASTER),
        ("+failover-state-select-slave", MASTER),
        ("+selected-slave", &r0),
        ("+failover-state-send-slaveof-noone", &r0),
        ("+failover-state-wait-promotion", &r0),
    ];
    let shown_refs: Vec<(&str, &str)> = shown.iter().map(|(a, b)| (*a, b.as_str())).collect();
    assert_eq!(shown_refs[..10], expected[..]);
    let rest: Vec<&str> = shown_refs[10..].iter().map(|(n, _)| *n).collect();
    assert_eq!(
        rest[..8],
        [
            "-role-change",
            "+promoted-slave",
            "+failover-state-reconf-slaves",
            "+slave-reconf-sent",
            "+slave-reconf-inprog",
            "+slave-reconf-done",
            "+failover-end",
            "+switch-master",
        ]
    );
    assert_eq!(shown_refs[13].1, r1);
    assert_eq!(shown_refs[17].1, "mymaster 10.0.0.1 6379 10.0.0.2 6379");
    assert_eq!(rest[8..], ["+slave", "+slave"]);
}

#[test]
fn a_crash_is_failed_over_within_thirty_milliseconds_after_down_after() {
    let mut w = killed(2, 2);
    let dead = w.now;
    let told = w.until("+promoted-slave", 5_000);
    assert!(told - dead <= 1_000 + 30, "{}", told - dead);
    let end = w.until("+switch-master", 1_000);
    assert!(end - dead <= 1_000 + 50, "{}", end - dead);
}

#[test]
fn clients_hellos_and_disk_have_the_new_address_from_the_proof_on_and_listings_after_the_switch() {
    let mut w = killed(2, 2);
    w.server(R[1]).sync_ms = 3_000;
    let at = w.until("+promoted-slave", 5_000);
    assert_eq!(w.address(NAME), Some(("10.0.0.2".into(), 6379)));
    let hello = w.hellos_to(P[0]).pop().unwrap();
    assert_eq!(hello.0, at);
    assert!(
        hello.1.ends_with(",1,mymaster,10.0.0.2,6379,1"),
        "{}",
        hello.1
    );
    let group = &w.last_state().masters[0];
    assert_eq!(group.address, address(R[0]));
    assert_eq!(group.config_epoch, epoch_of(1));
    // While the promotion is public, its own line names the old master.
    assert_eq!(group.known_replicas, [address(M), address(R[1])]);
    let listed = w.view().masters[0].clone();
    assert_eq!(listed.instance.ip, "10.0.0.1");
    assert_eq!(listed.effective, ("10.0.0.2".into(), 6379));
    w.until("+switch-master", 10_000);
    assert_eq!(w.view().masters[0].instance.ip, "10.0.0.2");
}

#[test]
fn the_address_table_is_swapped_before_the_event_that_tells_of_it() {
    let mut w = killed(2, 2);
    w.until("+switch-master", 10_000);
    let position = |w: &World, name: &str| {
        w.done
            .iter()
            .position(|d| matches!(&d.action, Action::Notice(n) if n.name.as_str() == name))
            .unwrap()
    };
    let table = w
        .done
        .iter()
        .position(|d| match &d.action {
            Action::Addresses(t) => t.get(NAME).is_some_and(|r| r.host == "10.0.0.2"),
            _ => false,
        })
        .unwrap();
    assert!(table < position(&w, "+promoted-slave"));
}

#[test]
fn hellos_leave_in_the_turn_of_the_proof_peers_first() {
    let mut w = killed(2, 2);
    let at = w.until("+promoted-slave", 5_000);
    let greeted: Vec<String> = w
        .done
        .iter()
        .filter(|d| d.at == at)
        .filter_map(|d| match &d.action {
            Action::Send {
                ask: Ask::Hello { .. },
                ..
            } => d.to.map(|t| t.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(greeted[..2], [P[0], P[1]]);
    assert!(greeted.contains(&R[0].to_string()) && greeted.contains(&R[1].to_string()));
}

#[test]
fn hellos_of_a_proved_promotion_do_not_wait_for_the_disk() {
    let mut w = killed(1, 2);
    w.until("+failover-state-wait-promotion", 5_000);
    w.disk = Disk::Hangs;
    let at = w.until("+promoted-slave", 1_000);
    assert!(
        w.hellos_to(P[0])
            .iter()
            .any(|(t, h)| *t == at && h.contains("10.0.0.2"))
    );
}

#[test]
fn a_failover_goes_on_after_the_master_came_back() {
    let mut w = killed(1, 2);
    w.server(R[0]).obedience = Obedience::Ignores;
    w.until("+failover-state-wait-promotion", 5_000);
    w.revive(M);
    w.peers_say_down(false);
    w.until("-sdown", 3_000);
    w.server(R[0]).role = rsentinel::wire::Role::Master;
    w.until("+switch-master", 1_000);
}

#[test]
fn no_second_failover_follows_a_switch_at_once() {
    // The peers' answers about the old master and the silence of its link must not count.
    for seed in 0..20 {
        let mut w = plan(2, 2, 2).seed(seed).settled();
        w.kill_master();
        w.until("+switch-master", 5_000);
        w.run(30_000);
        assert_eq!(w.told("+try-failover").len(), 1, "{}", w.story());
        assert_eq!(w.told("+odown").len(), 1);
    }
}

#[test]
fn the_old_master_becomes_a_replica_record_last_in_order_and_is_demoted_when_it_returns() {
    let mut w = killed(2, 2);
    w.until("+switch-master", 5_000);
    let names: Vec<String> = w.view().masters[0]
        .replicas
        .iter()
        .map(|r| r.instance.name.clone())
        .collect();
    assert_eq!(names, [R[1], M]);
    w.run(5_000);
    w.revive(M);
    w.until("+convert-to-slave", 30_000);
    w.run(20_000);
    assert_eq!(w.server(M).role, rsentinel::wire::Role::Replica);
    assert_eq!(w.server(M).master, Some(("10.0.0.2".into(), 6379)));
}

#[test]
fn a_completed_switch_allows_the_next_failover_at_once() {
    let mut w = killed(2, 2);
    w.until("+switch-master", 5_000);
    w.run(3_000);
    w.kill(R[0]);
    let dead = w.now;
    let at = w.until("+switch-master", 5_000);
    assert!(at - dead < 1_100, "{}", at - dead);
    assert_eq!(w.address(NAME), Some(("10.0.0.3".into(), 6379)));
}

// ---- forced ----

#[test]
fn a_forced_failover_of_an_unknown_master_is_an_error() {
    let mut w = plan(1, 0, 2).settled();
    let waiter = w.instruct(Instruction::Failover {
        name: rsentinel::types::MasterName::new("nobody"),
        how: FailoverHow::Forced,
    });
    assert_eq!(
        w.reply(waiter).unwrap().1,
        &Reply::Error("ERR No such master with that name".into())
    );
}

#[test]
fn a_forced_failover_without_a_good_replica_is_an_error() {
    let mut w = plan(0, 0, 2).settled();
    let waiter = w.force();
    assert_eq!(
        w.reply(waiter).unwrap().1,
        &Reply::Error("NOGOODSLAVE No suitable replica to promote".into())
    );
    assert!(!w.was_told("+try-failover"));
}

#[test]
fn a_forced_failover_during_another_is_an_error() {
    let mut w = plan(1, 0, 2).settled();
    w.server(R[0]).obedience = Obedience::Ignores;
    w.force();
    w.run(500);
    let waiter = w.force();
    assert_eq!(
        w.reply(waiter).unwrap().1,
        &Reply::Error("INPROG Failover already in progress".into())
    );
}

#[test]
fn a_forced_failover_needs_no_votes_but_its_own_durable_one() {
    let mut w = plan(1, 2, 2).settled();
    w.disk = Disk::Writes(50);
    let waiter = w.force();
    let at = w.now;
    assert_eq!(w.reply(waiter).unwrap().1, &Reply::Ok);
    assert_eq!(
        w.names_since(at),
        ["+new-epoch", "+try-failover"],
        "nothing before the vote is durable"
    );
    assert!(
        w.view().masters[0]
            .instance
            .flags
            .contains("force_failover")
    );
    assert_eq!(w.until("+elected-leader", 1_000), at + 50);
    w.until("+switch-master", 3_000);
}

#[test]
fn a_forced_failover_asks_for_votes_too_so_that_nobody_else_wins_its_epoch() {
    let mut w = plan(1, 2, 2).settled();
    w.force();
    let at = w.now;
    for p in [P[0], P[1]] {
        let asked = w.times_of(
            p,
            |a| matches!(a, Ask::MasterDown { epoch, candidate: Some(_), .. } if epoch.get() == 1),
        );
        assert_eq!(asked, [at]);
    }
}

#[test]
fn a_forced_failover_while_a_vote_for_another_is_pending_takes_the_next_epoch() {
    let mut w = plan(1, 2, 2).settled();
    w.disk = Disk::Hangs;
    let other = "x".repeat(40);
    let asked = w.asked(ip(M), 6379, 4, Some(&other));
    w.force();
    assert_eq!(w.told("+new-epoch").last().unwrap().1, "5");
    assert!(!w.was_told("+elected-leader"));
    w.settle_disk(Disk::Writes(1));
    w.run(100);
    assert_eq!(w.opinion(asked), Some((false, other, 4)));
    w.run(3_000);
    assert!(w.was_told("+switch-master"), "{}", w.story());
    assert_eq!(w.last_state().masters[0].config_epoch, epoch_of(5));
}

#[test]
fn a_forced_failover_is_accepted_in_tilt_and_proceeds_after_it() {
    let mut w = plan(1, 0, 2).settled();
    w.stall(3_000);
    let waiter = w.force();
    assert_eq!(w.reply(waiter).unwrap().1, &Reply::Ok);
    w.run(29_000);
    assert!(!w.was_told("+elected-leader") && w.slaveofs().is_empty());
    w.until("+elected-leader", 2_000);
    assert!(w.was_told("-tilt"));
}

#[test]
fn a_forced_failover_leaves_the_quorum_alone_and_demotes_the_old_master_after_eight_seconds() {
    let mut w = plan(2, 2, 2).settled();
    w.force();
    let at = w.until("+switch-master", 3_000);
    let demoted = w.until("+convert-to-slave", 20_000);
    assert!(demoted - at > 8_000, "{}", demoted - at);
    assert!(demoted - at < 8_200, "{}", demoted - at);
    w.run(60_000);
    assert_eq!(w.told("+convert-to-slave").len(), 1);
}

// ---- simulated crashes ----

#[test]
fn simulate_failure_ends_the_process_with_99_right_after_the_election() {
    let mut w = killed(1, 2);
    w.instruct(Instruction::SimulateFailure {
        crash_after_election: true,
        crash_after_promotion: false,
    });
    assert_eq!(w.view().simulate_failure_flags, 1);
    w.until("+elected-leader", 5_000);
    w.run(5);
    let exit = w
        .done
        .iter()
        .any(|d| matches!(d.action, Action::Exit { status: 99 }));
    assert!(exit && w.slaveofs().is_empty());
    assert!(!w.was_told("+failover-state-select-slave"));
}

#[test]
fn simulate_failure_ends_the_process_with_99_right_after_the_promotion() {
    let mut w = killed(1, 2);
    w.instruct(Instruction::SimulateFailure {
        crash_after_election: false,
        crash_after_promotion: true,
    });
    let at = w.until("+promoted-slave", 5_000);
    assert!(!w.ended, "the new configuration is written first");
    w.run(5);
    assert_eq!(
        w.on_disk.as_ref().unwrap().masters[0].address,
        address(R[0])
    );
    assert!(
        w.done
            .iter()
            .any(|d| matches!(d.action, Action::Exit { status: 99 }))
    );
    assert!(!w.was_told("+failover-state-reconf-slaves"));
    assert!(
        w.hellos_to(P[0])
            .iter()
            .all(|(t, h)| *t < at || !h.contains("10.0.0.2"))
    );
}

// ---- unhelpful surroundings ----

#[test]
fn servers_that_refuse_hellos_do_not_keep_a_failover_from_ending() {
    let mut w = plan(2, 2, 2).settled();
    for at in [R[0], R[1], P[0], P[1]] {
        w.host(at).hello = HelloReply::Refused;
    }
    w.kill_master();
    w.until("+switch-master", 5_000);
}

#[test]
fn a_reset_during_reconfiguration_ends_the_failover_and_keeps_the_old_record_address() {
    let mut w = killed(2, 2);
    w.server(R[1]).sync_ms = 10_000;
    w.until("+promoted-slave", 5_000);
    w.instruct(Instruction::Reset {
        pattern: "*".into(),
    });
    let view = w.view().masters[0].clone();
    assert_eq!(view.failover_state, None);
    assert!(view.replicas.is_empty());
    w.run(10_000);
}

#[test]
fn a_remove_during_a_failover_leaves_nothing_behind() {
    for stop in [
        "+try-failover",
        "+failover-state-wait-promotion",
        "+promoted-slave",
    ] {
        let mut w = plan(2, 2, 2).settled();
        w.server(R[1]).sync_ms = 5_000;
        w.kill_master();
        w.until(stop, 5_000);
        w.instruct(Instruction::Remove { name: name() });
        w.run(30_000);
        assert!(w.conns.is_empty(), "after {stop}");
        assert!(w.last_state().masters.is_empty());
    }
}

#[test]
fn a_failover_without_any_info_of_the_replicas_is_aborted() {
    let mut w = plan(1, 2, 2).start();
    w.server(R[0]).info = InfoReply::Silent;
    w.run(5_000);
    w.kill_master();
    w.until("-failover-abort-no-good-slave", 5_000);
    assert_eq!(w.view().masters[0].failover_state, None);
    let tried = w.told("+try-failover")[0].0;
    let again = w.until("+try-failover", 60_000);
    assert!(again - tried >= 40_000);
}
