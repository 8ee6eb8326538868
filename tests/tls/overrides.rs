//! What rsentinel.toml changes for one direction: whether there is TLS, and names.

use std::io::Read;
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use openssl::ssl::{NameType, Ssl, SslContext, SslFiletype, SslMethod};
use tempfile::TempDir;

use crate::authority::{Authority, Wish, wish};
use crate::harness::{Cluster, Daemon, LONG, Plan, SHORT, free_port};
use crate::links::{lines, secure, server};

const OURS: Daemon = Daemon::Rsentinel;

#[test]
fn servers_by_tls_and_sentinels_without() {
    let directory = TempDir::new().unwrap();
    let lines = lines(&directory);
    let mut plan = secure(Plan::of(&[OURS, OURS]), &lines, &lines);
    plan.lines_of.clear();
    plan.ext = "tls.to-sentinels.enabled = false".to_owned();
    let cluster = Cluster::start(&plan);
    let ports: Vec<_> = cluster.sentinels.iter().map(|one| one.port()).collect();
    for (index, sentinel) in cluster.sentinels.iter().enumerate() {
        let seen = sentinel.fields_of("SENTINELS", "port");
        assert_eq!(seen, [ports[1 - index].to_string()]);
    }
}

#[test]
fn sentinels_by_tls_and_servers_without() {
    let directory = TempDir::new().unwrap();
    let tls_ports = [free_port(), free_port()];
    let mut plan = Plan::of(&[OURS, OURS]);
    plan.lines = lines(&directory);
    plan.lines_of = tls_ports
        .map(|port| vec![format!("tls-port {port}")])
        .into();
    plan.ext = "tls.to-sentinels.enabled = true".to_owned();
    let mut cluster = Cluster::start(&plan);
    for (index, sentinel) in cluster.sentinels.iter().enumerate() {
        let seen = sentinel.fields_of("SENTINELS", "port");
        assert_eq!(seen, [tls_ports[1 - index].to_string()]);
    }
    // Votes travel that way too.
    let old = cluster.servers[0].port();
    cluster.servers[0].process().kill();
    cluster.wait_new_master(old, LONG);
}

/// A certificate that is for a name and not for 127.0.0.1.
fn named(authority: &Authority) -> Vec<String> {
    let named = authority.issue(Wish {
        dns: &["redis.example"],
        ip: false,
        ..wish("named")
    });
    [named.shown(), authority.trusted()].concat()
}

fn plan_with_named_servers(directory: &TempDir, ext: &str) -> Plan {
    let authority = Authority::new(directory.path(), "ca");
    let own = [authority.issue(wish("own")).shown(), authority.trusted()].concat();
    let mut plan = secure(Plan::of(&[OURS]), &named(&authority), &own);
    plan.quorum = 1;
    plan.ext = ext.to_owned();
    plan
}

#[test]
fn names_are_not_compared_unless_that_is_asked_for() {
    let directory = TempDir::new().unwrap();
    Cluster::start(&plan_with_named_servers(&directory, ""));
}

#[test]
fn a_certificate_for_another_name_is_not_trusted_where_names_are_compared() {
    let directory = TempDir::new().unwrap();
    let ext = "tls.to-servers.verify-name = true";
    let mut plan = plan_with_named_servers(&directory, ext);
    plan.replicas.clear();
    let cluster = Cluster::start_undiscovered(&plan);
    let port = cluster.servers[0].port();
    let line = format!(
        "No TLS connection to 127.0.0.1:{port}: certificate verify failed: IP address mismatch"
    );
    cluster.until(&format!("the log says {line:?}"), SHORT, || {
        let lines = cluster.sentinels[0].log().lines();
        lines.iter().any(|one| one.whole.contains(&line))
    });
}

#[test]
fn the_name_that_is_compared_can_be_given() {
    let directory = TempDir::new().unwrap();
    let ext = "[tls.to-servers]\nverify-name = true\nserver-name = 'redis.example'\n";
    Cluster::start(&plan_with_named_servers(&directory, ext));
}

#[test]
fn the_name_is_what_the_other_end_is_asked_for() {
    let directory = TempDir::new().unwrap();
    let authority = Authority::new(directory.path(), "ca");
    let own = authority.issue(wish("own"));
    let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
    context.set_certificate_chain_file(&own.cert).unwrap();
    context
        .set_private_key_file(&own.key, SslFiletype::PEM)
        .unwrap();
    let context = context.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, names) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let ssl = Ssl::new(&context).unwrap();
            let Ok(mut stream) = ssl.accept(stream) else {
                continue;
            };
            let name = stream.ssl().servername(NameType::HOST_NAME);
            let told = asked.send(name.map(str::to_owned));
            let _ = stream.read(&mut [0; 64]);
            if told.is_err() {
                return;
            }
        }
    });
    let lines = [own.shown(), authority.trusted()].concat();
    let mut plan = secure(Plan::of(&[OURS]), &lines, &lines);
    plan.quorum = 1;
    plan.replicas.clear();
    plan.ext = "tls.to-servers.server-name = 'redis.example'".to_owned();
    plan.lines
        .push(format!("sentinel monitor other 127.0.0.1 {port} 1"));
    let _cluster = Cluster::start_undiscovered(&plan);
    let name = names.recv_timeout(SHORT).expect("a handshake");
    assert_eq!(name.as_deref(), Some("redis.example"));
}

#[test]
fn servers_alone_can_be_asked_for_by_tls_without_tls_replication() {
    let directory = TempDir::new().unwrap();
    let lines = lines(&directory);
    let mut plan = Plan::of(&[OURS]);
    plan.quorum = 1;
    plan.master = server(lines.clone());
    plan.replicas = vec![server(lines.clone())];
    plan.lines = lines;
    plan.ext = "tls.to-servers.enabled = true".to_owned();
    Cluster::start(&plan);
}
