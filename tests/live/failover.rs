//! The master dies or freezes; the sentinels promote a replica, once, and agree on it.

use std::time::{Duration, Instant};

use crate::harness::{Cluster, Daemon, LONG, MASTER, Plan, SHORT};

/// What must be true of the sentinels after exactly one failover.
///
/// # Panics
/// When it is not.
pub fn assert_one_failover(cluster: &Cluster, old: u16, new: u16) {
    cluster.until("every sentinel has announced the switch", LONG, || {
        cluster
            .subscribers
            .iter()
            .all(|subscriber| !subscriber.on("+switch-master").is_empty())
    });
    let expected = format!("{MASTER} 127.0.0.1 {old} 127.0.0.1 {new}");
    for (index, subscriber) in cluster.subscribers.iter().enumerate() {
        let switches = subscriber.on("+switch-master");
        let payloads: Vec<_> = switches
            .iter()
            .map(|heard| heard.payload.as_str())
            .collect();
        assert_eq!(payloads, [expected.as_str()], "sentinel {index}");
        let then = switches[0].address_then.as_deref();
        assert_eq!(
            then,
            Some(new.to_string().as_str()),
            "what sentinel {index} answered at its +switch-master"
        );
    }
    assert_eq!(
        cluster.leaders().len(),
        1,
        "elected: {:?}",
        cluster.events("+elected-leader")
    );
    let epochs: Vec<_> = cluster
        .sentinels
        .iter()
        .map(|sentinel| sentinel.number("config-epoch"))
        .collect();
    assert!(
        epochs[0] > Some(0) && epochs.iter().all(|epoch| *epoch == epochs[0]),
        "config epochs {epochs:?}"
    );
}

fn killed_master(daemons: &[Daemon]) {
    let plan = Plan::of(daemons);
    let mut cluster = Cluster::start(&plan);
    cluster.subscribe();
    let old = cluster.servers[0].port();
    let death = Instant::now();
    cluster.servers[0].process().kill();
    let new = cluster.wait_new_master(old, LONG);
    let others = cluster.ports_without(&[old, new]);
    cluster.wait_followers(new, &others, LONG);
    assert_one_failover(&cluster, old, new);
    // A question that was on its way when the master died counts from before the death; more
    // than this it cannot be.
    let on_the_way = Duration::from_millis(50);
    let down_after = Duration::from_millis(plan.down_after);
    for heard in cluster
        .subscribers
        .iter()
        .flat_map(|subscriber| subscriber.on("+switch-master"))
    {
        let took = heard.at - death;
        assert!(
            took + on_the_way > down_after,
            "switched after {took:?}, before the master was down for {down_after:?}"
        );
    }

    let written = cluster
        .server(new)
        .ask(&["SET", "after", "failover"])
        .expect("the new master answers");
    assert_eq!(written.text(), "OK");
    cluster.until("the write reaches the other replica", SHORT, || {
        cluster
            .server(others[0])
            .ask(&["GET", "after"])
            .is_some_and(|value| value.text() == "failover")
    });
}

fn frozen_master(daemons: &[Daemon]) {
    let mut cluster = Cluster::start(&Plan::of(daemons));
    cluster.subscribe();
    let old = cluster.servers[0].port();
    cluster.servers[0].process().signal("STOP");
    let new = cluster.wait_new_master(old, LONG);
    let others = cluster.ports_without(&[old, new]);
    cluster.wait_followers(new, &others, LONG);
    assert_one_failover(&cluster, old, new);

    cluster.servers[0].process().signal("CONT");
    cluster.wait_followers(new, &[old], LONG);
    cluster.wait_discovered(LONG);
    assert_one_failover(&cluster, old, new);
}

#[test]
fn a_killed_master_is_replaced_once_and_all_sentinels_agree() {
    killed_master(&[Daemon::Rsentinel; 3]);
}

#[test]
fn a_killed_master_is_replaced_once_by_a_mixed_group() {
    killed_master(&[Daemon::Rsentinel, Daemon::Reference, Daemon::Rsentinel]);
}

#[test]
fn a_frozen_master_is_replaced_once_and_comes_back_as_a_replica() {
    frozen_master(&[Daemon::Rsentinel; 3]);
}

#[test]
fn a_frozen_master_is_replaced_once_by_a_mixed_group_and_comes_back_as_a_replica() {
    frozen_master(&[Daemon::Reference, Daemon::Rsentinel, Daemon::Reference]);
}
