//! Both kinds in one quorum: they discover each other, vote for each other, and take the new
//! configuration from each other. Who leads is fixed by the quorum each one is configured with.

use crate::failover::assert_one_failover;
use crate::harness::{Cluster, Daemon, LONG, Plan};

const OURS: Daemon = Daemon::Rsentinel;
const REFERENCE: Daemon = Daemon::Reference;

fn failover_led_by(leader: usize, daemons: &[Daemon]) {
    let mut cluster = Cluster::start(&Plan::of(daemons).led_by(leader));
    cluster.subscribe();
    let old = cluster.servers[0].port();
    cluster.servers[0].process().kill();
    let new = cluster.wait_new_master(old, LONG);
    cluster.wait_followers(new, &cluster.ports_without(&[old, new]), LONG);
    assert_one_failover(&cluster, old, new);
    assert_eq!(cluster.leaders(), [leader]);

    let id = cluster.sentinels[leader]
        .id()
        .expect("the leader has an id");
    let needed = daemons.len() / 2 + 1;
    let vote = format!("{id} ");
    let votes = cluster
        .events("+vote-for-leader")
        .iter()
        .filter(|line| line.rest.starts_with(&vote))
        .count();
    assert!(votes >= needed, "{votes} of {needed} votes for the leader");
    for (index, sentinel) in cluster
        .sentinels
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != leader)
    {
        let updates = sentinel.log().events("+config-update-from");
        assert_eq!(updates.len(), 1, "sentinel {index}: {updates:?}");
    }
}

#[test]
fn one_of_ours_leads_two_of_ours_and_one_reference() {
    failover_led_by(0, &[OURS, OURS, REFERENCE]);
}

#[test]
fn the_reference_leads_two_of_ours() {
    failover_led_by(2, &[OURS, OURS, REFERENCE]);
}

#[test]
fn one_of_ours_leads_two_references() {
    failover_led_by(0, &[OURS, REFERENCE, REFERENCE]);
}

#[test]
fn the_reference_leads_one_of_ours_and_another_reference() {
    failover_led_by(1, &[OURS, REFERENCE, REFERENCE]);
}

#[test]
fn one_of_ours_leads_a_group_of_three_ours_and_two_references() {
    failover_led_by(1, &[OURS, OURS, OURS, REFERENCE, REFERENCE]);
}

#[test]
fn the_reference_leads_a_group_of_three_ours_and_two_references() {
    failover_led_by(3, &[OURS, OURS, OURS, REFERENCE, REFERENCE]);
}
