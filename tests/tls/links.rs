//! Servers and other sentinels that are reached by TLS.

use std::io::Write;
use std::net::TcpListener;

use tempfile::TempDir;

use crate::authority::{Authority, Wish, wish};
use crate::harness::{Cluster, Daemon, LONG, MASTER, Plan, SHORT, ServerOptions, free_port};
use crate::secure_client::connect;

const OURS: Daemon = Daemon::Rsentinel;
const REFERENCE: Daemon = Daemon::Reference;

/// The time to call servers down where nothing but a thread that is held up may take so long: less
/// than a handshake that is not answered lasts, more than a busy machine keeps a process waiting.
const UNHURRIED_MS: u64 = 2500;

/// A server that is known by a port for TLS.
pub fn server(lines: Vec<String>) -> ServerOptions {
    ServerOptions {
        tls: true,
        lines,
        ..ServerOptions::default()
    }
}

/// Everybody speaks TLS to everybody and shows a certificate; these lines say with which files.
pub fn secure(plan: Plan, servers: &[String], sentinels: &[String]) -> Plan {
    let count = plan.sentinels.len();
    let own_port = |_| vec![format!("tls-port {}", free_port())];
    Plan {
        master: server(servers.to_vec()),
        replicas: vec![server(servers.to_vec()); plan.replicas.len()],
        lines: [sentinels, &["tls-replication yes".to_owned()]].concat(),
        lines_of: (0..count).map(own_port).collect(),
        ..plan
    }
}

/// An authority with one certificate for all.
pub fn lines(directory: &TempDir) -> Vec<String> {
    let authority = Authority::new(directory.path(), "ca");
    [authority.issue(wish("own")).shown(), authority.trusted()].concat()
}

fn failover_led_by(leader: usize, daemons: &[Daemon]) {
    let directory = TempDir::new().unwrap();
    let lines = lines(&directory);
    let plan = secure(Plan::of(daemons).led_by(leader), &lines, &lines);
    let mut cluster = Cluster::start(&plan);
    cluster.subscribe();
    let old = cluster.servers[0].port();
    cluster.servers[0].process().kill();
    let new = cluster.wait_new_master(old, LONG);
    cluster.wait_followers(new, &cluster.ports_without(&[old, new]), LONG);
    cluster.until("every sentinel has announced the switch", LONG, || {
        let all = &cluster.subscribers;
        all.iter().all(|one| !one.on("+switch-master").is_empty())
    });
    let expected = format!("{MASTER} 127.0.0.1 {old} 127.0.0.1 {new}");
    for subscriber in &cluster.subscribers {
        let switches = subscriber.on("+switch-master");
        let payloads: Vec<_> = switches
            .iter()
            .map(|heard| heard.payload.as_str())
            .collect();
        assert_eq!(payloads, [expected.as_str()]);
    }
    assert_eq!(cluster.leaders(), [leader]);
    // Sentinels know each other by their ports for TLS.
    let tls_ports = plan.lines_of.concat().join(" ");
    for port in cluster.sentinels[0].fields_of("SENTINELS", "port") {
        assert!(tls_ports.contains(&port), "{port} of {tls_ports}");
    }
}

#[test]
fn a_master_is_failed_over_where_everything_is_encrypted() {
    failover_led_by(0, &[OURS; 3]);
}

#[test]
fn one_of_ours_leads_an_encrypted_group_with_the_reference() {
    failover_led_by(0, &[OURS, REFERENCE, OURS]);
}

#[test]
fn the_reference_leads_an_encrypted_group_with_ours() {
    failover_led_by(1, &[OURS, REFERENCE, OURS]);
}

#[test]
fn an_identity_for_outgoing_connections_with_an_encrypted_key_is_shown_to_servers() {
    let directory = TempDir::new().unwrap();
    let authority = Authority::new(directory.path(), "ca");
    let elsewhere = TempDir::new().unwrap();
    let strangers = Authority::new(elsewhere.path(), "strangers");
    let servers = [authority.issue(wish("server")).shown(), authority.trusted()].concat();
    let outgoing = authority.issue(Wish {
        pass: Some("open sesame"),
        ..wish("outgoing")
    });
    // What clients are shown is worth nothing to the servers.
    let mut sentinels = [strangers.issue(wish("own")).shown(), authority.trusted()].concat();
    sentinels.extend([
        format!("tls-client-cert-file {}", outgoing.cert.display()),
        format!("tls-client-key-file {}", outgoing.key.display()),
        "tls-client-key-file-pass \"open sesame\"".to_owned(),
    ]);
    let mut plan = secure(Plan::of(&[OURS]), &servers, &sentinels);
    plan.quorum = 1;
    Cluster::start(&plan);
}

/// A sentinel that cannot come to an understanding with its master says why, once.
fn no_connection(servers: &[String], sentinels: &[String], reason: &str) {
    let mut plan = secure(Plan::of(&[OURS]), servers, sentinels);
    plan.quorum = 1;
    plan.replicas.clear();
    let cluster = Cluster::start_undiscovered(&plan);
    let log = cluster.sentinels[0].log();
    let port = cluster.servers[0].port();
    let line = format!("No TLS connection to 127.0.0.1:{port}: {reason}");
    let count = || {
        let lines = log.lines();
        lines.iter().filter(|one| one.whole.contains(&line)).count()
    };
    cluster.until(&format!("the log says {line:?}"), SHORT, || count() > 0);
    cluster.until("the master is called down", SHORT, || {
        log.count("+sdown") > 0
    });
    // Both sockets were tried several times by now.
    assert_eq!(count(), 1, "{:#?}", log.lines());
}

struct Two {
    directories: [TempDir; 2],
    authority: Authority,
    strangers: Authority,
}

fn two_authorities() -> Two {
    let directories = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    Two {
        authority: Authority::new(directories[0].path(), "ca"),
        strangers: Authority::new(directories[1].path(), "strangers"),
        directories,
    }
}

impl Two {
    /// What sentinels show and trust.
    fn sentinels(&self) -> Vec<String> {
        let own = self.authority.issue(wish("own"));
        [own.shown(), self.authority.trusted()].concat()
    }
}

#[test]
fn a_server_whose_certificate_nobody_knows_is_not_trusted() {
    let two = two_authorities();
    let servers = [
        two.strangers.issue(wish("server")).shown(),
        two.authority.trusted(),
    ]
    .concat();
    let reason = "certificate verify failed: unable to get local issuer certificate";
    no_connection(&servers, &two.sentinels(), reason);
    drop(two.directories);
}

#[test]
fn a_server_whose_certificate_has_expired_is_not_trusted() {
    let two = two_authorities();
    let expired = two.authority.issue(Wish {
        days: (-30, -1),
        ..wish("server")
    });
    let servers = [expired.shown(), two.authority.trusted()].concat();
    let reason = "certificate verify failed: certificate has expired";
    no_connection(&servers, &two.sentinels(), reason);
}

#[test]
fn a_server_that_does_not_know_our_certificate_says_so() {
    let two = two_authorities();
    let servers = [
        two.authority.issue(wish("server")).shown(),
        two.authority.trusted(),
    ]
    .concat();
    let sentinels = [
        two.strangers.issue(wish("own")).shown(),
        two.authority.trusted(),
    ]
    .concat();
    // TLS 1.3 tells us only after our end of the handshake.
    no_connection(&servers, &sentinels, "TLS: tlsv1 alert unknown ca");
}

#[test]
fn a_server_that_asks_for_no_certificate_takes_any() {
    let two = two_authorities();
    let mut servers = [
        two.authority.issue(wish("server")).shown(),
        two.authority.trusted(),
    ]
    .concat();
    servers.push("tls-auth-clients no".to_owned());
    let sentinels = [
        two.strangers.issue(wish("own")).shown(),
        two.authority.trusted(),
    ]
    .concat();
    // The replicas show their master the certificate it knows.
    let mut plan = secure(Plan::of(&[OURS]), &servers, &sentinels);
    plan.quorum = 1;
    Cluster::start(&plan);
}

#[test]
fn a_server_that_never_answers_the_handshake_is_told_of_and_holds_up_nobody() {
    let directory = TempDir::new().unwrap();
    let lines = lines(&directory);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let mut plan = secure(Plan::of(&[OURS]), &lines, &lines);
    plan.quorum = 1;
    plan.replicas.truncate(1);
    plan.down_after = UNHURRIED_MS;
    plan.lines
        .push(format!("sentinel monitor silent 127.0.0.1 {port} 1"));
    let cluster = Cluster::start(&plan);
    let log = cluster.sentinels[0].log();
    let line = format!(
        "No TLS connection to 127.0.0.1:{port}: the handshake was not answered (is it a port for \
         TLS?)"
    );
    cluster.until("the log names the silent one", SHORT, || {
        log.lines().iter().any(|one| one.whole.contains(&line))
    });
    let down = log.events("+sdown");
    assert!(
        down.iter().all(|one| one.rest.contains(" silent ")),
        "{down:?}"
    );
}

#[test]
fn clients_that_never_finish_their_handshakes_do_not_hold_up_the_watching() {
    let directory = TempDir::new().unwrap();
    let lines = lines(&directory);
    let mut plan = secure(Plan::of(&[OURS]), &lines, &lines);
    plan.quorum = 1;
    plan.replicas.truncate(1);
    plan.down_after = UNHURRIED_MS;
    let cluster = Cluster::start(&plan);
    let sentinel = &cluster.sentinels[0];
    let tls_port = plan.lines_of[0][0].split(' ').nth(1).unwrap();
    let tls_port: u16 = tls_port.parse().unwrap();
    // More than may shake hands at a time, and more than the listener's backlog takes besides.
    let slow: Vec<_> = (0..700)
        .map(|_| {
            let mut stream = connect(tls_port);
            // The begin of a handshake; some are closed already to make place for others.
            let _ = stream.write_all(&[22, 3, 1, 2, 0, 1]);
            stream
        })
        .collect();
    cluster.until("the oldest are given up", SHORT, || {
        let lines = sentinel.log().lines();
        lines.iter().any(|line| line.whole.contains("others wait"))
    });
    assert_eq!(sentinel.ask(&["PING"]).unwrap().text(), "PONG");
    for event in ["+sdown", "+tilt"] {
        assert_eq!(sentinel.log().count(event), 0, "{event}");
    }
    drop(slow);
}
