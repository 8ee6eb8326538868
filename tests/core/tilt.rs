//! TILT: this process stood still.

use rsentinel::core::Ask;
use rsentinel::core::event::{Event, Instruction};
use rsentinel::types::{Mono, Now, Wall};

use super::cluster::*;
use super::world::World;

fn tilted(replicas: usize, peers: usize, quorum: u32) -> World {
    let mut w = plan(replicas, peers, quorum).settled();
    w.stall(2_101);
    assert!(w.was_told("+tilt"));
    w
}

#[test]
fn a_turn_more_than_2000_ms_late_enters_tilt_and_an_earlier_one_does_not() {
    // Nothing to do: only the heartbeat's turns.
    let mut w = plan(0, 0, 2).settled();
    w.instruct(Instruction::Remove { name: name() });
    w.run(1_000);
    let last = w.now / 100 * 100;
    w.run_to(last);
    w.stall(2_000);
    assert!(!w.was_told("+tilt"));
    w.stall(2_001);
    assert_eq!(w.told("+tilt"), vec![(w.now, "#tilt mode entered")]);
    assert!(w.view().tilt);
    assert_eq!(w.view().total_tilt, 1);
}

#[test]
fn tilt_ends_thirty_seconds_after_its_last_trigger() {
    let mut w = tilted(0, 0, 2);
    w.run(10_000);
    w.stall(5_000);
    let again = w.now;
    assert_eq!(w.told("+tilt").len(), 2, "the event is repeated");
    assert_eq!(w.until("-tilt", 40_000), again + 30_000);
    assert_eq!(w.told("-tilt")[0].1, "#tilt mode exited");
    assert!(!w.view().tilt);
}

#[test]
fn a_jump_of_the_wall_clock_is_no_reason_for_tilt() {
    let mut w = plan(0, 0, 2).settled();
    w.core.handle(
        Now {
            mono: Mono(w.now + 1),
            wall: Wall(5),
        },
        Event::Tick,
    );
    while w.core.poll_action().is_some() {}
    assert!(!w.view().tilt);
}

#[test]
fn nothing_goes_down_or_comes_back_in_tilt() {
    let mut w = tilted(1, 1, 1);
    w.kill(M);
    w.kill(R[0]);
    w.run(20_000);
    assert!(!w.was_told("+sdown") && !w.was_told("+odown"));
    w.run(9_000);
    let end = w.until_or_now("-tilt", 5_000);
    w.run_to(end + 1_000);
    assert!(w.was_told("+sdown"));
    let mut w = plan(0, 0, 1).settled();
    w.kill(M);
    w.until("+odown", 3_000);
    w.stall(3_000);
    w.revive(M);
    w.run(20_000);
    assert!(!w.was_told("-sdown") && !w.was_told("-odown"));
    w.run(15_000);
    assert!(w.was_told("-sdown") && w.was_told("-odown"));
}

#[test]
fn in_tilt_down_is_always_answered_0() {
    let mut w = plan(0, 0, 1).settled();
    w.kill(M);
    w.until("+sdown", 3_000);
    w.stall(3_000);
    let waiter = w.asked(ip(M), 6379, 0, None);
    assert_eq!(w.opinion(waiter), Some((false, "*".into(), 0)));
}

#[test]
fn no_peer_is_asked_in_tilt() {
    let mut w = plan(0, 1, 2).settled();
    w.kill(M);
    w.until("+sdown", 3_000);
    w.stall(3_000);
    let start = w.now;
    w.run(25_000);
    let asks = w.times_of(P[0], |a| matches!(a, Ask::MasterDown { .. }));
    assert_eq!(asks.into_iter().filter(|t| *t > start).count(), 0);
}

#[test]
fn pings_info_hellos_and_discovery_go_on_in_tilt() {
    let mut w = tilted(0, 1, 2);
    let start = w.now;
    w.server(M).replicas = vec![("10.0.0.2".into(), 6379)];
    w.run(20_000);
    for which in [
        |a: &Ask| *a == Ask::Ping,
        |a: &Ask| *a == Ask::Info,
        |a: &Ask| matches!(a, Ask::Hello { .. }),
    ] {
        assert!(w.times_of(M, which).into_iter().any(|t| t > start + 1_000));
    }
    assert!(w.was_told("+slave"));
}

#[test]
fn a_failover_stands_still_in_tilt_and_goes_on_after_it() {
    let mut w = plan(2, 2, 2).settled();
    w.server(R[0]).offset = 900;
    w.kill_master();
    w.until("+failover-state-wait-promotion", 5_000);
    w.stall(3_000);
    w.run(25_000);
    assert!(!w.was_told("+promoted-slave") && !w.was_told("-failover-abort-slave-timeout"));
    w.run(10_000);
    assert!(w.was_told("-failover-abort-slave-timeout") || w.was_told("+promoted-slave"));
}

#[test]
fn no_slaveof_leaves_in_tilt() {
    for stop in [
        "+try-failover",
        "+failover-state-wait-promotion",
        "+promoted-slave",
    ] {
        let mut w = plan(3, 2, 2).settled();
        w.server(R[0]).offset = 900;
        w.server(R[1]).sync_ms = 700;
        w.kill_master();
        w.until(stop, 5_000);
        w.stall(3_000);
        let before = w.slaveofs().len();
        w.run(29_000);
        assert_eq!(w.slaveofs().len(), before, "after {stop}\n{}", w.story());
    }
}

#[test]
fn half_open_sockets_are_not_replaced_in_tilt() {
    use rsentinel::core::action::Socket;
    let mut w = plan(0, 0, 2).start();
    w.run(20_000);
    w.stall(3_000);
    w.freeze(M);
    w.run(25_000);
    assert_eq!(w.connects_to(M, Socket::Command).len(), 1);
    w.run(10_000);
    assert!(w.connects_to(M, Socket::Command).len() > 1);
}

#[test]
fn after_tilt_every_replica_is_judged_anew_before_one_is_chosen() {
    let mut w = plan(2, 2, 2).settled();
    w.server(R[1]).priority = 10;
    w.run(11_000);
    w.kill(R[1]);
    w.until("+sdown", 5_000);
    w.kill_master();
    // The other replica hangs before it can say how far it got, so the leader waits for it.
    w.run(800);
    w.freeze(R[0]);
    w.until("+failover-state-select-slave", 5_000);
    w.stall(3_000);
    for server in [M, R[0], R[1]] {
        w.revive(server);
    }
    w.run(35_000);
    let chosen: Vec<&str> = w.told("+selected-slave").into_iter().map(|t| t.1).collect();
    assert_eq!(chosen.len(), 1, "{}", w.story());
    assert!(chosen[0].contains("10.0.0.3"), "{}", w.story());
}
