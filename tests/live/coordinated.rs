//! `SENTINEL FAILOVER mymaster COORDINATED`: the master hands over by itself while a client writes
//! all the time. No write that was acknowledged is lost, whatever comes between.

use crate::failover::assert_one_failover;
use crate::harness::{Cluster, Daemon, LONG, Plan, SHORT, ServerOptions, Writer, key};

const OURS: Daemon = Daemon::Rsentinel;
const ORDER: [&str; 4] = ["SENTINEL", "FAILOVER", "mymaster", "COORDINATED"];
const GIVEN_UP: &str = "-failover-abort-master-timeout";

/// Enough writes to be sure that the writer is at it.
const SOME: u64 = 100;

fn of_priority(priority: u32) -> ServerOptions {
    ServerOptions {
        priority: Some(priority),
        ..ServerOptions::default()
    }
}

fn writer(cluster: &Cluster) -> Writer {
    let ports = cluster.sentinels.iter().map(|s| s.port()).collect();
    let writer = Writer::start(ports, None);
    writes_some(cluster, &writer);
    writer
}

/// Waits until further writes have been acknowledged.
#[track_caller]
fn writes_some(cluster: &Cluster, writer: &Writer) {
    let before = writer.acknowledged();
    cluster.until("writes are acknowledged", LONG, || {
        writer.acknowledged() >= before + SOME
    });
}

#[track_caller]
fn order(cluster: &Cluster, sentinel: usize) {
    let reply = cluster.sentinels[sentinel].ask(&ORDER);
    assert_eq!(reply.map(|reply| reply.text()).as_deref(), Some("OK"));
}

/// Every acknowledged write is on this server.
#[track_caller]
fn assert_nothing_lost(cluster: &Cluster, writer: Writer, on: u16) {
    let keys = writer.end();
    let server = cluster.server(on);
    for some in keys.chunks(500) {
        let names: Vec<String> = some.iter().map(|number| key(*number)).collect();
        let mut words = vec!["EXISTS"];
        words.extend(names.iter().map(String::as_str));
        let found = server.ask(&words).expect("the server answers").text();
        assert_eq!(
            found,
            some.len().to_string(),
            "of {} acknowledged writes",
            keys.len()
        );
    }
}

/// A failed attempt: nobody became a master, and the old one is written to.
#[track_caller]
fn assert_unperformed(cluster: &Cluster, writer: &Writer, old: u16) {
    writes_some(cluster, writer);
    for sentinel in &cluster.sentinels {
        assert_eq!(sentinel.master_port(), Some(old));
    }
    let masters = cluster
        .servers
        .iter()
        .filter(|server| server.info("role").as_deref() == Some("master"));
    assert_eq!(masters.count(), 1);
    assert!(cluster.events("+promoted-slave").is_empty());
}

fn handed_over(daemons: &[Daemon]) {
    let mut plan = Plan::of(daemons);
    // Nobody is down, also on a busy machine.
    plan.down_after = 5000;
    let mut cluster = Cluster::start(&plan);
    cluster.subscribe();
    let writer = writer(&cluster);
    let old = cluster.servers[0].port();
    order(&cluster, 0);
    let new = cluster.wait_new_master(old, LONG);
    writes_some(&cluster, &writer);
    cluster.wait_followers(new, &cluster.ports_without(&[new]), LONG);
    cluster.wait_discovered(LONG);
    assert_one_failover(&cluster, old, new);
    assert_eq!(cluster.leaders(), [0]);
    let down = cluster.events("+sdown");
    let of_master = |line: &str| line.starts_with("master ");
    assert!(down.iter().all(|line| !of_master(&line.rest)), "{down:?}");
    assert!(cluster.events("+convert-to-slave").is_empty());
    assert_nothing_lost(&cluster, writer, new);
}

#[test]
fn a_master_hands_over_and_no_acknowledged_write_is_lost() {
    handed_over(&[OURS; 3]);
}

#[test]
fn a_master_hands_over_in_a_mixed_group() {
    handed_over(&[OURS, Daemon::Reference, Daemon::Reference]);
}

#[test]
fn a_master_hands_over_there_and_back() {
    let cluster = Cluster::start(&Plan::of(&[OURS; 3]));
    let writer = writer(&cluster);
    let mut old = cluster.servers[0].port();
    for sentinel in [0, 1, 2, 0] {
        order(&cluster, sentinel);
        let new = cluster.wait_new_master(old, LONG);
        cluster.wait_followers(new, &cluster.ports_without(&[new]), LONG);
        cluster.wait_discovered(LONG);
        writes_some(&cluster, &writer);
        old = new;
    }
    assert_nothing_lost(&cluster, writer, old);
}

/// What a sentinel needs on a server for failovers of its own.
const WATCH: &str = "user watch on >watch-secret -@all allchannels +auth +ping +info +role +multi \
                     +exec +slaveof +config|rewrite +client|setname +client|kill +subscribe \
                     +publish +script|kill";

#[test]
fn without_permission_for_failover_only_the_coordinated_one_is_refused() {
    let mut plan = Plan::of(&[OURS; 3]);
    plan.server_lines = vec![WATCH.to_owned()];
    plan.auth_pass = Some("watch-secret".to_owned());
    plan.lines = vec!["sentinel auth-user mymaster watch".to_owned()];
    let cluster = Cluster::start(&plan);
    let writer = writer(&cluster);
    let old = cluster.servers[0].port();
    order(&cluster, 0);
    let log = cluster.sentinels[0].log();
    cluster.until("the refusal is told", SHORT, || log.count(GIVEN_UP) == 1);
    let told = |text: &str| log.lines().iter().any(|line| line.whole.contains(text));
    assert!(told("NOPERM") && told("+failover +client|pause +client|unpause"));
    assert_unperformed(&cluster, &writer, old);

    for server in &cluster.servers {
        let grant = ["+failover", "+client|pause", "+client|unpause"];
        let words = [&["ACL", "SETUSER", "watch"][..], &grant].concat();
        server.ask(&words).expect("the server answers");
    }
    order(&cluster, 0);
    let new = cluster.wait_new_master(old, LONG);
    cluster.wait_followers(new, &cluster.ports_without(&[new]), LONG);
    writes_some(&cluster, &writer);
    assert_nothing_lost(&cluster, writer, new);

    // The plain form does with what it had.
    for server in &cluster.servers {
        let take = ["-failover", "-client|pause", "-client|unpause"];
        let words = [&["ACL", "SETUSER", "watch"][..], &take].concat();
        server.ask(&words).expect("the server answers");
    }
    cluster.wait_discovered(LONG);
    let plain = cluster.sentinels[1].ask(&ORDER[..3]);
    assert_eq!(plain.map(|reply| reply.text()).as_deref(), Some("OK"));
    let newest = cluster.wait_new_master(new, LONG);
    cluster.wait_followers(newest, &cluster.ports_without(&[newest]), LONG);
}

#[test]
fn a_server_that_does_not_know_failover_stays_the_master_and_is_written_to() {
    let mut plan = Plan::of(&[OURS; 3]);
    plan.server_lines = vec!["rename-command FAILOVER \"\"".to_owned()];
    let cluster = Cluster::start(&plan);
    let writer = writer(&cluster);
    let old = cluster.servers[0].port();
    order(&cluster, 0);
    let log = cluster.sentinels[0].log();
    cluster.until("the refusal is told", SHORT, || log.count(GIVEN_UP) == 1);
    let told = |text: &str| log.lines().iter().any(|line| line.whole.contains(text));
    assert!(told("unknown command"));
    assert_unperformed(&cluster, &writer, old);
    assert_nothing_lost(&cluster, writer, old);
}

/// All sentinels are told the same.
fn tell_all(cluster: &Cluster, words: &[&str]) {
    for sentinel in &cluster.sentinels {
        let reply = sentinel.ask(words).expect("the sentinel answers");
        assert_eq!(reply.text(), "OK", "{words:?}");
    }
}

fn set_priority(cluster: &Cluster, server: usize, priority: &str) {
    let words = ["CONFIG", "SET", "replica-priority", priority];
    cluster.servers[server].ask(&words).expect("it answers");
}

/// From now on silence is noticed soon.
fn be_impatient(cluster: &Cluster) {
    let words = [
        "SENTINEL",
        "SET",
        "mymaster",
        "down-after-milliseconds",
        "1000",
    ];
    tell_all(cluster, &words);
}

/// The master waits for a replica that is stopped; the other one is not to be promoted so far.
fn waiting(failover_timeout: u64) -> (Cluster, Writer) {
    let mut plan = Plan::of(&[OURS; 3]);
    plan.replicas = vec![of_priority(10), of_priority(0)];
    // The stopped replica must still look well when it is chosen.
    plan.down_after = 20_000;
    plan.failover_timeout = failover_timeout;
    let mut cluster = Cluster::start(&plan);
    tell_all(&cluster, &["SENTINEL", "DEBUG", "PING-PERIOD", "10000"]);
    let writer = writer(&cluster);
    cluster.servers[1].process().signal("STOP");
    // More than it had when it stopped.
    writes_some(&cluster, &writer);
    order(&cluster, 0);
    cluster.until("the master waits for its replica", SHORT, || {
        let state = cluster.servers[0].info("master_failover_state");
        state.as_deref() == Some("waiting-for-sync")
    });
    (cluster, writer)
}

#[test]
fn a_replica_that_does_not_catch_up_in_time_ends_it_and_writers_go_on() {
    let (mut cluster, writer) = waiting(3000);
    let old = cluster.servers[0].port();
    let log = cluster.sentinels[0].log();
    cluster.until("it is given up", SHORT, || log.count(GIVEN_UP) == 1);
    assert_unperformed(&cluster, &writer, old);
    cluster.servers[1].process().signal("CONT");
    cluster.wait_discovered(LONG);
    order(&cluster, 1);
    let new = cluster.wait_new_master(old, LONG);
    assert_eq!(new, cluster.servers[1].port());
    writes_some(&cluster, &writer);
    assert_nothing_lost(&cluster, writer, new);
}

#[test]
fn a_replica_that_catches_up_late_takes_over() {
    let (mut cluster, writer) = waiting(30_000);
    let old = cluster.servers[0].port();
    cluster.servers[1].process().signal("CONT");
    let new = cluster.wait_new_master(old, LONG);
    assert_eq!(new, cluster.servers[1].port());
    writes_some(&cluster, &writer);
    cluster.wait_followers(new, &cluster.ports_without(&[new]), LONG);
    assert_nothing_lost(&cluster, writer, new);
}

#[test]
fn a_leader_that_dies_in_the_middle_leaves_one_master_and_all_writes() {
    let (mut cluster, writer) = waiting(30_000);
    let old = cluster.servers[0].port();
    let taker = cluster.servers[1].port();
    cluster.sentinels[0].process().kill();
    cluster.servers[1].process().signal("CONT");
    cluster.until(
        "the servers have changed places by themselves",
        SHORT,
        || cluster.server(old).follows(taker),
    );
    // A master that calls itself a replica is called down after two INFO periods more.
    for sentinel in &cluster.sentinels[1..] {
        for faster in [
            &["SENTINEL", "DEBUG", "INFO-PERIOD", "500"][..],
            &["SENTINEL", "DEBUG", "PING-PERIOD", "1000"],
            &[
                "SENTINEL",
                "SET",
                "mymaster",
                "down-after-milliseconds",
                "1000",
            ],
        ] {
            sentinel.ask(faster).expect("the sentinel answers");
        }
    }
    cluster.sentinels[0].restart();
    let new = cluster.wait_new_master(old, LONG);
    assert_eq!(new, taker, "a second master was made");
    writes_some(&cluster, &writer);
    cluster.wait_followers(new, &cluster.ports_without(&[new]), LONG);
    assert_nothing_lost(&cluster, writer, new);
}

#[test]
fn a_master_that_dies_in_the_middle_is_failed_over_to_the_replica_with_all_writes() {
    let (mut cluster, writer) = waiting(30_000);
    let old = cluster.servers[0].port();
    let complete = cluster.servers[2].port();
    let offset = |server: usize, field: &str| cluster.servers[server].info(field);
    cluster.until("the other replica has everything", SHORT, || {
        let all = offset(0, "master_repl_offset");
        all.is_some() && all == offset(2, "slave_repl_offset")
    });
    set_priority(&cluster, 2, "100");
    be_impatient(&cluster);
    cluster.servers[0].process().kill();
    let new = cluster.wait_new_master(old, LONG);
    assert_eq!(new, complete);
    writes_some(&cluster, &writer);
    cluster.servers[1].process().signal("CONT");
    cluster.wait_followers(new, &[cluster.servers[1].port()], LONG);
    assert_nothing_lost(&cluster, writer, new);
}
