//! A redis-sentinel and an rsentinel that watch the same master and its replica.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::conversation::{Protocol, ask, hold, hold_and_hear};
use crate::differences::Replies;
use crate::harness::{Process, RedisServer, SHORT, ServerOptions, free_port, until};
use crate::normal::{Known, View};
use crate::reply::Reply;
use crate::table::Case;

/// How the sentinels are set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// They watch a master with a replica, and each other.
    Open,
    /// The same with `requirepass pw`.
    Password,
    /// Their master is where nobody listens, so they cannot hear each other.
    Apart,
}

/// A port where nobody listens.
const NOBODY: u16 = 1;

/// The two sentinels, and what they watch.
pub struct Pair {
    reference: One,
    ours: One,
    master_port: u16,
    _master: RedisServer,
    _replica: RedisServer,
    _directory: TempDir,
}

struct One {
    port: u16,
    known: Known,
    _process: Process,
}

impl Pair {
    /// Starts everything and waits until both sentinels know all there is to know. Those with a
    /// password are not waited for: they cannot reach each other.
    pub fn start(lock: Lock) -> Pair {
        assert_reference();
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path();
        let master = RedisServer::start(path, &ServerOptions::default());
        let replica = RedisServer::start(
            path,
            &ServerOptions {
                master: Some(master.port()),
                ..ServerOptions::default()
            },
        );
        until(path, "the replica follows", SHORT, || {
            replica.follows(master.port()).then_some(())
        });
        let master_port = if lock == Lock::Apart {
            NOBODY
        } else {
            master.port()
        };
        let programs = ["redis-sentinel", env!("CARGO_BIN_EXE_rsentinel")];
        let ids = ["a", "b"].map(|digit| digit.repeat(40));
        let mut started = programs.iter().zip(&ids).map(|(program, id)| {
            let (port, process) = spawn(Path::new(program), path, id, master_port, lock);
            (port, id.clone(), process)
        });
        let (first, second) = (started.next().expect("two"), started.next().expect("two"));
        drop(started);
        let one = |own: (u16, String, Process), other: (u16, String)| One {
            port: own.0,
            known: Known {
                own: (own.0, own.1),
                other,
            },
            _process: own.2,
        };
        let (first_is, second_is) = ((first.0, first.1.clone()), (second.0, second.1.clone()));
        let pair = Pair {
            reference: one(first, second_is),
            ours: one(second, first_is),
            master_port,
            _master: master,
            _replica: replica,
            _directory: directory,
        };
        if lock == Lock::Open {
            for port in [pair.reference.port, pair.ours.port] {
                until(
                    pair._directory.path(),
                    "a sentinel knows all",
                    SHORT,
                    || knows_all(port).then_some(()),
                );
            }
        }
        pair
    }

    /// Holds a conversation with both.
    pub fn both(&self, case: &Case, protocol: Protocol) -> Replies {
        let with = |one: &One| {
            let hold = if case.view == View::Events {
                hold_and_hear
            } else {
                hold
            };
            hold(one.port, protocol, &case.line, self.master_port)
                .into_iter()
                .map(|step| step.into_iter().map(|r| one.known.normal(r)).collect())
                .collect()
        };
        Replies {
            reference: with(&self.reference),
            ours: with(&self.ours),
        }
    }
}

/// The table is written against Redis 7.0: with another version other lines would differ.
fn assert_reference() {
    let output = std::process::Command::new("redis-sentinel")
        .arg("--version")
        .output()
        .expect("redis-sentinel is installed");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains(" v=7.0."),
        "the wire table needs redis-sentinel 7.0, not {text}"
    );
}

/// Starts one on a free port; another process may take that first, so it has to be the one that
/// answers.
fn spawn(program: &Path, directory: &Path, id: &str, master: u16, lock: Lock) -> (u16, Process) {
    for _ in 0..10 {
        let port = free_port();
        let file = directory.join(format!("sentinel-{port}.conf"));
        let log = directory.join(format!("sentinel-{port}.log"));
        let mut text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel myid {id}\n\
             sentinel monitor mymaster 127.0.0.1 {master} 2\n",
            directory.display()
        );
        if lock == Lock::Password {
            text += "requirepass pw\n";
        }
        fs::write(&file, text).expect("the directory is writable");
        let arguments = [file.display().to_string()];
        let mut process = Process::start(program, &arguments, directory, &log);
        let is_up = until(directory, "a sentinel answers or ends", SHORT, || {
            if process.ended().is_some() {
                return Some(false);
            }
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
            Some(process.ended().is_none())
        });
        if is_up {
            return (port, process);
        }
    }
    panic!("no sentinel came up in ten attempts");
}

/// Whether it has the replica and the other sentinel, with all links up and an INFO of each.
fn knows_all(port: u16) -> bool {
    let has = |line: &str, wanted: &[&str]| {
        let text: String = ask(port, line).iter().map(Reply::to_string).collect();
        wanted.iter().all(|part| text.contains(part))
    };
    has(
        "SENTINEL MASTER mymaster",
        &[
            "$\"flags\", $\"master\"",
            "$\"num-slaves\", $\"1\"",
            "$\"num-other-sentinels\", $\"1\"",
        ],
    ) && has(
        "SENTINEL REPLICAS mymaster",
        &["$\"flags\", $\"slave\"", "$\"master-link-status\", $\"ok\""],
    ) && has(
        "SENTINEL SENTINELS mymaster",
        &["$\"flags\", $\"sentinel\""],
    )
}
