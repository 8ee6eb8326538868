//! A master, its replicas, and the sentinels that watch them.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::client::Login;
use super::log::Line;
use super::sentinel::{Daemon, Sentinel, Settings};
use super::server::{RedisServer, ServerOptions};
use super::subscriber::Subscriber;
use super::until::{LONG, SHORT, until};

/// A quorum nobody can reach: a sentinel configured with it watches, votes and follows, but
/// never calls the master objectively down, and so never leads.
const NEVER_LEADS: u32 = 100;

/// May a sentinel of the plan lead a failover?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// Yes: it has the plan's quorum.
    MayLead,
    /// No: see [`NEVER_LEADS`].
    OnlyVotes,
}

/// What a cluster consists of.
#[derive(Clone, Debug)]
pub struct Plan {
    pub sentinels: Vec<(Daemon, Voice)>,
    /// The first master.
    pub master: ServerOptions,
    pub replicas: Vec<ServerOptions>,
    pub quorum: u32,
    /// In milliseconds.
    pub down_after: u64,
    /// In milliseconds.
    pub failover_timeout: u64,
    pub parallel_syncs: u32,
    /// Needed by the servers.
    pub password: Option<String>,
    /// Given to the sentinels.
    pub auth_pass: Option<String>,
    /// How the harness logs in at the servers, when not with the password above.
    pub server_login: Option<Login>,
    /// Further lines of each server's file.
    pub server_lines: Vec<String>,
    /// How the harness logs in at the sentinels, when it has to.
    pub login: Option<Login>,
    /// Further lines of each sentinel's file.
    pub lines: Vec<String>,
    /// Still further lines, sentinel by sentinel.
    pub lines_of: Vec<Vec<String>>,
    /// The text of rsentinel.toml, which all of our sentinels read; empty: there is none.
    pub ext: String,
    /// The sentinels begin at these instants after the servers are ready, the first one at the
    /// first; a sentinel without one begins as soon as the one before it answers.
    pub begins: Vec<Duration>,
}

impl Plan {
    /// Two replicas, quorum 2, these sentinels, all of which may lead.
    ///
    /// The time to call a server down is short among our own kind. Where the reference takes
    /// part it is 1500 ms: below that it sometimes calls a freshly promoted master down before
    /// it has connected to it (it waits a second between attempts), and fails over twice.
    pub fn of(daemons: &[Daemon]) -> Plan {
        let down_after = if daemons.contains(&Daemon::Reference) {
            1500
        } else {
            1000
        };
        Plan {
            sentinels: daemons
                .iter()
                .map(|daemon| (*daemon, Voice::MayLead))
                .collect(),
            master: ServerOptions::default(),
            replicas: vec![ServerOptions::default(); 2],
            quorum: 2,
            down_after,
            failover_timeout: 6000,
            parallel_syncs: 1,
            password: None,
            auth_pass: None,
            server_login: None,
            server_lines: Vec::new(),
            login: None,
            lines: Vec::new(),
            lines_of: Vec::new(),
            ext: String::new(),
            begins: Vec::new(),
        }
    }

    /// Only this one of the sentinels may lead.
    pub fn led_by(mut self, leader: usize) -> Plan {
        for (index, (_, voice)) in self.sentinels.iter_mut().enumerate() {
            *voice = if index == leader {
                Voice::MayLead
            } else {
                Voice::OnlyVotes
            };
        }
        self
    }
}

/// Running processes. Field order is the order of ending: subscribers, sentinels, servers,
/// directory.
pub struct Cluster {
    pub subscribers: Vec<Subscriber>,
    pub sentinels: Vec<Sentinel>,
    /// The first one begins as the master.
    pub servers: Vec<RedisServer>,
    directory: TempDir,
}

impl Cluster {
    /// Starts everything and waits until every sentinel knows all replicas and all peers.
    pub fn start(plan: &Plan) -> Cluster {
        let cluster = Cluster::start_undiscovered(plan);
        cluster.wait_discovered(LONG);
        cluster
    }

    /// Starts everything; servers are linked, sentinels answer.
    pub fn start_undiscovered(plan: &Plan) -> Cluster {
        let directory = TempDir::new().expect("a temporary directory");
        if !plan.ext.is_empty() {
            fs::write(directory.path().join("rsentinel.toml"), &plan.ext)
                .expect("the directory is writable");
        }
        let as_planned = |options: &ServerOptions| ServerOptions {
            password: plan.password.clone(),
            login: plan.server_login.clone(),
            lines: [options.lines.clone(), plan.server_lines.clone()].concat(),
            ..options.clone()
        };
        let master = RedisServer::start(directory.path(), &as_planned(&plan.master));
        let master_port = master.port();
        let mut servers = vec![master];
        for options in &plan.replicas {
            let options = ServerOptions {
                master: Some(master_port),
                ..as_planned(options)
            };
            servers.push(RedisServer::start(directory.path(), &options));
        }
        let mut cluster = Cluster {
            subscribers: Vec::new(),
            sentinels: Vec::new(),
            servers,
            directory,
        };
        cluster.until("all replicas are linked to the master", SHORT, || {
            cluster.servers[1..]
                .iter()
                .all(|replica| replica.follows(master_port))
        });
        let ready = Instant::now();
        for (index, (daemon, voice)) in plan.sentinels.iter().enumerate() {
            if let Some(begin) = plan.begins.get(index) {
                thread::sleep(begin.saturating_sub(ready.elapsed()));
            }
            let settings = Settings {
                master: master_port,
                quorum: if *voice == Voice::MayLead {
                    plan.quorum
                } else {
                    NEVER_LEADS
                },
                down_after: plan.down_after,
                failover_timeout: plan.failover_timeout,
                parallel_syncs: plan.parallel_syncs,
                auth_pass: plan.auth_pass.clone(),
                login: plan.login.clone(),
                lines: [
                    plan.lines.clone(),
                    plan.lines_of.get(index).cloned().unwrap_or_default(),
                ]
                .concat(),
            };
            let sentinel = Sentinel::start(*daemon, cluster.directory.path(), &settings);
            cluster.sentinels.push(sentinel);
        }
        cluster
    }

    /// Where the logs are.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Waits until a condition holds.
    #[track_caller]
    pub fn until(&self, what: &str, patience: Duration, condition: impl Fn() -> bool) {
        until(self.directory(), what, patience, || {
            condition().then_some(())
        });
    }

    /// Waits until every sentinel knows, and reaches, all other servers and all other sentinels.
    #[track_caller]
    pub fn wait_discovered(&self, patience: Duration) {
        let replicas = self.servers.len() - 1;
        let peers = self.sentinels.len() - 1;
        self.until(
            "every sentinel knows all replicas and all sentinels",
            patience,
            || {
                self.sentinels.iter().all(|sentinel| {
                    let up = |listing: &str| {
                        let flags = sentinel.fields_of(listing, "flags");
                        flags
                            .iter()
                            .filter(|flags| {
                                !flags.contains("disconnected") && !flags.contains("s_down")
                            })
                            .count()
                    };
                    up("REPLICAS") == replicas
                        && up("SENTINELS") == peers
                        && sentinel.field("flags").as_deref() == Some("master")
                        && sentinel
                            .fields_of("REPLICAS", "master-link-status")
                            .iter()
                            .all(|status| status == "ok")
                })
            },
        );
    }

    /// Subscribes to every sentinel.
    pub fn subscribe(&mut self) {
        self.subscribers = self
            .sentinels
            .iter()
            .map(|sentinel| Subscriber::start(sentinel.port()))
            .collect();
    }

    /// Waits until all sentinels name one master, not `old`; its port.
    #[track_caller]
    pub fn wait_new_master(&self, old: u16, patience: Duration) -> u16 {
        until(
            self.directory(),
            "all sentinels agree on a new master",
            patience,
            || {
                let mut ports = self.sentinels.iter().map(Sentinel::master_port);
                let first = ports.next()??;
                (first != old && ports.all(|port| port == Some(first))).then_some(first)
            },
        )
    }

    /// The server on this port.
    pub fn server(&self, port: u16) -> &RedisServer {
        self.servers
            .iter()
            .find(|server| server.port() == port)
            .expect("a server of this cluster")
    }

    /// Waits until all servers but the named one follow it (or: all of `ports`).
    #[track_caller]
    pub fn wait_followers(&self, master: u16, ports: &[u16], patience: Duration) {
        self.until(&format!("{ports:?} follow {master}"), patience, || {
            ports.iter().all(|port| self.server(*port).follows(master))
        });
    }

    /// The ports of all servers but these.
    pub fn ports_without(&self, without: &[u16]) -> Vec<u16> {
        self.servers
            .iter()
            .map(RedisServer::port)
            .filter(|port| !without.contains(port))
            .collect()
    }

    /// Lines of one event in all logs together.
    pub fn events(&self, name: &str) -> Vec<Line> {
        self.sentinels
            .iter()
            .flat_map(|sentinel| sentinel.log().events(name))
            .collect()
    }

    /// The sentinels that announced to have been elected, by index, once per election.
    pub fn leaders(&self) -> Vec<usize> {
        let logs = self
            .sentinels
            .iter()
            .map(|sentinel| sentinel.log().count("+elected-leader"));
        logs.enumerate()
            .flat_map(|(index, count)| vec![index; count])
            .collect()
    }
}
