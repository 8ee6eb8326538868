//! A storm of clients against a sentinel that may open only few files.

use std::net::TcpStream;

use tempfile::TempDir;

use super::harness::{
    Daemon, LONG, RedisServer, SHORT, Sentinel, ServerOptions, Settings, until, write_script,
};

/// Enough for a master, a replica, a peer and some forty clients.
const OPEN_FILES: u32 = 96;
const STORM: usize = 400;

#[test]
fn a_storm_of_clients_neither_stops_the_watching_nor_keeps_a_peer_out() {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path();
    let mut master = RedisServer::start(path, &ServerOptions::default());
    let replica = RedisServer::start(
        path,
        &ServerOptions {
            master: Some(master.port()),
            ..ServerOptions::default()
        },
    );
    let settings = Settings {
        master: master.port(),
        quorum: 2,
        down_after: 1_000,
        failover_timeout: 20_000,
        parallel_syncs: 1,
        auth_pass: None,
        login: None,
        lines: Vec::new(),
    };
    let program = Daemon::Rsentinel.program().display();
    let text = format!("#!/bin/sh\nulimit -n {OPEN_FILES}\nexec {program} \"$@\"\n");
    let limited = path.join("limited");
    write_script(&limited, &text);
    // The same settings, and a port of its own.
    let config = |port: u16| {
        let Settings { master, quorum, .. } = settings;
        format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nloglevel verbose\n\
             sentinel monitor mymaster 127.0.0.1 {master} {quorum}\n\
             sentinel down-after-milliseconds mymaster 1000\n\
             sentinel failover-timeout mymaster 20000\n",
            path.display()
        )
    };
    let crowded = Sentinel::start_program(Daemon::Rsentinel, &limited, path, config);
    let mut peer = Sentinel::start(Daemon::Rsentinel, path, &settings);
    until(path, "everybody knows everybody", LONG, || {
        let all = [&crowded, &peer].iter().all(|sentinel| {
            sentinel.number("num-slaves") == Some(1)
                && sentinel.number("num-other-sentinels") == Some(1)
        });
        all.then_some(())
    });

    let connect = || TcpStream::connect(("127.0.0.1", crowded.port())).expect("a connection");
    let _storm: Vec<TcpStream> = (0..STORM).map(|_| connect()).collect();
    let log = || std::fs::read_to_string(crowded.log_path()).unwrap_or_default();
    until(path, "the whole storm has come", SHORT, || {
        (log().matches("Accepted ").count() > STORM).then_some(())
    });
    assert!(
        crowded
            .ask(&["PING"])
            .is_none_or(|answer| answer.text().contains("max number"))
    );
    // Everybody has to connect anew.
    peer.restart();
    master.restart();
    until(path, "the peer is seen, and sees", LONG, || {
        let flags = peer.fields_of("SENTINELS", "flags");
        (flags == ["sentinel"] && peer.field("flags")? == "master").then_some(())
    });

    master.process().kill();
    // Only both together can fail over.
    until(path, "the failover", LONG, || {
        (peer.master_port() == Some(replica.port())).then_some(())
    });
    until(path, "the crowded one knows", LONG, || {
        log().contains("+switch-master").then_some(())
    });
    let log = log();
    assert!(log.contains("maxclients has been reduced to"), "{log}");
    assert!(!log.contains("Too many open files"), "{log}");
    assert!(!log.contains("+tilt"), "{log}");
}
