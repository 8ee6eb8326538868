//! `SENTINEL FAILOVER`: the operator moves the master.

use crate::failover::assert_one_failover;
use crate::harness::{Cluster, Daemon, LONG, Plan, ServerOptions};

fn manual_failover(daemons: &[Daemon]) {
    let mut cluster = Cluster::start(&Plan::of(daemons));
    cluster.subscribe();
    let old = cluster.servers[0].port();
    let reply = cluster.sentinels[0].ask(&["SENTINEL", "FAILOVER", "mymaster"]);
    assert_eq!(reply.map(|reply| reply.text()).as_deref(), Some("OK"));
    let new = cluster.wait_new_master(old, LONG);
    cluster.wait_followers(new, &cluster.ports_without(&[new]), LONG);
    cluster.wait_discovered(LONG);
    assert_one_failover(&cluster, old, new);
    assert_eq!(cluster.leaders(), [0]);
    let down = cluster.events("+sdown");
    assert!(
        down.iter().all(|line| !line.rest.starts_with("master ")),
        "{down:?}"
    );
}

#[test]
fn an_operator_moves_a_healthy_master_and_the_old_one_becomes_a_replica() {
    manual_failover(&[Daemon::Rsentinel; 3]);
}

#[test]
fn an_operator_moves_a_healthy_master_in_a_mixed_group() {
    manual_failover(&[Daemon::Rsentinel, Daemon::Reference, Daemon::Reference]);
}

#[test]
fn an_operator_is_refused_when_no_replica_can_be_promoted() {
    let mut plan = Plan::of(&[Daemon::Rsentinel]);
    plan.quorum = 1;
    plan.replicas = vec![ServerOptions {
        priority: Some(0),
        ..ServerOptions::default()
    }];
    let cluster = Cluster::start(&plan);
    let reply = cluster.sentinels[0].ask(&["SENTINEL", "FAILOVER", "mymaster"]);
    let text = reply.expect("the sentinel answers").text();
    assert_eq!(text, "NOGOODSLAVE No suitable replica to promote");
    let unknown = cluster.sentinels[0].ask(&["SENTINEL", "FAILOVER", "nobody"]);
    assert_eq!(
        unknown.expect("the sentinel answers").text(),
        "ERR No such master with that name"
    );
    assert_eq!(cluster.events("+try-failover").len(), 0);
}
