//! Servers of many versions: what their INFO says decides, never which version they are. Each
//! dialect has the fields that its version prints (among others that mean nothing to us), and the
//! same things must come of it.

use rsentinel::core::Reply;
use rsentinel::wire::Role;

use super::cluster::*;
use super::hosts::{Server, Words};
use super::world::World;

/// How a server of some version says what it is.
struct Dialect {
    name: &'static str,
    /// Its lines before the section on replication.
    server: &'static [&'static str],
    /// How a master prints a replica, its number and address in front.
    replica: fn(usize, &str, u16) -> String,
    /// `slave_priority`, `slave_repl_offset`.
    offsets: bool,
    /// `replica_announced`, `master_failover_state`.
    failover: bool,
    /// Lines behind all others.
    rest: &'static [&'static str],
}

fn positional(i: usize, host: &str, port: u16) -> String {
    format!("slave{i}:{host},{port},online")
}

fn named(i: usize, host: &str, port: u16) -> String {
    format!("slave{i}:ip={host},port={port},state=online,offset=1,lag=0")
}

fn typed(i: usize, host: &str, port: u16) -> String {
    format!("slave{i}:ip={host},port={port},state=online,offset=1,lag=0,type=replica")
}

const DIALECTS: [Dialect; 9] = [
    Dialect {
        name: "Redis 2.6",
        server: &["# Server", "redis_version:2.6.17", "redis_mode:standalone"],
        replica: positional,
        offsets: false,
        failover: false,
        rest: &["", "# Keyspace"],
    },
    Dialect {
        name: "Redis 6.0",
        server: &["# Server", "redis_version:6.0.16", "redis_mode:standalone"],
        replica: named,
        offsets: true,
        failover: false,
        rest: &["master_replid2:0000000000000000000000000000000000000000"],
    },
    Dialect {
        name: "Redis 6.2",
        server: &["# Server", "redis_version:6.2.14", "redis_mode:standalone"],
        replica: named,
        offsets: true,
        failover: true,
        rest: &["second_repl_offset:-1"],
    },
    Dialect {
        name: "Redis 7.0",
        server: &[
            "# Server",
            "redis_version:7.0.15",
            "async_loading:0",
            "current_cow_peak:0",
        ],
        replica: named,
        offsets: true,
        failover: true,
        rest: &["slave_read_only:1"],
    },
    Dialect {
        name: "Redis 7.2, loading without blocking",
        server: &[
            "# Server",
            "redis_version:7.2.6",
            "listener0:name=tcp,bind=127.0.0.1,port=6379",
            "loading:1",
            "async_loading:1",
        ],
        replica: named,
        offsets: true,
        failover: true,
        rest: &["io_threaded_reads_processed:0"],
    },
    Dialect {
        name: "Redis 8",
        server: &[
            "# Server",
            "redis_version:8.0.0",
            "paused_reason:none",
            "paused_actions:none",
            "paused_timeout_milliseconds:0",
        ],
        replica: named,
        offsets: true,
        failover: true,
        rest: &["# Modules", "module:name=vectorset,ver=1,api=1"],
    },
    Dialect {
        name: "Valkey 7.2",
        server: &[
            "# Server",
            "redis_version:7.2.4",
            "server_name:valkey",
            "valkey_version:7.2.5",
        ],
        replica: named,
        offsets: true,
        failover: true,
        rest: &[],
    },
    Dialect {
        name: "Valkey 8",
        server: &[
            "# Server",
            "redis_version:7.2.4",
            "server_name:valkey",
            "valkey_version:8.0.1",
            "server_mode:standalone",
        ],
        replica: typed,
        offsets: true,
        failover: true,
        rest: &["replicas_waiting_psync:0", "replicas_repl_buffer_size:0"],
    },
    Dialect {
        name: "Valkey 9",
        server: &[
            "# Server",
            "redis_version:7.2.4",
            "server_name:valkey",
            "valkey_version:9.0.0",
            "valkey_release_stage:ga",
            "availability_zone:",
        ],
        replica: typed,
        offsets: true,
        failover: true,
        rest: &["slave_read_repl_offset:7", "role_of_nobody:slave"],
    },
];

impl Dialect {
    /// INFO of a server.
    fn say(&self, server: &Server) -> String {
        let mut lines: Vec<String> = self.server.iter().map(|l| (*l).to_owned()).collect();
        let mut line = |text: String| lines.push(text);
        line(format!("run_id:{}", server.run_id));
        line(String::new());
        line("# Replication".into());
        if server.role == Role::Master {
            line("role:master".into());
            line(format!("connected_slaves:{}", server.replicas.len()));
            for (i, (host, port)) in server.replicas.iter().enumerate() {
                line((self.replica)(i, host, *port));
            }
        } else {
            let (host, port) = server.master.clone().unwrap_or_default();
            line("role:slave".into());
            line(format!("master_host:{host}"));
            line(format!("master_port:{port}"));
            line(format!(
                "master_link_status:{}",
                if server.link_up { "up" } else { "down" }
            ));
            line("master_last_io_seconds_ago:1".into());
            line("master_sync_in_progress:0".into());
            if self.offsets {
                line(format!("slave_repl_offset:{}", server.offset));
                line(format!("slave_priority:{}", server.priority));
            }
            line("slave_read_only:1".into());
            if self.failover {
                line(format!("replica_announced:{}", u8::from(server.announced)));
            }
        }
        if self.failover {
            line("master_failover_state:no-failover".into());
        }
        line("master_replid:8f4b2c1d8f4b2c1d8f4b2c1d8f4b2c1d8f4b2c1d".into());
        line(format!("master_repl_offset:{}", server.offset + 1));
        lines.extend(self.rest.iter().map(|l| (*l).to_owned()));
        lines.join("\r\n") + "\r\n"
    }

    /// A group of such servers, whose replicas only the master knows.
    fn group(&'static self) -> World {
        let mut plan = plan(2, 2, 2);
        let start = plan.clone().start();
        plan.group.known_replicas.clear();
        let mut w = World::with_hosts(plan.birth(), start.hosts.clone());
        for at in [M, R[0], R[1]] {
            w.server(at).words = Some(Words::new(|server| self.say(server)));
        }
        w.server(R[0]).offset = 10;
        w.server(R[1]).offset = 20;
        w.run(12_000);
        w
    }

    /// The replica that is the best by what this version tells.
    fn best(&self) -> &'static str {
        if self.offsets { "10.0.0.3" } else { "10.0.0.2" }
    }
}

#[test]
fn replicas_are_found_and_listed_alike_whatever_the_version() {
    for dialect in &DIALECTS {
        let w = dialect.group();
        assert_eq!(w.told("+slave").len(), 2, "{}", dialect.name);
        let master = w.view().masters[0].clone();
        for replica in &master.replicas {
            assert!(
                replica.announced && replica.master_link_up,
                "{}",
                dialect.name
            );
            assert_eq!(replica.priority, 100, "{}", dialect.name);
            assert_eq!(replica.master_host, "10.0.0.1", "{}", dialect.name);
            assert_eq!(replica.instance.run_id.len(), 40, "{}", dialect.name);
        }
    }
}

#[test]
fn a_dead_master_is_failed_over_to_the_best_replica_whatever_the_version() {
    for dialect in &DIALECTS {
        let mut w = dialect.group();
        w.kill_master();
        w.until("+switch-master", 5_000);
        let (host, _) = w.address(NAME).unwrap();
        assert_eq!(host, dialect.best(), "{}", dialect.name);
        w.revive(M);
        w.until("+convert-to-slave", 60_000);
    }
}

#[test]
fn whether_a_master_can_hand_over_is_what_its_info_says() {
    for dialect in &DIALECTS {
        let mut w = dialect.group();
        let waiter = w.coordinate();
        let reply = w.reply(waiter).unwrap().1.clone();
        if dialect.failover {
            assert_eq!(reply, Reply::Ok, "{}", dialect.name);
            w.until("+switch-master", 2_000);
            assert_eq!(
                w.address(NAME).unwrap().0,
                dialect.best(),
                "{}",
                dialect.name
            );
        } else {
            let text = "NOGOODPRIMARY Primary does not support FAILOVER command";
            assert_eq!(reply, Reply::Error(text.into()), "{}", dialect.name);
        }
    }
}

#[test]
fn a_master_that_is_upgraded_in_place_can_hand_over_from_then_on() {
    let mut w = DIALECTS[1].group();
    w.server(M).words = Some(Words::new(|server| DIALECTS[2].say(server)));
    w.run(11_000);
    let waiter = w.coordinate();
    assert_eq!(w.reply(waiter).unwrap().1, &Reply::Ok);
}
