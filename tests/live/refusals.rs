//! When a failover must not happen, or must not choose a certain replica.

use crate::harness::{Cluster, Daemon, LONG, Plan, SHORT, ServerOptions};

const OURS: Daemon = Daemon::Rsentinel;

fn of_priority(priority: u32) -> ServerOptions {
    ServerOptions {
        priority: Some(priority),
        ..ServerOptions::default()
    }
}

#[test]
fn without_the_quorum_nothing_fails_over_and_the_log_says_so() {
    let mut plan = Plan::of(&[OURS; 3]);
    plan.quorum = 3;
    let mut cluster = Cluster::start(&plan);
    let old = cluster.servers[0].port();
    let mut gone = cluster.sentinels.pop().expect("three sentinels");
    gone.process().kill();
    cluster.servers[0].process().kill();
    // Three times the time that was long enough to call it down.
    let enough = 3 * plan.down_after;
    cluster.until("both see the master down, for long", SHORT, || {
        cluster.sentinels.iter().all(|sentinel| {
            sentinel
                .number("s-down-time")
                .is_some_and(|time| time > enough)
        })
    });
    for sentinel in &cluster.sentinels {
        assert_eq!(sentinel.master_port(), Some(old));
        let log = sentinel.log();
        assert_eq!(log.count("+odown") + log.count("+try-failover"), 0);
        let lines = log.lines();
        let down = lines
            .iter()
            .position(|line| line.name == "+sdown" && line.rest.starts_with("master "));
        let after = &lines[down.expect("the master was called down")..];
        let told = after
            .iter()
            .any(|line| line.whole.contains("quorum") && line.whole.contains("2/3"));
        assert!(
            told,
            "no line tells that 2 of the 3 needed agree: {after:#?}"
        );
    }
}

#[test]
fn without_a_majority_a_candidate_gives_up_and_promotes_nobody() {
    let mut plan = Plan::of(&[OURS; 3]);
    plan.quorum = 1;
    plan.failover_timeout = 2000;
    let mut cluster = Cluster::start(&plan);
    let old = cluster.servers[0].port();
    for mut gone in cluster.sentinels.drain(1..) {
        gone.process().kill();
    }
    cluster.servers[0].process().kill();
    cluster.until("the candidate gives up", LONG, || {
        cluster.sentinels[0]
            .log()
            .count("-failover-abort-not-elected")
            > 0
    });
    assert!(cluster.leaders().is_empty());
    assert_eq!(cluster.sentinels[0].master_port(), Some(old));
    assert!(
        cluster.servers[1..]
            .iter()
            .all(|server| server.info("role").as_deref() == Some("slave"))
    );
}

#[test]
fn when_no_replica_may_be_promoted_the_failover_is_aborted() {
    let mut plan = Plan::of(&[OURS; 3]);
    plan.replicas = vec![of_priority(0), of_priority(0)];
    let mut cluster = Cluster::start(&plan);
    cluster.subscribe();
    let old = cluster.servers[0].port();
    cluster.servers[0].process().kill();
    cluster.until("somebody announces that no replica is good", LONG, || {
        cluster
            .subscribers
            .iter()
            .any(|subscriber| !subscriber.on("-failover-abort-no-good-slave").is_empty())
    });
    assert!(cluster.events("+selected-slave").is_empty());
    for sentinel in &cluster.sentinels {
        assert_eq!(sentinel.master_port(), Some(old));
    }
    assert!(
        cluster.servers[1..]
            .iter()
            .all(|server| server.info("role").as_deref() == Some("slave"))
    );
}

#[test]
fn a_replica_of_priority_zero_is_passed_over_and_the_lowest_other_number_wins() {
    let mut plan = Plan::of(&[OURS; 3]);
    plan.replicas = vec![of_priority(0), of_priority(100), of_priority(10)];
    let mut cluster = Cluster::start(&plan);
    let old = cluster.servers[0].port();
    cluster.servers[0].process().kill();
    let new = cluster.wait_new_master(old, LONG);
    assert_eq!(new, cluster.servers[3].port());
    cluster.wait_followers(new, &cluster.ports_without(&[old, new]), LONG);
}
