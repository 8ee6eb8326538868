//! The monitored servers: real processes when a server program is installed, stand-ins in this
//! process when not.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use standin::{Options, Server};

use super::client::ask;
use super::process::{Process, free_port};

/// How often a start is tried with another port.
const ATTEMPTS: usize = 10;

/// What plays the servers.
pub enum ServerKind {
    /// This program.
    Installed(PathBuf),
    /// The embedded stand-in.
    StandIn,
}

impl ServerKind {
    /// The first server program on PATH, or the stand-in.
    pub fn find() -> ServerKind {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let directories: Vec<_> = std::env::split_paths(&path).collect();
        let candidates = ["redis-server", "valkey-server"].iter().flat_map(|name| {
            directories
                .iter()
                .map(move |directory| directory.join(name))
        });
        candidates
            .into_iter()
            .find(|program| program.is_file())
            .map_or(ServerKind::StandIn, ServerKind::Installed)
    }
}

impl fmt::Display for ServerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServerKind::Installed(program) => write!(f, "{}", program.display()),
            ServerKind::StandIn => f.write_str(
                "the embedded stand-in (neither redis-server nor valkey-server is on PATH)",
            ),
        }
    }
}

/// One monitored server.
pub struct DataServer {
    port: u16,
    life: Life,
}

enum Life {
    Installed {
        process: Process,
        program: PathBuf,
        directory: PathBuf,
    },
    StandIn(Server),
}

impl DataServer {
    /// Starts a server on a free port, as a replica when a master's port is given.
    pub async fn start(
        kind: &ServerKind,
        directory: &Path,
        master: Option<u16>,
    ) -> Result<DataServer, String> {
        match kind {
            ServerKind::StandIn => DataServer::start_stand_in(master).await,
            ServerKind::Installed(program) => {
                DataServer::start_installed(program, directory, master).await
            }
        }
    }

    async fn start_stand_in(master: Option<u16>) -> Result<DataServer, String> {
        let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let options = Options {
            master: master.map(loopback),
            ..Options::new(loopback(0))
        };
        let server = Server::start(options)
            .await
            .map_err(|error| format!("a stand-in cannot listen: {error}"))?;
        Ok(DataServer {
            port: server.address().port(),
            life: Life::StandIn(server),
        })
    }

    async fn start_installed(
        program: &Path,
        directory: &Path,
        master: Option<u16>,
    ) -> Result<DataServer, String> {
        for _ in 0..ATTEMPTS {
            let port = free_port()?;
            write_config(directory, port, master)?;
            let mut process = spawn(program, directory, port)?;
            if process.comes_up(port).await? {
                let life = Life::Installed {
                    process,
                    program: program.to_owned(),
                    directory: directory.to_owned(),
                };
                return Ok(DataServer { port, life });
            }
        }
        Err(format!(
            "{} ended by itself {ATTEMPTS} times",
            program.display()
        ))
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends it as a crash would.
    pub async fn kill(&mut self) {
        match &mut self.life {
            Life::Installed { process, .. } => process.kill(),
            Life::StandIn(server) => server.kill().await,
        }
    }

    /// Starts it again where it was.
    pub async fn restart(&mut self) -> Result<(), String> {
        match &mut self.life {
            Life::StandIn(server) => server
                .restart()
                .await
                .map_err(|error| format!("the stand-in cannot listen: {error}")),
            Life::Installed {
                process,
                program,
                directory,
            } => {
                for _ in 0..ATTEMPTS {
                    *process = spawn(program, directory, self.port)?;
                    if process.comes_up(self.port).await? {
                        return Ok(());
                    }
                }
                Err(format!(
                    "the server on port {} does not start again",
                    self.port
                ))
            }
        }
    }

    /// True when it is a replica of the server on that port, and linked to it.
    pub async fn follows(&self, master: u16) -> bool {
        followed_master(self.port).await == Some(master)
    }

    /// Sets a key.
    pub async fn write(&self, key: &str, value: &str) -> Result<(), String> {
        let reply = ask(self.port, &["SET", key, value]).await;
        reply
            .map(|_| ())
            .ok_or_else(|| format!("the server on port {} takes no write", self.port))
    }

    /// Reads a key.
    pub async fn read(&self, key: &str) -> Option<String> {
        ask(self.port, &["GET", key]).await?.pop()
    }
}

/// The port of the master which the server on this port follows, when it is linked to it.
pub async fn followed_master(port: u16) -> Option<u16> {
    let text = ask(port, &["INFO"]).await?.pop()?;
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim)
    };
    let linked = field("role") == Some("slave") && field("master_link_status") == Some("up");
    linked.then_some(field("master_port")?.parse().ok()?)
}

fn config_path(directory: &Path, port: u16) -> PathBuf {
    directory.join(format!("server-{port}.conf"))
}

fn write_config(directory: &Path, port: u16, master: Option<u16>) -> Result<(), String> {
    let mut text = format!(
        "port {port}\nbind 127.0.0.1\ndir {}\ndbfilename server-{port}.rdb\nsave \"\"\nrepl-diskless-sync-delay 0\n",
        directory.display()
    );
    if let Some(master) = master {
        text += &format!("replicaof 127.0.0.1 {master}\n");
    }
    fs::write(config_path(directory, port), text)
        .map_err(|error| format!("cannot write a configuration: {error}"))
}

fn spawn(program: &Path, directory: &Path, port: u16) -> Result<Process, String> {
    let log = directory.join(format!("server-{port}.log"));
    Process::start(program, &[config_path(directory, port)], directory, &log)
        .map_err(|error| format!("{} does not start: {error}", program.display()))
}
