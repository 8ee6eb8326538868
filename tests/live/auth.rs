//! Servers that want a password.

use crate::failover::assert_one_failover;
use crate::harness::{Cluster, Daemon, LONG, Plan, SHORT};

const OURS: Daemon = Daemon::Rsentinel;
const PASSWORD: &str = "correct-horse";
const WRONG: &str = "battery-staple";

#[test]
fn with_the_right_auth_pass_a_master_with_a_password_is_failed_over() {
    let mut plan = Plan::of(&[OURS; 3]);
    plan.password = Some(PASSWORD.to_owned());
    plan.auth_pass = plan.password.clone();
    let mut cluster = Cluster::start(&plan);
    cluster.subscribe();
    let old = cluster.servers[0].port();
    cluster.servers[0].process().kill();
    let new = cluster.wait_new_master(old, LONG);
    cluster.wait_followers(new, &cluster.ports_without(&[old, new]), LONG);
    assert_one_failover(&cluster, old, new);
}

fn refused(auth_pass: Option<&str>, code: &str) {
    let mut plan = Plan::of(&[OURS]);
    plan.quorum = 1;
    plan.password = Some(PASSWORD.to_owned());
    plan.auth_pass = auth_pass.map(str::to_owned);
    let cluster = Cluster::start_undiscovered(&plan);
    let log = cluster.sentinels[0].log();
    let port = cluster.servers[0].port_text();
    cluster.until(
        "the log names the server, and why it refuses",
        SHORT,
        || {
            log.lines()
                .iter()
                .any(|line| line.whole.contains(&port) && line.whole.contains(code))
        },
    );
    cluster.until("the master that refuses us is called down", SHORT, || {
        log.count("+sdown") > 0
    });
    for line in log.lines() {
        assert!(
            !line.whole.contains(PASSWORD) && !line.whole.contains(WRONG),
            "a password is in the log: {line:?}"
        );
    }
}

#[test]
fn a_wrong_auth_pass_is_told_in_the_log_without_the_password() {
    refused(Some(WRONG), "WRONGPASS");
}

#[test]
fn a_missing_auth_pass_is_told_in_the_log() {
    refused(None, "NOAUTH");
}

/// What one sentinel asks of another, and nothing more.
const PEER: &str = "user peer on >peer-secret -@all +ping +publish +client|setname \
                    +sentinel|is-master-down-by-addr &__sentinel__:hello";

#[test]
fn sentinels_that_are_restricted_users_of_each_other_fail_over() {
    let mut plan = Plan::of(&[OURS, OURS, Daemon::Reference]).led_by(0);
    plan.lines = vec![
        PEER.to_owned(),
        "sentinel sentinel-user peer".to_owned(),
        "sentinel sentinel-pass peer-secret".to_owned(),
    ];
    let mut cluster = Cluster::start(&plan);
    cluster.subscribe();
    for sentinel in &cluster.sentinels {
        cluster.until("both others are here, as that user", SHORT, || {
            let list = sentinel.ask(&["CLIENT", "LIST"]);
            list.is_some_and(|list| list.text().matches(" user=peer ").count() >= 2)
        });
    }
    let old = cluster.servers[0].port();
    cluster.servers[0].process().kill();
    let new = cluster.wait_new_master(old, LONG);
    cluster.wait_followers(new, &cluster.ports_without(&[old, new]), LONG);
    assert_one_failover(&cluster, old, new);
    for sentinel in &cluster.sentinels {
        let log = sentinel.ask(&["ACL", "LOG"]).expect("an answer");
        assert!(log.items().is_empty(), "{log}");
    }
}
