//! A sentinel that is asked to end, ends.

use std::fs;

use crate::harness::{Cluster, Daemon, Plan};

fn ends_cleanly(signal: &str) {
    let mut plan = Plan::of(&[Daemon::Rsentinel]);
    plan.quorum = 1;
    plan.replicas.truncate(1);
    let mut cluster = Cluster::start(&plan);
    let file = cluster.sentinels[0].file();
    // What was just discovered may still be on its way to the disk; this waits for it.
    cluster.sentinels[0].ask(&["SENTINEL", "FLUSHCONFIG"]);
    let before = fs::read(&file).expect("the file is there");
    let status = cluster.sentinels[0].end_by(signal);
    assert_eq!(status.code(), Some(0), "{status}");
    let lines = cluster.sentinels[0].log().lines();
    let last = lines.last().expect("it has logged");
    assert!(
        last.whole
            .ends_with("# Sentinel is now ready to exit, bye bye..."),
        "{last:?}"
    );
    let received = format!("Received SIG{signal} scheduling shutdown...");
    assert!(
        lines.iter().any(|line| line.whole.contains(&received)),
        "{lines:#?}"
    );
    assert_eq!(
        fs::read(&file).expect("the file is there"),
        before,
        "the file was rewritten at the end"
    );
}

#[test]
fn sigterm_ends_a_sentinel_with_exit_code_0_and_a_farewell() {
    ends_cleanly("TERM");
}

#[test]
fn sigint_ends_a_sentinel_with_exit_code_0_and_a_farewell() {
    ends_cleanly("INT");
}
