//! Setting servers right that are not what the configuration says, and the waits before it.

use rsentinel::core::Ask;
use rsentinel::wire::Role;

use super::cluster::*;
use super::hosts::InfoReply;
use super::world::World;

fn quiet(replicas: usize) -> World {
    let mut w = plan(replicas, 0, 2).settled();
    w.run(20_000);
    w
}

fn contrary_since(w: &World) -> u64 {
    w.told("-role-change").last().expect("a role change").0
}

#[test]
fn a_rogue_master_is_demoted_when_it_has_reported_master_for_more_than_8000_ms() {
    let mut w = quiet(1);
    w.server(R[0]).role = Role::Master;
    let at = w.until("+convert-to-slave", 30_000);
    let since = contrary_since(&w);
    // The INFO is sent exactly when the wait is over.
    assert_eq!(at, since + 8_001 + 2);
    assert_eq!(
        w.slaveofs().last().unwrap().2,
        Some(("10.0.0.1".into(), 6379))
    );
    assert_eq!(w.told("+convert-to-slave")[0].1, replica(0));
}

#[test]
fn a_rogue_master_is_left_alone_while_the_master_is_down() {
    let mut w = quiet(1);
    w.server(R[0]).role = Role::Master;
    w.until("-role-change", 11_000);
    w.kill(M);
    w.run(60_000);
    assert!(!w.was_told("+convert-to-slave"));
    assert!(w.slaveofs().is_empty());
}

#[test]
fn a_rogue_master_is_left_alone_while_the_masters_info_is_old_or_says_slave() {
    let mut w = quiet(1);
    w.server(M).info = InfoReply::Silent;
    w.run(25_000);
    w.server(R[0]).role = Role::Master;
    w.run(30_000);
    assert!(!w.was_told("+convert-to-slave"));
    let mut w = quiet(1);
    w.server(M).role = Role::Replica;
    w.server(R[0]).role = Role::Master;
    w.run(20_000);
    assert!(!w.was_told("+convert-to-slave"), "{}", w.story());
}

#[test]
fn a_server_that_went_down_lately_is_not_corrected_until_8000_ms_after() {
    let mut w = quiet(1);
    w.kill(R[0]);
    w.until("+sdown", 3_000);
    w.run(3_000);
    w.server(R[0]).role = Role::Master;
    w.revive(R[0]);
    let at = w.until("+convert-to-slave", 30_000);
    let since = contrary_since(&w);
    assert!(at > since + 8_000);
}

#[test]
fn a_rogue_master_that_ignores_the_command_is_told_again_at_each_info_only() {
    let mut w = quiet(1);
    w.server(R[0]).role = Role::Master;
    w.server(R[0]).obedience = super::hosts::Obedience::Ignores;
    w.until("+convert-to-slave", 30_000);
    w.run(60_000);
    let told = w.told("+convert-to-slave").len();
    assert!((5..=8).contains(&told), "{told}");
}

#[test]
fn a_replica_of_another_master_is_set_right_after_the_failover_timeout() {
    let mut w = quiet(1);
    w.server(R[0]).master = Some(("10.0.0.9".into(), 6379));
    let changed = w.now;
    let at = w.until("+fix-slave-config", 60_000);
    assert!(at > changed + 20_000);
    let infos = w.times_of(R[0], |a| *a == Ask::Info);
    // The first INFO that showed it, and the one sent when the wait was over.
    let first = *infos.iter().find(|t| **t >= changed).unwrap();
    assert_eq!(at, first + 2 + 20_001 + 2);
    assert_eq!(
        w.slaveofs().last().unwrap().2,
        Some(("10.0.0.1".into(), 6379))
    );
    w.run(60_000);
    assert_eq!(w.told("+fix-slave-config").len(), 1);
}

#[test]
fn a_changed_port_counts_as_another_master() {
    let mut w = quiet(1);
    w.server(R[0]).master = Some(("10.0.0.1".into(), 6380));
    w.until("+fix-slave-config", 60_000);
}

#[test]
fn the_wait_starts_anew_with_each_change() {
    let mut w = quiet(1);
    w.server(R[0]).master = Some(("10.0.0.9".into(), 6379));
    w.run(15_000);
    w.server(R[0]).master = Some(("10.0.0.8".into(), 6379));
    let changed = w.now;
    let at = w.until("+fix-slave-config", 60_000);
    assert!(at > changed + 20_000);
}

#[test]
fn a_misdirected_replica_is_left_alone_while_the_master_is_not_sane() {
    let mut w = quiet(1);
    w.server(R[0]).master = Some(("10.0.0.9".into(), 6379));
    w.run(11_000);
    w.kill(M);
    w.run(60_000);
    assert!(!w.was_told("+fix-slave-config"));
}

#[test]
fn a_master_that_reports_slave_is_not_corrected_by_command() {
    let mut w = quiet(1);
    w.server(M).role = Role::Replica;
    w.server(M).master = Some(("10.0.0.9".into(), 6379));
    w.run(60_000);
    assert!(w.slaveofs().is_empty());
    assert!(w.was_told("+sdown"));
}

#[test]
fn nothing_is_corrected_in_tilt() {
    let mut w = quiet(2);
    w.server(R[0]).role = Role::Master;
    w.until("-role-change", 11_000);
    w.stall(3_000);
    let entered = w.now;
    w.run(29_000);
    assert!(w.slaveofs().is_empty());
    w.run(15_000);
    assert!(w.was_told("+convert-to-slave"));
    assert!(w.told("+convert-to-slave")[0].0 >= entered + 30_000);
}

#[test]
fn role_changes_are_told_with_a_sign_for_whether_they_fit_the_record() {
    let mut w = quiet(1);
    w.server(R[0]).role = Role::Master;
    w.until("-role-change", 11_000);
    assert_eq!(
        w.told("-role-change")[0].1,
        format!("{} new reported role is master", replica(0))
    );
    w.server(R[0]).role = Role::Replica;
    w.until("+role-change", 15_000);
    assert_eq!(
        w.told("+role-change")[0].1,
        format!("{} new reported role is slave", replica(0))
    );
    w.server(R[0]).role = Role::Unknown;
    w.until("-role-change", 15_000);
    assert!(w.told("-role-change")[1].1.ends_with("role is slave"));
}

#[test]
fn the_promoted_server_of_an_own_failover_is_never_demoted() {
    let mut w = plan(2, 0, 2).settled();
    w.server(R[1]).sync_ms = 15_000;
    w.force();
    w.until("+promoted-slave", 3_000);
    // The old master is alive and sane, the promoted one reports master for long.
    w.run(30_000);
    for (_, to, target) in w.slaveofs() {
        assert!(target.is_none() || to.to_string() != R[0], "{}", w.story());
    }
}

/// A forced failover in RECONF_SLAVES: the first replica is promoted, the second resynchronises, and
/// the third, which waits for its turn, calls itself a master.
fn reconfiguring_beside_a_rogue() -> World {
    let mut w = quiet(3);
    w.server(R[0]).offset = 900;
    w.server(R[1]).sync_ms = 60_000;
    w.force();
    w.until("+promoted-slave", 3_000);
    w.server(R[2]).role = Role::Master;
    w
}

fn told_to(w: &World, server: &str) -> Vec<Option<(String, u16)>> {
    let told = w.slaveofs().into_iter();
    told.filter(|(_, to, _)| to.to_string() == server)
        .map(|(_, _, target)| target)
        .collect()
}

#[test]
fn once_a_promotion_is_public_a_rogue_master_is_told_to_follow_the_promoted_server() {
    let mut w = reconfiguring_beside_a_rogue();
    w.until("+convert-to-slave", 15_000);
    assert_eq!(w.view().masters[0].failover_state, Some("reconf_slaves"));
    assert_eq!(told_to(&w, R[2]), [Some((ip(R[0]).to_owned(), 6379))]);
}

#[test]
fn nobody_is_corrected_towards_a_promoted_server_that_does_not_say_it_is_a_master() {
    let mut w = reconfiguring_beside_a_rogue();
    // Another sentinel has demoted it; the old master is well, and says so.
    w.server(R[0]).role = Role::Replica;
    w.server(R[0]).master = Some((ip(M).to_owned(), 6379));
    w.run(15_000);
    assert_eq!(w.view().masters[0].failover_state, Some("reconf_slaves"));
    assert!(!w.was_told("+convert-to-slave"), "{}", w.story());
    assert_eq!(told_to(&w, R[2]), []);
    w.server(R[0]).role = Role::Master;
    w.until("+convert-to-slave", 2_000);
}
