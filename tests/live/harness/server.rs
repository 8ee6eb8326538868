//! A real redis-server.

use std::fs;
use std::path::{Path, PathBuf};

use super::client::{Login, Value, ask_as};
use super::ports::free_port;
use super::process::Process;
use super::until::{SHORT, until};

/// How a server begins.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// The port of its master; none begins as a master.
    pub master: Option<u16>,
    /// `replica-priority`, when not the usual one.
    pub priority: Option<u32>,
    /// `requirepass` and `masterauth`.
    pub password: Option<String>,
    /// How the harness logs in, when not with that password.
    pub login: Option<Login>,
    /// Further lines of its file.
    pub lines: Vec<String>,
    /// It is known by a port for TLS, and tests ask it by another. The lines name its files.
    pub tls: bool,
}

/// A redis-server process on a loopback port, restartable there.
pub struct RedisServer {
    port: u16,
    /// Where it answers without TLS.
    plain: u16,
    directory: PathBuf,
    login: Option<Login>,
    process: Process,
}

impl RedisServer {
    /// Starts a server in `directory`, on a free port, and waits until it answers.
    pub fn start(directory: &Path, options: &ServerOptions) -> RedisServer {
        for _ in 0..10 {
            let port = free_port();
            let plain = if options.tls { free_port() } else { port };
            write_config(directory, port, plain, options);
            let password = options.password.as_deref();
            let login = password.map(|password| Login::new("default", password));
            let process = spawn(directory, port);
            let mut server = RedisServer {
                port,
                plain,
                directory: directory.to_owned(),
                login: options.login.clone().or(login),
                process,
            };
            if server.comes_up() {
                return server;
            }
        }
        panic!("no redis-server came up in ten attempts");
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process, for signals.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Starts a killed server again, with the file it last wrote.
    pub fn restart(&mut self) {
        self.process.kill();
        // Not at once, when a client's end of an old connection still holds the port.
        let directory = self.directory.clone();
        until(&directory, "the server is up again", SHORT, || {
            self.process = spawn(&self.directory, self.port);
            self.comes_up().then_some(())
        });
    }

    /// Asks it something.
    pub fn ask(&self, words: &[&str]) -> Option<Value> {
        ask_as(self.login.as_ref(), self.plain, words).ok()
    }

    /// One line of its INFO.
    pub fn info(&self, field: &str) -> Option<String> {
        let text = self.ask(&["INFO"])?.text();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
        Some(line.trim().to_owned())
    }

    /// True when it is a replica of the server on that port with its link up.
    pub fn follows(&self, port: u16) -> bool {
        let is = |field: &str, value: &str| self.info(field).as_deref() == Some(value);
        is("role", "slave")
            && is("master_port", &port.to_string())
            && is("master_link_status", "up")
    }

    /// Its port as text.
    pub fn port_text(&self) -> String {
        self.port.to_string()
    }

    /// Waits until this very process answers; false when it ended (its port was taken).
    fn comes_up(&mut self) -> bool {
        let directory = self.directory.clone();
        until(&directory, "a redis-server answers or ends", SHORT, || {
            if self.process.ended().is_some() {
                return Some(false);
            }
            let own = self.info("process_id")? == self.process.id().to_string();
            own.then_some(true)
        })
    }
}

fn spawn(directory: &Path, port: u16) -> Process {
    let file = directory.join(format!("redis-{port}.conf"));
    let log = directory.join(format!("redis-{port}.log"));
    Process::start(
        Path::new("redis-server"),
        &[file.display().to_string()],
        directory,
        &log,
    )
}

fn write_config(directory: &Path, port: u16, plain: u16, options: &ServerOptions) {
    let mut text = format!(
        "port {plain}\nbind 127.0.0.1\ndir {}\ndbfilename redis-{port}.rdb\nsave \"\"\nappendonly no\nrepl-diskless-sync-delay 0\nrepl-ping-replica-period 1\n",
        directory.display()
    );
    if options.tls {
        text += &format!("tls-port {port}\ntls-replication yes\n");
    }
    if let Some(master) = options.master {
        text += &format!("replicaof 127.0.0.1 {master}\n");
    }
    if let Some(priority) = options.priority {
        text += &format!("replica-priority {priority}\n");
    }
    if let Some(password) = &options.password {
        text += &format!("requirepass {password}\nmasterauth {password}\n");
    }
    for line in &options.lines {
        text += &format!("{line}\n");
    }
    fs::write(directory.join(format!("redis-{port}.conf")), text)
        .expect("the directory is writable");
}
