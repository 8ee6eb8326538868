//! Host names, with a name server that is slow, fails or changes its mind.

use std::net::Ipv4Addr;
use std::path::Path;

use tempfile::TempDir;

use super::harness::{
    Daemon, Dns, LONG, MASTER, Mode, Process, RedisServer, SHORT, Sentinel, ServerOptions,
    in_private_network, until,
};

const HERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const THERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const NAME: &str = "db.test";
/// A host that nobody ever was.
const ABSENT: &str = "absent.test";

/// A master and a replica under a name, and one sentinel that also watches a name without a server.
struct Group {
    directory: TempDir,
    dns: Dns,
    master: RedisServer,
    replica: RedisServer,
    sentinel: Sentinel,
}

impl Group {
    fn start(down_after: u64) -> Group {
        let directory = TempDir::new().expect("a temporary directory");
        let dns = Dns::start();
        dns.set(NAME, HERE);
        let path = directory.path();
        let master = RedisServer::start(path, &ServerOptions::default());
        let port = master.port();
        let replica = RedisServer::start(
            path,
            &ServerOptions {
                master: Some(port),
                ..ServerOptions::default()
            },
        );
        let text = |own: u16| {
            format!(
                "port {own}\nbind 127.0.0.1\nloglevel verbose\n\
                 sentinel resolve-hostnames yes\n\
                 sentinel monitor {MASTER} {NAME} {port} 1\n\
                 sentinel down-after-milliseconds {MASTER} {down_after}\n\
                 sentinel failover-timeout {MASTER} 20000\n\
                 sentinel monitor absent {ABSENT} 6379 1\n"
            )
        };
        let sentinel = Sentinel::start_with(Daemon::Rsentinel, path, text);
        let group = Group {
            dns,
            master,
            replica,
            sentinel,
            directory,
        };
        until(
            group.path(),
            "the replica is known and linked",
            LONG,
            || {
                let known = group.sentinel.number("num-slaves") == Some(1);
                (known && group.replica.follows(port)).then_some(())
            },
        );
        group
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn count(&self, event: &str) -> usize {
        self.sentinel.log().count(event)
    }
}

#[test]
fn a_name_server_that_does_not_answer_holds_up_neither_clients_nor_a_failover() {
    let test = "names::a_name_server_that_does_not_answer_holds_up_neither_clients_nor_a_failover";
    if !in_private_network(test) {
        return;
    }
    let mut group = Group::start(1_000);
    group.dns.be(Mode::Holds);
    until(group.path(), "a look-up hangs", SHORT, || {
        (group.dns.held(ABSENT) > 0).then_some(())
    });
    for _ in 0..1_000 {
        let answer = group.sentinel.ask(&["PING"]).expect("an answer");
        assert_eq!(answer.text(), "PONG");
    }
    group.master.process().kill();
    let to = group.replica.port();
    until(group.path(), "the failover", LONG, || {
        (group.sentinel.master_port() == Some(to)).then_some(())
    });
    // All of that while no look-up was answered.
    assert!(group.dns.held(ABSENT) > 0 && group.dns.held(NAME) > 0);
    assert_eq!(group.count("+tilt"), 0);

    // The answer comes long after everybody stopped waiting for it, and is used.
    group.dns.set(ABSENT, HERE);
    group.dns.be(Mode::Answers);
    until(group.path(), "the late address", LONG, || {
        let absent = group.sentinel.ask(&["SENTINEL", "MASTER", "absent"])?;
        (absent.field("ip")? == "127.0.0.1").then_some(())
    });
}

#[test]
fn a_name_server_that_fails_changes_nothing() {
    if !in_private_network("names::a_name_server_that_fails_changes_nothing") {
        return;
    }
    let mut group = Group::start(10_000);
    group.dns.be(Mode::Fails);
    // Its sockets are lost, so its name is looked up again, in vain.
    let port = group.master.port();
    group.master.restart();
    until(group.path(), "the failed look-up", SHORT, || {
        let log = std::fs::read_to_string(group.sentinel.log_path()).unwrap_or_default();
        log.contains("Failed to resolve hostname 'db.test'")
            .then_some(())
    });
    until(group.path(), "the master answers again", LONG, || {
        let pong: u64 = group.sentinel.number("last-ok-ping-reply")?;
        let flags = group.sentinel.field("flags")?;
        (pong < 1_000 && flags == "master").then_some(())
    });
    assert_eq!(group.sentinel.master_port(), Some(port));
    let log = group.sentinel.log();
    let events = [log.events("+sdown"), log.events("+switch-master")].concat();
    assert!(
        !events.iter().any(|line| line.rest.contains(MASTER)),
        "{events:?}"
    );
}

#[test]
fn a_server_that_returns_under_its_name_elsewhere_is_followed() {
    if !in_private_network("names::a_server_that_returns_under_its_name_elsewhere_is_followed") {
        return;
    }
    let mut group = Group::start(20_000);
    let port = group.master.port();
    let file = group.path().join("moved.conf");
    let text = format!("port {port}\nbind 127.0.0.2\nsave \"\"\n");
    std::fs::write(&file, text).expect("the directory is writable");
    group.master.process().kill();
    group.dns.set(NAME, THERE);
    let log = group.path().join("moved.log");
    let program = Path::new("redis-server");
    let _moved = Process::start(program, &[file.display().to_string()], group.path(), &log);
    until(group.path(), "the new address", LONG, || {
        let ip = group.sentinel.field("ip")?;
        let linked = group.sentinel.field("flags")? == "master";
        (ip == "127.0.0.2" && linked).then_some(())
    });
    let told = group
        .sentinel
        .ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER]);
    assert_eq!(told.expect("an answer").items()[0].text(), "127.0.0.2");
    assert_eq!(group.count("+switch-master"), 0);
}

#[test]
fn a_start_without_a_name_server_succeeds_and_without_leave_to_resolve_is_refused() {
    let test =
        "names::a_start_without_a_name_server_succeeds_and_without_leave_to_resolve_is_refused";
    if !in_private_network(test) {
        return;
    }
    let directory = TempDir::new().expect("a temporary directory");
    let dns = Dns::start();
    dns.be(Mode::Holds);
    let master = RedisServer::start(directory.path(), &ServerOptions::default());
    let port = master.port();
    // It answers before the name server does.
    let text = |own: u16| {
        format!(
            "port {own}\nbind 127.0.0.1\nsentinel resolve-hostnames yes\nsentinel monitor {MASTER} {NAME} {port} 1\n"
        )
    };
    let sentinel = Sentinel::start_with(Daemon::Rsentinel, directory.path(), text);
    // And ends while a look-up hangs.
    let mut another = Sentinel::start_with(Daemon::Rsentinel, directory.path(), text);
    until(directory.path(), "two look-ups hang", SHORT, || {
        (dns.held(NAME) >= 2).then_some(())
    });
    assert_eq!(another.end_by("TERM").code(), Some(0));
    dns.set(NAME, HERE);
    dns.be(Mode::Answers);
    until(directory.path(), "the master is linked", LONG, || {
        (sentinel.field("flags")? == "master" && sentinel.field("ip")? == "127.0.0.1").then_some(())
    });
    for daemon in [Daemon::Rsentinel, Daemon::Reference] {
        let file = directory.path().join("refused.conf");
        let text = format!("port 0\nsentinel monitor {MASTER} {NAME} {port} 1\n");
        std::fs::write(&file, text).expect("the directory is writable");
        let output = std::process::Command::new(daemon.program())
            .arg(&file)
            .output()
            .expect("the program starts");
        assert_eq!(output.status.code(), Some(1), "{daemon:?}");
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        );
        assert!(
            out.ends_with("# Failed to resolve hostname 'db.test'\n"),
            "{daemon:?}: {out}"
        );
        assert!(
            err.trim_end().ends_with(&format!(
                "at line 2\n>>> 'sentinel monitor {MASTER} {NAME} {port} 1'\nCan't resolve instance hostname."
            )),
            "{daemon:?}: {err}"
        );
    }
}
