//! After a failover and a RESET a sentinel holds what it held before.

use std::time::{Duration, Instant};

use crate::harness::{Cluster, Daemon, LONG, Plan, until};

/// How long a count must not change to be taken for settled: several hello periods of nothing
/// would be 2 s each; connections come and go within a few milliseconds of their cause.
const CALM: Duration = Duration::from_millis(500);

fn settled_files(cluster: &mut Cluster, index: usize) -> usize {
    let directory = cluster.directory().to_owned();
    let process = cluster.sentinels[index].process();
    let mut last = (process.open_files(), Instant::now());
    until(
        &directory,
        "the number of open files is settled",
        LONG,
        || {
            let count = process.open_files();
            if count != last.0 {
                last = (count, Instant::now());
            }
            (last.1.elapsed() > CALM).then_some(count)
        },
    )
}

#[test]
fn after_a_failover_and_a_reset_no_file_socket_or_process_is_left_over() {
    let mut plan = Plan::of(&[Daemon::Rsentinel; 3]);
    // A script for every event, so that processes come and go.
    plan.lines = vec!["sentinel notification-script mymaster /bin/true".to_owned()];
    let mut cluster = Cluster::start(&plan);
    let before: Vec<_> = (0..3)
        .map(|index| settled_files(&mut cluster, index))
        .collect();
    let old = cluster.servers[0].port();
    cluster.servers[0].process().signal("STOP");
    let new = cluster.wait_new_master(old, LONG);
    cluster.servers[0].process().signal("CONT");
    cluster.wait_followers(new, &cluster.ports_without(&[new]), LONG);
    for sentinel in &cluster.sentinels {
        let reset = sentinel.ask(&["SENTINEL", "RESET", "*"]);
        assert_eq!(reset.expect("the sentinel answers").text(), "1");
    }
    cluster.wait_discovered(LONG);
    let directory = cluster.directory().to_owned();
    for (sentinel, before) in cluster.sentinels.iter_mut().zip(before) {
        until(
            &directory,
            &format!("{before} open files again, and no child"),
            LONG,
            || {
                let process = sentinel.process();
                (process.open_files() == before && process.children().is_empty()).then_some(())
            },
        );
    }
}
