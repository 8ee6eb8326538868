//! SLAVEOF NO ONE, its proof, its refusal, its unknown outcome.

use rsentinel::core::Ask;
use rsentinel::core::action::Action;
use rsentinel::wire::Role;

use super::cluster::*;
use super::hosts::{InfoReply, Obedience};
use super::world::{World, epoch_of};

fn no_ones(w: &World) -> Vec<(u64, String)> {
    w.slaveofs()
        .into_iter()
        .filter(|(_, _, target)| target.is_none())
        .map(|(at, to, _)| (at, to.to_string()))
        .collect()
}

/// R0 is best, R1 second; R0 treats SLAVEOF so.
fn elected(obedience: Obedience) -> World {
    let mut w = plan(3, 0, 1).settled();
    w.server(R[0]).offset = 900;
    w.server(R[1]).offset = 500;
    w.server(R[0]).obedience = obedience;
    w.kill(M);
    w.until("+failover-state-wait-promotion", 5_000);
    w
}

#[test]
fn info_is_asked_right_behind_exec_on_the_same_socket() {
    let w = elected(Obedience::Obeys);
    let sends: Vec<_> = w
        .done
        .iter()
        .filter_map(|d| match &d.action {
            Action::Send { conn, ask, .. } => Some((*conn, ask.clone())),
            _ => None,
        })
        .collect();
    let at = sends
        .iter()
        .position(|(_, ask)| matches!(ask, Ask::Replicate { target: None, .. }))
        .unwrap();
    let conn = sends[at].0;
    let next = sends[at + 1..].iter().find(|(c, _)| *c == conn).unwrap();
    assert_eq!(next.1, Ask::Info);
}

#[test]
fn info_is_repeated_each_100_ms_until_the_role_is_master() {
    let mut w = elected(Obedience::Ignores);
    let start = w.now;
    w.run(2_000);
    let infos = w.times_of(R[0], |a| *a == Ask::Info);
    let since: Vec<u64> = infos.into_iter().filter(|t| *t > start).collect();
    assert!((17..=20).contains(&since.len()), "{since:?}");
    assert!(!w.was_told("+promoted-slave"));
    w.server(R[0]).role = Role::Master;
    let now = w.now;
    let at = w.until("+promoted-slave", 1_000);
    assert!(at - now <= 105);
}

#[test]
fn only_info_proves_a_promotion_not_the_answer_to_exec() {
    let mut w = plan(1, 0, 1).settled();
    w.kill(M);
    w.until("+failover-state-select-slave", 3_000);
    w.server(R[0]).info = InfoReply::Silent;
    w.run(10_000);
    assert_eq!(no_ones(&w).len(), 1);
    assert!(!w.was_told("+promoted-slave"), "{}", w.story());
}

#[test]
fn a_promotion_that_is_never_proved_is_given_up_after_the_failover_timeout() {
    let mut w = elected(Obedience::Ignores);
    let start = w.now;
    let end = w.until("-failover-abort-slave-timeout", 30_000);
    assert_eq!(end, start + 20_001);
    assert_eq!(w.told("-failover-abort-slave-timeout")[0].1, MASTER);
    let view = w.view().masters[0].clone();
    assert_eq!(view.failover_state, None);
    assert!(
        view.replicas
            .iter()
            .all(|r| !r.instance.flags.contains("promoted"))
    );
}

#[test]
fn a_definite_refusal_moves_on_to_the_next_replica_within_the_same_epoch() {
    let mut w = elected(Obedience::Refuses);
    let at = w.until("+promoted-slave", 3_000);
    let told: Vec<String> = no_ones(&w).into_iter().map(|(_, to)| to).collect();
    assert_eq!(told, [R[0], R[1]]);
    assert!(at - no_ones(&w)[0].0 < 100);
    assert_eq!(w.last_state().masters[0].config_epoch, epoch_of(1));
    assert_eq!(w.told("+elected-leader").len(), 1);
    assert_eq!(w.told("+selected-slave")[1].1, replica(1));
}

#[test]
fn when_every_replica_refuses_the_failover_is_aborted() {
    let mut w = plan(2, 0, 1).settled();
    for r in [R[0], R[1]] {
        w.server(r).obedience = Obedience::Refuses;
    }
    w.kill(M);
    w.until("-failover-abort-no-good-slave", 5_000);
    assert_eq!(no_ones(&w).len(), 2);
}

#[test]
fn an_unclear_or_lost_answer_moves_on_to_nobody() {
    let mut w = elected(Obedience::Mumbles);
    w.run(15_000);
    assert_eq!(no_ones(&w).len(), 1);
    let mut w = elected(Obedience::Ignores);
    w.kill(R[0]);
    w.run(15_000);
    assert_eq!(no_ones(&w).len(), 1);
    assert_eq!(w.view().masters[0].failover_state, Some("wait_promotion"));
}

#[test]
fn a_promotion_whose_answer_was_lost_is_proved_after_the_reconnect() {
    let mut w = elected(Obedience::Ignores);
    w.kill(R[0]);
    w.run(500);
    w.revive(R[0]);
    w.server(R[0]).role = Role::Master;
    w.until("+promoted-slave", 2_000);
    assert_eq!(no_ones(&w).len(), 1);
}

#[test]
fn a_refusal_in_tilt_sends_nothing_until_tilt_is_over() {
    let mut w = plan(2, 0, 1).settled();
    w.server(R[0]).offset = 900;
    w.server(R[0]).obedience = Obedience::Refuses;
    w.host(R[0]).round_trip = 50;
    w.kill(M);
    w.until("+failover-state-wait-promotion", 5_000);
    w.stall(3_000);
    w.run(5_000);
    assert_eq!(no_ones(&w).len(), 1, "{}", w.story());
}

#[test]
fn a_promoted_replica_that_already_reports_master_is_proved_by_its_next_info() {
    let mut w = plan(1, 0, 1).settled();
    w.server(R[0]).role = Role::Master;
    w.run(7_000);
    w.kill(M);
    w.until("+switch-master", 5_000);
}

#[test]
fn the_failover_epoch_becomes_the_configuration_epoch() {
    let mut w = plan(1, 0, 1)
        .process(|c| c.current_epoch = epoch_of(41))
        .settled();
    w.kill(M);
    w.until("+switch-master", 5_000);
    assert_eq!(w.last_state().masters[0].config_epoch, epoch_of(42));
    assert_eq!(w.last_state().current_epoch, epoch_of(42));
}
