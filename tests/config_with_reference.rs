//! Files that rsentinel writes, read and rewritten by a real redis-sentinel (found on PATH), and
//! the other way round.

mod memory_files;
#[path = "live/harness/ports.rs"]
mod ports;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use memory_files::{conf, rewritten};
use ports::free_port;
use rsentinel::config::{KnownPeer, MasterConf, SentinelConf};
use rsentinel::types::{Address, Epoch, MasterName, RunId, Secret};

const PATIENCE: Duration = Duration::from_secs(20);
const MY_ID: &str = "0123456789abcdef0123456789abcdef01234567";
const PEER_ID: &str = "39030f527a8d1f2b71b50dea1908d85dbc264b69";

/// A running redis-sentinel with its file in a directory of its own.
struct Reference {
    child: Child,
    port: u16,
    path: PathBuf,
    _dir: tempfile::TempDir,
}

impl Reference {
    /// Starts it with this text in its file, on a free port. Another process may take it first;
    /// then another port is tried.
    fn start(text: &str) -> Reference {
        let started = (0..10).find_map(|_attempt| Reference::try_start(text));
        started.expect("one of ten free ports stays free")
    }

    fn try_start(text: &str) -> Option<Reference> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sentinel.conf");
        fs::write(&path, text).unwrap();
        let port = free_port();
        let child = spawn(&path, port);
        let mut reference = Reference {
            child,
            port,
            path,
            _dir: dir,
        };
        let end = Instant::now() + PATIENCE;
        while reference.child.try_wait().unwrap().is_none() {
            if reference.answers_with_its_own_id() {
                return Some(reference);
            }
            assert!(Instant::now() < end, "{}", reference.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        let log = reference.log();
        assert!(
            log.contains("Address already in use"),
            "{log}\nwith\n{text}"
        );
        None
    }

    /// Up, and not mistaken for somebody else on its port.
    fn answers_with_its_own_id(&self) -> bool {
        let file = self.file();
        let id = file
            .lines()
            .find_map(|line| line.strip_prefix("sentinel myid "));
        id.is_some_and(|id| {
            TcpStream::connect(("127.0.0.1", self.port)).is_ok()
                && self.ask("SENTINEL MYID").contains(id)
        })
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path.with_extension("log")).unwrap()
    }

    /// Sends one inline request and reads until the server closes the connection.
    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
            .write_all(format!("{request}\r\n").as_bytes())
            .unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        String::from_utf8_lossy(&reply).into_owned()
    }

    fn file(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(path: &Path, port: u16) -> Child {
    let log = fs::File::create(path.with_extension("log")).unwrap();
    Command::new("redis-sentinel")
        .arg(path)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .expect("redis-sentinel is on PATH")
}

fn epoch(number: u64) -> Epoch {
    Epoch::new(number).unwrap()
}

/// A state with everything in it that a file can hold. The addresses lead nowhere.
fn full_state() -> SentinelConf {
    let mut first = MasterConf::new(
        MasterName::new("my master"),
        Address::new("127.0.0.1", 1),
        2,
    );
    first.down_after = 5000;
    first.failover_timeout = 6000;
    first.parallel_syncs = 3;
    first.auth_pass = Some(Secret::new(b"a \"b\" #c\xff"));
    first.auth_user = Some("us er".to_owned());
    first.master_reboot_down_after = 7;
    first.config_epoch = epoch(4);
    first.leader_epoch = epoch(5);
    first.voted_for = Some(RunId::new(PEER_ID));
    first.known_replicas = vec![Address::new("127.0.0.1", 2), Address::new("::1", 3)];
    first.known_peers = vec![KnownPeer {
        address: Address::new("127.0.0.1", 4),
        id: RunId::new(PEER_ID),
    }];
    first
        .renames
        .insert("CONFIG".to_owned(), "guarded".to_owned());
    let second = MasterConf::new(MasterName::new("b"), Address::new("::1", 1), 1);
    SentinelConf {
        my_id: Some(RunId::new(MY_ID)),
        current_epoch: epoch(6),
        announce_ip: Some("10.1.1.1".to_owned()),
        announce_port: 99,
        allow_scripts_reconfig: true,
        sentinel_user: Some("peer".to_owned()),
        sentinel_pass: Some(Secret::new(b"p w")),
        masters: vec![first, second],
        ..SentinelConf::default()
    }
}

#[test]
fn redis_sentinel_starts_from_our_file_with_our_state() {
    let server = conf("maxclients 500\nloglevel verbose\nlogfile \"\"\n").server;
    let text = rewritten("# mine\nloglevel debug\n", &server, &full_state());
    let reference = Reference::start(&text);
    assert!(reference.ask("SENTINEL MYID").contains(MY_ID));
    let masters = reference.ask("SENTINEL MASTERS");
    for field in ["my master", "::1", "6000"] {
        assert!(
            masters.contains(&format!("\r\n{field}\r\n")),
            "{field} in\n{masters}"
        );
    }
    let peers = reference.ask("SENTINEL SENTINELS \"my master\"");
    assert!(peers.contains(PEER_ID), "{peers}");
    let replicas = reference.ask("SENTINEL REPLICAS \"my master\"");
    assert!(
        replicas.contains("127.0.0.1:2") && replicas.contains("[::1]:3"),
        "{replicas}"
    );
}

#[test]
fn a_file_that_redis_sentinel_rewrote_from_ours_reads_back_as_the_same_state() {
    // What it cannot write itself without breaking its own file is left out.
    let mut state = full_state();
    state.masters[0].name = MasterName::new("a");
    state.masters[0].auth_pass = Some(Secret::new(b"plain"));
    state.masters[0].auth_user = Some("user".to_owned());
    state.sentinel_pass = Some(Secret::new(b"pw"));
    let text = rewritten("# mine\n", &conf("").server, &state);
    let reference = Reference::start(&text);
    assert!(reference.ask("SENTINEL FLUSHCONFIG").starts_with("+OK"));
    let theirs = reference.file();
    assert!(theirs.starts_with("# mine\n"), "{theirs}");
    let mut read = conf(&theirs);
    read.sentinel.masters.sort_by(|a, b| a.name.cmp(&b.name));
    for master in read.sentinel.masters.iter_mut().chain(&mut state.masters) {
        master.known_replicas.sort_by_key(Address::port);
    }
    assert_eq!(read.sentinel, state, "from\n{theirs}");
    let ours = rewritten(&theirs, &read.server, &read.sentinel);
    drop(reference);
    assert!(Reference::start(&ours).ask("SENTINEL MYID").contains(MY_ID));
}

#[test]
fn both_keep_the_same_lines_of_a_file_full_of_settings() {
    let text = "port 1\nmaxmemory 1500mb\nslave-priority 50\nappendonly no\n\
        client-output-buffer-limit normal 1mb 1000 0\nclient-output-buffer-limit slave 1gb 0 0\n\
        tls-protocols \"TLSv1.2 TLSv1.3\"\nproc-title-template \"{title} \u{e9}\"\n\
        oom-score-adj-values 0 200 900\nmasterauth \"x y\"\nunixsocketperm 700\npidfile \"\"\n\
        notify-keyspace-events \"\"\nmaxmemory-clients 5%\nshutdown-on-sigint nosave now\n\
        save 10 10\nfoo.bar baz\nlua-replicate-commands yes\nappenddirname a\nhz 7\n\
        bind-source-addr 127.0.0.1\nsentinel announce-ip 1.1.1.1\n";
    let reference = Reference::start(text);
    let theirs = reference.file();
    let read = conf(&format!("{text}\nport {}\nbind 127.0.0.1", reference.port));
    let facts = rsentinel::config::RewriteFacts {
        current_dir: std::env::current_dir()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned(),
    };
    let mut state = read.sentinel;
    state.my_id = conf(&theirs).sentinel.my_id;
    let ours = rsentinel::config::rewrite(text.as_bytes(), &read.server, &state, &facts);
    let ours = String::from_utf8(ours).unwrap();
    let kept = |text: &str| -> Vec<String> {
        let above = text.split("# Generated by CONFIG REWRITE").next().unwrap();
        above.lines().map(str::to_owned).collect()
    };
    assert_eq!(kept(&ours), kept(&theirs));
    let appended = |text: &str| -> Vec<String> {
        let below = text.split("# Generated by CONFIG REWRITE").nth(1).unwrap();
        // The two releases word the default user differently.
        let mut lines: Vec<String> = below
            .lines()
            .map(|line| line.replace(" sanitize-payload", ""))
            .collect();
        lines.sort();
        lines
    };
    assert_eq!(appended(&ours), appended(&theirs));
}
