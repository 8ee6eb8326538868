//! Objectively down, and asking peers about it.

use rsentinel::core::Ask;
use rsentinel::core::event::{Instruction, SetChange, SetOption};

use super::cluster::*;
use super::hosts::Votes;
use super::world::{World, epoch_of};

fn is_ask(ask: &Ask) -> bool {
    matches!(ask, Ask::MasterDown { .. })
}

fn asks(w: &World, i: usize) -> Vec<u64> {
    w.times_of(P[i], is_ask)
}

/// A group without replicas, its master dead and SDOWN; nobody agrees until told.
fn sdown_alone(peers: usize, quorum: u32) -> World {
    let mut w = plan(0, peers, quorum).settled();
    w.kill(M);
    w.until("+sdown", 3_000);
    w
}

#[test]
fn odown_needs_as_many_sentinels_as_the_quorum_ourselves_included() {
    let mut w = sdown_alone(3, 3);
    w.peer(P[0]).down = true;
    w.run(5_000);
    assert!(!w.was_told("+odown"));
    w.peer(P[1]).down = true;
    w.until("+odown", 2_000);
    assert_eq!(w.told("+odown")[0].1, format!("{MASTER} #quorum 3/3"));
}

#[test]
fn with_quorum_1_odown_comes_in_the_turn_of_sdown() {
    let mut w = plan(1, 2, 1).settled();
    w.kill(M);
    let at = w.until("+sdown", 3_000);
    assert_eq!(w.told("+odown")[0].0, at);
}

#[test]
fn odown_comes_in_the_turn_in_which_the_decisive_answer_arrives() {
    let mut w = plan(1, 2, 2).settled();
    w.kill_master();
    let at = w.until("+sdown", 3_000);
    assert_eq!(w.until("+odown", 100), at + 2);
}

#[test]
fn odown_ends_when_sdown_ends() {
    let mut w = sdown_alone(2, 2);
    w.peers_say_down(true);
    w.until("+odown", 2_000);
    w.revive(M);
    w.until("-sdown", 3_000);
    w.run(0);
    assert_eq!(w.told("-odown"), vec![(w.now, MASTER)]);
    let order = w.names_since(w.now);
    assert_eq!(order[..2], ["-sdown", "-odown"]);
}

#[test]
fn odown_ends_when_too_few_agree_any_longer() {
    let mut w = sdown_alone(2, 2);
    w.peer(P[0]).votes = Votes::Never;
    w.peer(P[1]).votes = Votes::Never;
    w.peer(P[0]).down = true;
    w.until("+odown", 2_000);
    w.peer(P[0]).down = false;
    w.until("-odown", 2_000);
    assert!(!w.was_told("-sdown"));
}

#[test]
fn a_report_older_than_five_ask_periods_no_longer_counts() {
    let mut w = sdown_alone(1, 2);
    w.peer(P[0]).down = true;
    w.until("+odown", 2_000);
    w.freeze(P[0]);
    let (last, _) = w.told("+odown")[0];
    let end = w.until("-odown", 10_000);
    // The last answer may be that to the vote request sent with +odown.
    assert!((last + 5_001..=last + 5_010).contains(&end), "{last} {end}");
}

#[test]
fn a_changed_quorum_is_judged_at_once() {
    let mut w = sdown_alone(2, 3);
    w.peer(P[0]).down = true;
    w.run(3_000);
    assert!(!w.was_told("+odown"));
    w.instruct(Instruction::Set {
        name: name(),
        changes: vec![SetChange {
            shown: "quorum 2".into(),
            option: SetOption::Quorum(2),
        }],
        then_error: None,
    });
    assert_eq!(w.told("+odown").len(), 1);
}

#[test]
fn a_peer_that_is_displaced_takes_its_report_along() {
    let mut w = sdown_alone(2, 2);
    w.peer(P[0]).down = true;
    w.peer(P[0]).votes = Votes::Never;
    w.peer(P[1]).votes = Votes::Never;
    w.until("+odown", 2_000);
    w.peer(P[0]).down = false;
    // Another id at the address of peer 0.
    w.hello(&hello_text(P[0], &"9".repeat(40), 0, M, 0));
    assert_eq!(w.told("-odown").len(), 1, "{}", w.story());
}

#[test]
fn peers_are_asked_in_the_turn_of_sdown() {
    let mut w = plan(1, 2, 3).settled();
    w.kill(M);
    let at = w.until("+sdown", 3_000);
    for i in 0..2 {
        assert_eq!(asks(&w, i), [at]);
    }
}

#[test]
fn an_ask_names_the_old_address_the_durable_epoch_and_a_star() {
    let w = {
        let mut w = plan(1, 1, 3)
            .process(|c| c.current_epoch = epoch_of(7))
            .settled();
        w.kill(M);
        w.until("+sdown", 3_000);
        w
    };
    let (_, ask) = w
        .sent_to(P[0])
        .into_iter()
        .find(|(_, a)| is_ask(a))
        .unwrap();
    let Ask::MasterDown {
        host,
        port,
        epoch,
        candidate,
        ..
    } = ask
    else {
        unreachable!()
    };
    assert_eq!(
        (host.as_str(), *port, epoch.get(), candidate),
        ("10.0.0.1", 6379, 7, &None)
    );
}

#[test]
fn a_master_that_is_up_is_never_asked_about() {
    let mut w = plan(1, 2, 2).settled();
    w.run(30_000);
    assert!(asks(&w, 0).is_empty());
}

#[test]
fn asks_come_every_100_ms_for_two_seconds_and_then_once_per_ask_period() {
    let mut w = sdown_alone(1, 2);
    let down = w.now;
    w.run(10_000);
    let times = asks(&w, 0);
    let early: Vec<u64> = times
        .iter()
        .filter(|t| **t < down + 2_000)
        .copied()
        .collect();
    assert!((18..=21).contains(&early.len()), "{early:?}");
    let late: Vec<u64> = times.into_iter().filter(|t| *t > down + 2_200).collect();
    let gaps: Vec<u64> = late.windows(2).map(|p| p[1] - p[0]).collect();
    assert!(gaps.iter().all(|g| (1_000..=1_005).contains(g)), "{gaps:?}");
}

#[test]
fn a_peer_that_does_not_answer_is_asked_once_per_ask_period() {
    let mut w = plan(1, 1, 2).with(|m| m.down_after = 8_000).settled();
    w.run(10_000);
    w.peer(P[0]).votes = Votes::Silent;
    w.kill(M);
    let down = w.until("+sdown", 10_000);
    w.run(6_000);
    let times = asks(&w, 0);
    assert!(times.len() <= 8, "{times:?} since {down}");
}

#[test]
fn an_answer_of_another_shape_refreshes_nothing() {
    let mut w = sdown_alone(1, 2);
    w.peer(P[0]).down = true;
    w.peer(P[0]).votes = Votes::Never;
    w.until("+odown", 2_000);
    let (at, _) = w.told("+odown")[0];
    w.peer(P[0]).votes = Votes::Shapeless;
    let end = w.until("-odown", 10_000);
    assert!(end <= at + 5_010, "{at} {end}");
    assert!(w.view().masters[0].peers[0].instance.flags == "sentinel");
}

#[test]
fn an_answer_of_another_shape_is_not_a_reason_to_ask_in_a_loop() {
    let mut w = plan(1, 1, 2).settled();
    w.peer(P[0]).votes = Votes::Shapeless;
    w.kill(M);
    w.until("+sdown", 3_000);
    w.run(10_000);
    assert!(asks(&w, 0).len() <= 30, "{:?}", asks(&w, 0).len());
}

#[test]
fn a_peer_that_asks_us_about_a_master_we_hold_down_is_asked_back_at_once() {
    let mut w = sdown_alone(1, 2);
    w.run(3_500);
    let last = *asks(&w, 0).last().unwrap();
    w.run_to(last + 500);
    w.asked_by(
        ip(M),
        6379,
        0,
        None,
        Some(&format!("sentinel-{}-cmd", &peer_id(0)[..8])),
    );
    assert_eq!(asks(&w, 0).last(), Some(&w.now));
    let before = asks(&w, 0).len();
    w.run(10);
    for _ in 0..5 {
        w.asked_by(ip(M), 6379, 0, None, Some("sentinel-bbbbbbbb-cmd"));
    }
    assert_eq!(asks(&w, 0).len(), before, "at most once per 20 ms");
}

#[test]
fn a_peer_that_asks_us_while_our_ask_is_unanswered_is_asked_again_as_soon_as_it_answers() {
    let mut w = sdown_alone(1, 2);
    let asked = *asks(&w, 0).last().unwrap();
    assert_eq!(asked, w.now, "the answer is on its way");
    let name = format!("sentinel-{}-cmd", &peer_id(0)[..8]);
    w.asked_by(ip(M), 6379, 0, None, Some(&name));
    assert_eq!(asks(&w, 0).last(), Some(&asked), "one ask at a time");
    w.run(10);
    let again: Vec<u64> = asks(&w, 0).into_iter().filter(|t| *t > asked).collect();
    assert_eq!(again, [asked + 2], "in the turn of the answer");
}

#[test]
fn an_incoming_ask_is_a_hint_and_never_counted() {
    let mut w = sdown_alone(1, 2);
    w.run(3_000);
    w.freeze(P[0]);
    for _ in 0..10 {
        w.asked_by(ip(M), 6379, 0, None, Some("sentinel-bbbbbbbb-cmd"));
        w.run(50);
    }
    assert!(!w.was_told("+odown"));
}

#[test]
fn a_lost_ask_is_repeated_as_soon_as_the_peer_is_connected_again() {
    let mut w = plan(1, 1, 2).settled();
    w.kill(P[0]);
    w.kill(M);
    w.peer(P[0]).down = true;
    w.until("+sdown", 3_000);
    w.run(4_000);
    w.revive(P[0]);
    w.run(1_100);
    assert!(w.was_told("+odown"), "{}", w.story());
}

#[test]
fn no_ask_is_in_flight_twice_while_the_socket_answers() {
    let mut w = plan(1, 2, 2).settled();
    w.host(P[0]).round_trip = 300;
    w.host(P[1]).round_trip = 300;
    w.kill(M);
    w.until("+sdown", 3_000);
    w.run(2_000);
    let times = asks(&w, 0);
    assert!(times.windows(2).all(|p| p[1] - p[0] >= 300), "{times:?}");
}

#[test]
fn odown_may_end_during_an_own_failover_without_ending_it() {
    let mut w = plan(1, 2, 2).settled();
    w.server(R[0]).obedience = super::hosts::Obedience::Ignores;
    w.kill_master();
    w.until("+failover-state-wait-promotion", 5_000);
    w.revive(M);
    w.peers_say_down(false);
    w.until("-odown", 3_000);
    w.run(1_000);
    assert_eq!(
        w.view().masters[0].failover_state,
        Some("wait_promotion"),
        "{}",
        w.story()
    );
}

#[test]
fn a_master_down_without_a_failover_is_explained_once() {
    let mut w = sdown_alone(2, 2);
    w.run(60_000);
    let why: Vec<_> = w
        .logs()
        .into_iter()
        .filter(|(_, l)| l.text.starts_with("No failover of"))
        .map(|(_, l)| l.text.clone())
        .collect();
    assert_eq!(why.len(), 1, "{why:?}");
}

#[test]
fn a_quorum_above_the_number_of_voters_never_reaches_odown_and_says_so() {
    let mut w = plan(1, 1, 5).settled();
    w.kill_master();
    w.run(30_000);
    assert!(!w.was_told("+odown"));
    assert!(
        w.logs()
            .iter()
            .any(|(_, l)| l.text.contains("can never be reached"))
    );
}

#[test]
fn in_a_late_turn_an_expired_report_is_not_counted() {
    let mut w = sdown_alone(1, 2);
    w.peer(P[0]).down = true;
    w.peer(P[0]).votes = Votes::Never;
    w.until("+odown", 2_000);
    let (reported, _) = w.told("+odown")[0];
    w.revive(M);
    w.until("-odown", 3_000);
    w.peer(P[0]).votes = Votes::Silent;
    // The master hangs again: it would be down shortly before the report expires. The turn comes
    // after both.
    w.run_to(reported + 3_500);
    w.freeze(M);
    w.run_to(reported + 4_200);
    assert_eq!(w.told("+sdown").len(), 1);
    w.stall(1_500);
    assert_eq!(w.told("+sdown").len(), 2, "{}", w.story());
    assert_eq!(w.told("+odown").len(), 1, "{}", w.story());
}
