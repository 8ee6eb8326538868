//! `parallel-syncs`: how many replicas may be busy with the new master at once.

use std::collections::BTreeSet;

use crate::harness::{Cluster, Daemon, LONG, Plan, ServerOptions};

fn reconfigure(parallel_syncs: u32) {
    let mut plan = Plan::of(&[Daemon::Rsentinel; 3]).led_by(0);
    plan.replicas = vec![ServerOptions::default(); 4];
    plan.parallel_syncs = parallel_syncs;
    plan.failover_timeout = 30_000;
    let mut cluster = Cluster::start(&plan);
    cluster.subscribe();
    let old = cluster.servers[0].port();
    cluster.servers[0].process().kill();
    cluster.until("the failover ends", LONG, || {
        !cluster.subscribers[0].on("+failover-end").is_empty()
    });

    let mut busy = BTreeSet::new();
    let mut done = BTreeSet::new();
    let mut most = 0;
    for event in cluster.subscribers[0].heard() {
        match event.channel.as_str() {
            "+slave-reconf-sent" => {
                assert!(busy.insert(event.payload.clone()), "told twice: {event:?}")
            }
            "+slave-reconf-done" => {
                assert!(
                    busy.remove(&event.payload),
                    "done but never told: {event:?}"
                );
                done.insert(event.payload);
            }
            "+failover-end" => break,
            _ => {}
        }
        most = most.max(busy.len());
    }
    assert_eq!(done.len(), 3, "{done:?}");
    assert!(busy.is_empty(), "{busy:?}");
    assert_eq!(
        most, parallel_syncs as usize,
        "replicas that were busy at once"
    );
    let new = cluster.wait_new_master(old, LONG);
    cluster.wait_followers(new, &cluster.ports_without(&[old, new]), LONG);
}

#[test]
fn with_parallel_syncs_1_replicas_follow_one_after_the_other() {
    reconfigure(1);
}

#[test]
fn with_parallel_syncs_2_two_replicas_are_busy_at_once_but_never_three() {
    reconfigure(2);
}
