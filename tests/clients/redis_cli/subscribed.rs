//! redis-cli in SUBSCRIBE mode.

use std::path::Path;

use super::{both, normal};
use crate::harness::{Cluster, MASTER, Process, SHORT, until};

/// What redis-cli prints when it subscribes and then `SENTINEL SET` makes an event.
fn seen(cluster: &Cluster, one: usize, options: &[&str], subscription: &[&str]) -> String {
    let sentinel = &cluster.sentinels[one];
    let port = sentinel.port().to_string();
    let words = [&["-p", &port], options, subscription].concat();
    let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    let log = cluster
        .directory()
        .join(format!("{}-{one}.log", words.join("-").replace('*', "")));
    let _redis_cli = Process::start(Path::new("redis-cli"), &words, cluster.directory(), &log);
    let output = || String::from_utf8_lossy(&std::fs::read(&log).unwrap_or_default()).into_owned();
    until(cluster.directory(), "redis-cli subscribes", SHORT, || {
        output().contains("subscribe").then_some(())
    });
    sentinel.ask(&["SENTINEL", "SET", MASTER, "parallel-syncs", "1"]);
    let payload = "parallel-syncs 1";
    until(
        cluster.directory(),
        "redis-cli prints the event",
        SHORT,
        || {
            let output = output();
            let after = output.split(payload).nth(1)?;
            after.contains('\n').then_some(())
        },
    );
    normal(&output())
}

#[test]
fn events_that_redis_cli_prints_are_the_same() {
    let cluster = both();
    let subscribe = ["subscribe", "+set"];
    // One pattern: in which order an event comes for several is not specified.
    let psubscribe = ["psubscribe", "*set"];
    let all: [(&[&str], &[&str]); 6] = [
        (&[], &subscribe),
        (&["--no-raw"], &subscribe),
        (&["-3", "--no-raw"], &subscribe),
        (&["--csv"], &subscribe),
        (&["--no-raw"], &psubscribe),
        (&["-3"], &psubscribe),
    ];
    for (options, subscription) in all {
        let [reference, ours] = [0, 1].map(|one| seen(&cluster, one, options, subscription));
        assert!(reference.contains("+set"), "{reference}");
        assert_eq!(ours, reference, "{options:?} {subscription:?}");
    }
}
