//! Scripts in a failover: what they are called with, and in which order.

use std::collections::BTreeMap;

use tempfile::TempDir;

use crate::harness::{
    Cluster, Daemon, LONG, MASTER, Plan, Recorder, SHORT, Sentinel, UNTIL_SENTINEL_ENDS, Voice,
};

/// A plan whose sentinels call recorders; the directory holds these.
fn recorded(plan: Plan, then: &str) -> (Plan, Vec<Recorder>, TempDir) {
    let directory = TempDir::new().expect("a temporary directory");
    let recorders: Vec<Recorder> = (0..plan.sentinels.len())
        .map(|index| Recorder::new(directory.path(), &format!("script-{index}"), then))
        .collect();
    let lines = |recorder: &Recorder| {
        let path = recorder.path();
        vec![
            format!("sentinel notification-script {MASTER} {path}"),
            format!("sentinel client-reconfig-script {MASTER} {path}"),
        ]
    };
    let lines_of = recorders.iter().map(lines).collect();
    (Plan { lines_of, ..plan }, recorders, directory)
}

fn is_reconfiguration(words: &[String]) -> bool {
    words[0] == MASTER
}

/// Waits until every script that was called has ended.
fn wait_for_scripts(cluster: &Cluster) {
    cluster.until("no script runs or waits", SHORT, || {
        cluster.sentinels.iter().all(|sentinel| {
            let info = sentinel.ask(&["INFO", "sentinel"]);
            info.is_some_and(|text| text.text().contains("sentinel_scripts_queue_length:0\r\n"))
        })
    });
}

/// Names for what differs from cluster to cluster: ports and ids.
fn names_of(cluster: &Cluster) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (index, server) in cluster.servers.iter().enumerate() {
        names.insert(server.port_text(), format!("server-{index}"));
    }
    for (index, sentinel) in cluster.sentinels.iter().enumerate() {
        names.insert(sentinel.port().to_string(), format!("sentinel-{index}"));
        let id = sentinel.id().expect("the sentinel answers");
        names.insert(id, format!("id-{index}"));
    }
    names
}

fn with_names(words: &[String], names: &BTreeMap<String, String>) -> String {
    let word = |word: &str| {
        // A replica's name is `ip:port`.
        let named = word.split(':').map(|part| names.get(part).cloned());
        let parts = named.zip(word.split(':'));
        let parts: Vec<String> = parts
            .map(|(name, part)| name.unwrap_or_else(|| part.to_owned()))
            .collect();
        parts.join(":")
    };
    let text = words.join(" ");
    let named: Vec<String> = text.split(' ').map(word).collect();
    let text = named.join(" ");
    // How many agree, when enough do, may be all.
    let text = text.replace("#quorum 3/2", "#quorum 2/2");
    // An observer hears of the new configuration from the leader or from another observer.
    (0..names.len()).fold(text, |text, teller| {
        let told_by = |teller: &str| {
            format!("+config-update-from sentinel id-{teller} 127.0.0.1 sentinel-{teller} @")
        };
        text.replace(&told_by(&teller.to_string()), &told_by("first"))
    })
}

/// The calls of a failover, sentinel by sentinel, in their order. Left out is what comes whenever
/// its time has come: that others are down, and that the master is not agreed to be down any more
/// (observers, once they have switched, no longer say so; only a slow leader still hears it).
fn calls_of_a_failover(daemon: Daemon) -> Vec<Vec<String>> {
    let mut plan = Plan::of(&[daemon; 3]).led_by(0);
    // The same patience for both, and the same choice.
    plan.down_after = 1500;
    plan.replicas[0].priority = Some(10);
    assert_eq!(plan.sentinels[1].1, Voice::OnlyVotes);
    let (plan, recorders, _directory) = recorded(plan, "");
    let mut cluster = Cluster::start(&plan);
    wait_for_scripts(&cluster);
    let before: Vec<usize> = recorders.iter().map(|r| r.calls().len()).collect();
    let old = cluster.servers[0].port();
    cluster.servers[0].process().kill();
    let new = cluster.wait_new_master(old, LONG);
    assert_eq!(new, cluster.servers[1].port());
    cluster.until("every sentinel has called both scripts", LONG, || {
        recorders.iter().all(|recorder| {
            let calls = recorder.words();
            calls.iter().any(|words| is_reconfiguration(words))
                && calls.iter().any(|words| words[0] == "+switch-master")
        })
    });
    wait_for_scripts(&cluster);
    let names = names_of(&cluster);
    let of_one = |(recorder, before): (&Recorder, usize)| {
        let calls = recorder.words().split_off(before);
        let timeless = calls
            .iter()
            .filter(|words| words[0] != "+sdown" && words[0] != "-odown");
        timeless.map(|words| with_names(words, &names)).collect()
    };
    recorders.iter().zip(before).map(of_one).collect()
}

#[test]
fn in_a_failover_scripts_are_called_with_the_same_words_in_the_same_order_as_by_the_reference() {
    let reference = calls_of_a_failover(Daemon::Reference);
    let ours = calls_of_a_failover(Daemon::Rsentinel);
    assert_eq!(ours, reference);
    // What both must say, in case both say nothing.
    let switch = "mymaster 127.0.0.1 server-0 127.0.0.1 server-1";
    let reconfiguration =
        |part: &str| format!("mymaster {part} start 127.0.0.1 server-0 127.0.0.1 server-1");
    for (index, calls) in ours.iter().enumerate() {
        let part = if index == 0 { "leader" } else { "observer" };
        let of_clients: Vec<_> = calls.iter().filter(|c| c.starts_with(MASTER)).collect();
        assert_eq!(of_clients, [&reconfiguration(part)]);
        assert!(calls.contains(&format!("+switch-master {switch}")));
    }
}

/// Warnings in a log that are tied to a master, as the words of a call, sorted.
fn warnings(sentinel: &Sentinel) -> Vec<Vec<String>> {
    let untied = ["+tilt", "-tilt", "-script-error", "-script-timeout"];
    let mut lines = sentinel.log().lines();
    lines.retain(|line| {
        line.whole.split(' ').nth(5) == Some("#")
            && line.name.starts_with(['+', '-'])
            && !untied.contains(&line.name.as_str())
    });
    let mut calls: Vec<_> = lines.into_iter().map(|l| vec![l.name, l.rest]).collect();
    calls.sort();
    calls
}

/// The calls of a recorder that were for an event, sorted.
fn notifications(recorder: &Recorder) -> Vec<Vec<String>> {
    let mut calls = recorder.words();
    calls.retain(|words| !is_reconfiguration(words));
    calls.sort();
    calls
}

#[test]
fn every_warning_of_a_failover_and_of_a_stall_calls_the_script_if_it_is_tied_to_the_master() {
    let (plan, recorders, _directory) = recorded(Plan::of(&[Daemon::Rsentinel; 3]), "");
    let mut cluster = Cluster::start(&plan);
    // A peer and a replica go down, then the master; at last a sentinel stands still.
    cluster.sentinels[2].process().kill();
    cluster.servers[2].process().kill();
    cluster.sentinels.truncate(2);
    cluster.until("both are called down", LONG, || {
        cluster.events("+sdown").len() >= 4
    });
    let old = cluster.servers[0].port();
    cluster.servers[0].process().kill();
    cluster.wait_new_master(old, LONG);
    cluster.until("the switch is over", LONG, || {
        cluster.events("+switch-master").len() >= 2
    });
    cluster.sentinels[0].process().signal("STOP");
    let down_times = |cluster: &Cluster| -> Vec<u64> {
        let times = cluster.sentinels[1].fields_of("SENTINELS", "s-down-time");
        times.iter().filter_map(|time| time.parse().ok()).collect()
    };
    cluster.until(
        "it stands still for longer than a turn may take",
        LONG,
        || {
            let times = down_times(&cluster);
            times.len() == 2 && times.iter().all(|time| *time > 2_500)
        },
    );
    cluster.sentinels[0].process().signal("CONT");
    cluster.until("the stall is noticed, and its end", LONG, || {
        cluster.sentinels[0].log().count("+tilt") > 0 && down_times(&cluster).len() == 1
    });
    for (sentinel, recorder) in cluster.sentinels.iter().zip(&recorders) {
        cluster.until(
            "each warning has called the script, and nothing else has",
            SHORT,
            || {
                let calls = notifications(recorder);
                let of = |kind: &str| {
                    let kind = format!("{kind} ");
                    let down =
                        |words: &&Vec<String>| words[0] == "+sdown" && words[1].starts_with(&kind);
                    calls.iter().filter(down).count()
                };
                of("master") > 0
                    && of("slave") > 0
                    && of("sentinel") > 0
                    && calls == warnings(sentinel)
            },
        );
    }
}

#[test]
fn scripts_that_hang_delay_no_failover_and_others_wait_in_the_queue() {
    let plan = Plan::of(&[Daemon::Rsentinel; 3]);
    let (plan, recorders, _directory) = recorded(plan, UNTIL_SENTINEL_ENDS);
    let mut cluster = Cluster::start(&plan);
    cluster.subscribe();
    let old = cluster.servers[0].port();
    // Until no further script can start.
    for sentinel in &cluster.sentinels {
        for _ in 0..20 {
            let reply = sentinel.ask(&["SENTINEL", "SET", MASTER, "quorum", "2"]);
            assert_eq!(reply.expect("the sentinel answers").text(), "OK");
        }
    }
    cluster.until("sixteen run everywhere", SHORT, || {
        cluster.sentinels.iter().all(|sentinel| {
            let info = sentinel.ask(&["INFO", "sentinel"]);
            info.is_some_and(|text| text.text().contains("sentinel_running_scripts:16\r\n"))
        }) && recorders
            .iter()
            .all(|recorder| recorder.calls().len() == 16)
    });
    cluster.servers[0].process().kill();
    let new = cluster.wait_new_master(old, LONG);
    cluster.wait_followers(new, &cluster.ports_without(&[old, new]), LONG);
    crate::failover::assert_one_failover(&cluster, old, new);
    for (sentinel, recorder) in cluster.sentinels.iter().zip(&recorders) {
        assert_eq!(recorder.calls().len(), 16);
        let pending = sentinel.ask(&["SENTINEL", "PENDING-SCRIPTS"]);
        let pending = pending.expect("the sentinel answers");
        let (running, waiting) = pending.items().split_at(16);
        assert!(
            running
                .iter()
                .all(|job| job.field("flags").as_deref() == Some("running"))
        );
        assert!(waiting.len() > 5, "the events of the failover");
        for job in waiting {
            assert_eq!(job.field("flags").as_deref(), Some("scheduled"));
            assert_eq!(job.field("retry-num").as_deref(), Some("0"));
        }
    }
}
