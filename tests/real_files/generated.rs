//! For any accepted file: its rewritten form is accepted by rsentinel and by redis-sentinel, and
//! yields the same state; what redis-sentinel makes of that yields the same again; comments and the
//! order of lines stay.
//!
//! The ordinary run starts processes on 30 files; `RSENTINEL_STARTED_FILES=1000` sets another
//! number. Many more are only read and rewritten.

use std::fs;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use rsentinel::config::{Conf, RewriteFacts, SentinelConf, parse, rewrite};
use rsentinel::server::conf_files::OnlyLooking;
use rsentinel::types::Address;

use crate::started::{Daemon, Started};

/// A word that both daemons write bare, so that both can read it again.
fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9.:_-]{1,10}"
}

fn id() -> impl Strategy<Value = String> {
    "[0-9a-f]{40}"
}

/// Addresses of documentation networks, where nobody answers.
fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        (1..255u8).prop_map(|n| format!("192.0.2.{n}")),
        (1..=u16::MAX).prop_map(|n| format!("2001:db8::{n:x}")),
    ]
}

/// Lines that redis-sentinel 7.0 accepts too.
fn generic_line() -> impl Strategy<Value = String> {
    let fixed = select(vec![
        "loglevel verbose",
        "loglevel Warning",
        "logfile \"\"",
        "protected-mode no",
        "protected-mode yes",
        "timeout 0",
        "timeout 30",
        "tcp-keepalive 60",
        "maxclients 5000",
        "maxmemory 100mb",
        "maxmemory-policy allkeys-lru",
        "save 900 1",
        "save \"\"",
        "appendonly no",
        "slave-priority 50",
        "replica-priority 100",
        "hash-max-ziplist-entries 5",
        "lua-replicate-commands yes",
        "client-output-buffer-limit normal 1mb 1kb 3",
        "client-query-buffer-limit 2mb",
        "syslog-ident x",
        "foo.bar baz",
        "acllog-max-len 7",
        "latency-tracking-info-percentiles 50 99",
        "tls-protocols \"TLSv1.2\"",
        "user alice on nopass ~* &* +@all",
        "user bob off",
        "user default on nopass ~* &* +@all",
        "sentinel",
        "sentinel deny-scripts-reconfig no",
        "sentinel deny-scripts-reconfig yes",
        "SENTINEL resolve-hostnames no",
        "sentinel announce-hostnames no",
        "sentinel announce-port 0",
    ]);
    prop_oneof![
        6 => fixed.prop_map(str::to_owned),
        1 => (0..3u16).prop_map(|n| format!("sentinel current-epoch {n}")),
        1 => word().prop_map(|ip| format!("sentinel announce-ip {ip}")),
        1 => any::<u16>().prop_map(|port| format!("sentinel announce-port {port}")),
        1 => word().prop_map(|user| format!("sentinel sentinel-user {user}")),
        1 => word().prop_map(|pass| format!("sentinel sentinel-pass {pass}")),
        1 => id().prop_map(|id| format!("sentinel myid {id}")),
    ]
}

/// What may follow `sentinel <sub> <master>`.
fn line_of_master() -> impl Strategy<Value = (&'static str, String)> {
    let ms = || 1..1_000_000i32;
    prop_oneof![
        ms().prop_map(|n| ("down-after-milliseconds", n.to_string())),
        ms().prop_map(|n| ("down-after-milliseconds", format!("{n}ms"))),
        Just(("down-after-milliseconds", "30000".to_owned())),
        ms().prop_map(|n| ("failover-timeout", n.to_string())),
        (-3..9i32).prop_map(|n| ("parallel-syncs", n.to_string())),
        word().prop_map(|pass| ("auth-pass", pass)),
        word().prop_map(|user| ("auth-user", user)),
        (0..9i32).prop_map(|n| ("master-reboot-down-after-period", n.to_string())),
        (0..9u64).prop_map(|n| ("config-epoch", n.to_string())),
        (0..9u64).prop_map(|n| ("leader-epoch", n.to_string())),
        (host(), 1..9u16).prop_map(|(host, port)| ("known-replica", format!("{host} {port}"))),
        (host(), 1..9u16).prop_map(|(host, port)| ("known-slave", format!("{host} {port}"))),
        (host(), 0..9u16, id())
            .prop_map(|(host, port, id)| ("known-sentinel", format!("{host} {port} {id}"))),
        (host(), 1..9u16).prop_map(|(host, port)| ("known-sentinel", format!("{host} {port}"))),
        ("[A-Z]{3,8}", word()).prop_map(|(old, new)| ("rename-command", format!("{old} {new}"))),
        Just(("notification-script", "/bin/true".to_owned())),
    ]
}

fn remark() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "# [ -~]{0,20}".prop_map(|text| text.trim_end().to_owned())
    ]
}

/// How a line may be written without meaning something else.
fn styled(line: String, style: u8) -> String {
    match style {
        0 => format!("  {line}"),
        1 => format!("{line}\t"),
        2 => line.replacen(' ', "   ", 1),
        3 => match line.split_once(' ') {
            Some((first, rest)) => format!("{} {rest}", first.to_uppercase()),
            None => line,
        },
        4 => format!("{line}\r"),
        _ => line,
    }
}

prop_compose! {
    /// A file with up to three masters, its lines in any order.
    fn file()(
        masters in vec((host(), 1..=u16::MAX, 1..5u8), 0..4),
        generic in vec(generic_line(), 0..8),
        of_masters in vec((any::<Index>(), line_of_master()), 0..12),
        remarks in vec(remark(), 0..8),
        order in vec(any::<u32>(), 40),
        styles in vec(0..20u8, 40),
        final_newline in any::<bool>(),
    ) -> String {
        let mut lines: Vec<String> = generic.into_iter().chain(remarks).collect();
        for (at, (host, port, quorum)) in masters.iter().enumerate() {
            lines.push(format!("sentinel monitor m{at} {host} {port} {quorum}"));
        }
        if !masters.is_empty() {
            for (which, (sub, rest)) in of_masters {
                lines.push(format!("sentinel {sub} m{} {rest}", which.index(masters.len())));
            }
        }
        let mut lines: Vec<_> = order.iter().zip(lines).collect();
        lines.sort_by_key(|(order, _)| **order);
        let styled = lines.into_iter().zip(styles).map(|((_, line), style)| styled(line, style));
        styled.collect::<Vec<_>>().join("\n") + if final_newline { "\n" } else { "" }
    }
}

fn read(text: &str) -> Option<Conf> {
    let mut conf = parse(text.as_bytes(), &mut OnlyLooking).ok()?;
    rsentinel::commands::settle_users(&mut conf.server, |_| Err(String::new())).ok()?;
    Some(conf)
}

/// The state that counts; the order of lines of known instances is not part of it.
fn state(mut conf: SentinelConf) -> SentinelConf {
    conf.masters.sort_by(|a, b| a.name.cmp(&b.name));
    for master in &mut conf.masters {
        master
            .known_replicas
            .sort_by_key(|address| address.key(true));
        master.known_peers.sort_by(|a, b| a.id.cmp(&b.id));
        master.address = Address::new(master.address.host(), master.address.port());
    }
    // What a file implies is what the core makes of it at once.
    let epochs = conf
        .masters
        .iter()
        .flat_map(|m| [m.config_epoch, m.leader_epoch]);
    conf.current_epoch = epochs.fold(conf.current_epoch, Ord::max);
    conf
}

const OF_NO_MASTER: [&str; 9] = [
    "myid",
    "current-epoch",
    "announce-ip",
    "announce-port",
    "sentinel-user",
    "sentinel-pass",
    "deny-scripts-reconfig",
    "resolve-hostnames",
    "announce-hostnames",
];

/// What a line is about: remarks as they are, of others the words that name a value.
fn subject(line: &str) -> Option<String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return (!line.is_empty()).then(|| line.to_owned());
    }
    let words: Vec<String> = line.split_whitespace().map(str::to_lowercase).collect();
    let named = match words[0].as_str() {
        "sentinel" => 3,
        "user" | "client-output-buffer-limit" => 2,
        _ => 1,
    };
    let mut words: Vec<&str> = words.iter().take(named).map(String::as_str).collect();
    if words.get(1).is_some_and(|sub| OF_NO_MASTER.contains(sub)) {
        words.truncate(2);
    }
    let subject = words.join(" ");
    Some(match subject.as_str() {
        "slave-priority" => "replica-priority".to_owned(),
        "hash-max-ziplist-entries" => "hash-max-listpack-entries".to_owned(),
        other => other.replace("known-slave", "known-replica"),
    })
}

fn is_part_of(part: &[String], whole: &[String]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|one| rest.any(|other| other == one))
}

#[test]
fn rewriting_keeps_the_state_and_every_remark_and_the_order_of_lines() {
    let config = Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&file(), |text| {
        let Some(conf) = read(&text) else {
            // Two known-sentinel lines with one id, say: not accepted.
            return Err(TestCaseError::reject("not accepted"));
        };
        let facts = RewriteFacts {
            current_dir: "/tmp".to_owned(),
        };
        let once = rewrite(text.as_bytes(), &conf.server, &conf.sentinel, &facts);
        let once = String::from_utf8(once).unwrap();
        let reread = read(&once);
        prop_assert!(reread.is_some(), "refused:\n{once}");
        let reread = reread.unwrap();
        prop_assert_eq!(
            state(reread.sentinel.clone()),
            state(conf.sentinel),
            "from\n{}",
            once
        );
        let twice = rewrite(once.as_bytes(), &reread.server, &reread.sentinel, &facts);
        let twice = String::from_utf8(twice).unwrap();
        prop_assert_eq!(once.trim_end(), twice.trim_end());

        let before: Vec<String> = text.lines().filter_map(subject).collect();
        let kept = once.split("# Generated by CONFIG REWRITE").next().unwrap();
        let kept = kept.lines().filter(|line| !line.starts_with("# ??? "));
        let kept: Vec<String> = kept.filter_map(subject).collect();
        prop_assert!(is_part_of(&kept, &before), "{:?}\n{:?}", kept, before);
        let remarks = |lines: &[String]| -> Vec<String> {
            lines
                .iter()
                .filter(|line| line.starts_with('#'))
                .cloned()
                .collect()
        };
        prop_assert_eq!(remarks(&kept), remarks(&before));
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn a_rewritten_file_starts_redis_sentinel_and_what_that_rewrites_starts_rsentinel() {
    let cases = std::env::var("RSENTINEL_STARTED_FILES");
    let config = Config {
        cases: cases.map_or(30, |number| number.parse().unwrap()),
        failure_persistence: None,
        max_shrink_iters: 60,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&file(), |text| {
        if read(&text).is_none() {
            return Err(TestCaseError::reject("not accepted"));
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.conf");
        fs::write(&path, &text).unwrap();
        let life = |daemon| {
            let started = Started::on(daemon, directory.path(), &[], &[]).map_err(|said| {
                let file = fs::read_to_string(&path).unwrap();
                TestCaseError::fail(format!("{daemon:?} refused\n{file}\nand said\n{said}"))
            })?;
            let shown = (started.id(), started.state(false));
            Ok::<_, TestCaseError>((shown, started.rewritten()))
        };
        let (ours, written) = life(Daemon::Rsentinel)?;
        let (theirs, by_them) = life(Daemon::Reference)?;
        prop_assert_eq!(&theirs, &ours, "of\n{}", written);
        let (back, again) = life(Daemon::Rsentinel)?;
        prop_assert_eq!(&back, &ours, "of\n{}", by_them);
        // Nothing got lost on the way, also of what no listing shows.
        let of = |text: &str| read(text).map(|conf| state(conf.sentinel));
        prop_assert_eq!(of(&again), of(&written), "of\n{}", by_them);
        Ok(())
    });
    outcome.unwrap();
}
