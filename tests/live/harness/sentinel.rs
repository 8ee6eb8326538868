//! A sentinel process of either kind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use super::client::{Login, Value, ask_as};
use super::log::Log;
use super::ports::free_port;
use super::process::Process;
use super::until::{SHORT, tails, until};

/// The name under which tests monitor their master.
pub const MASTER: &str = "mymaster";

/// Which program plays the sentinel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemon {
    /// This project's.
    Rsentinel,
    /// The redis-sentinel of the installed Redis.
    Reference,
}

impl Daemon {
    /// Its path, or its name on PATH.
    pub fn program(self) -> &'static Path {
        match self {
            Daemon::Rsentinel => Path::new(env!("CARGO_BIN_EXE_rsentinel")),
            Daemon::Reference => Path::new("redis-sentinel"),
        }
    }

    /// The other one.
    pub fn other(self) -> Daemon {
        match self {
            Daemon::Rsentinel => Daemon::Reference,
            Daemon::Reference => Daemon::Rsentinel,
        }
    }
}

/// The file a sentinel begins with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The port of the master.
    pub master: u16,
    pub quorum: u32,
    /// In milliseconds.
    pub down_after: u64,
    /// In milliseconds.
    pub failover_timeout: u64,
    pub parallel_syncs: u32,
    pub auth_pass: Option<String>,
    /// How the harness logs in there, when it has to.
    pub login: Option<Login>,
    /// Further lines.
    pub lines: Vec<String>,
}

/// A sentinel process on a loopback port, restartable on its own file.
pub struct Sentinel {
    daemon: Daemon,
    port: u16,
    login: Option<Login>,
    directory: PathBuf,
    process: Process,
}

impl Sentinel {
    /// Starts a sentinel in `directory`, on a free port, and waits until it answers.
    pub fn start(daemon: Daemon, directory: &Path, settings: &Settings) -> Sentinel {
        let text = |port: u16| config_text(directory, port, settings);
        let login = settings.login.as_ref();
        Sentinel::start_as(daemon, daemon.program(), directory, login, text)
    }

    /// The same, with a file of any text; the text has to name the port.
    pub fn start_with(daemon: Daemon, directory: &Path, text: impl Fn(u16) -> String) -> Sentinel {
        Sentinel::start_program(daemon, daemon.program(), directory, text)
    }

    /// The same, by a program that becomes the daemon.
    pub fn start_program(
        daemon: Daemon,
        program: &Path,
        directory: &Path,
        text: impl Fn(u16) -> String,
    ) -> Sentinel {
        Sentinel::start_as(daemon, program, directory, None, text)
    }

    fn start_as(
        daemon: Daemon,
        program: &Path,
        directory: &Path,
        login: Option<&Login>,
        text: impl Fn(u16) -> String,
    ) -> Sentinel {
        for _ in 0..10 {
            let port = free_port();
            fs::write(config_path(directory, port), text(port)).expect("the directory is writable");
            let process = spawn(program, directory, port);
            let mut sentinel = Sentinel {
                daemon,
                port,
                login: login.cloned(),
                directory: directory.to_owned(),
                process,
            };
            if sentinel.comes_up() {
                return sentinel;
            }
        }
        panic!(
            "no {daemon:?} came up in ten attempts\n{}",
            tails(directory)
        );
    }

    pub fn daemon(&self) -> Daemon {
        self.daemon
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process, for signals and what it holds open.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// The file it was started with and rewrites.
    pub fn file(&self) -> PathBuf {
        config_path(&self.directory, self.port)
    }

    /// Where its log is.
    pub fn log_path(&self) -> &Path {
        self.process.log()
    }

    /// Its log, over all its lives.
    pub fn log(&self) -> Log {
        Log::at(self.process.log())
    }

    /// Kills it without a word, and starts `daemon` on the same file.
    pub fn restart_as(&mut self, daemon: Daemon) {
        self.process.kill();
        self.daemon = daemon;
        let directory = self.directory.clone();
        until(&directory, "the sentinel is up again", SHORT, || {
            self.process = spawn(daemon.program(), &self.directory, self.port);
            self.comes_up().then_some(())
        });
    }

    /// Kills it without a word, and starts it again on its file.
    pub fn restart(&mut self) {
        self.restart_as(self.daemon);
    }

    /// Sends a signal that ends it, and waits for the end.
    pub fn end_by(&mut self, signal: &str) -> ExitStatus {
        self.process.signal(signal);
        self.wait_end()
    }

    /// Waits until it has ended by itself.
    pub fn wait_end(&mut self) -> ExitStatus {
        let directory = self.directory.clone();
        until(&directory, "the sentinel ends", SHORT, || {
            self.process.ended()
        })
    }

    /// Asks it something.
    pub fn ask(&self, words: &[&str]) -> Option<Value> {
        ask_as(self.login.as_ref(), self.port, words).ok()
    }

    /// Its own id.
    pub fn id(&self) -> Option<String> {
        Some(self.ask(&["SENTINEL", "MYID"])?.text())
    }

    /// A field of SENTINEL MASTER.
    pub fn field(&self, name: &str) -> Option<String> {
        self.ask(&["SENTINEL", "MASTER", MASTER])?.field(name)
    }

    /// The port it gives as the master's.
    pub fn master_port(&self) -> Option<u16> {
        let answer = self.ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER])?;
        answer.items().get(1)?.text().parse().ok()
    }

    /// A number among the fields of SENTINEL MASTER.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.field(name)?.parse().ok()
    }

    /// The value of one field in every replica (or other sentinel) it knows, sorted.
    pub fn fields_of(&self, listing: &str, field: &str) -> Vec<String> {
        let Some(answer) = self.ask(&["SENTINEL", listing, MASTER]) else {
            return Vec::new();
        };
        let mut values: Vec<String> = answer
            .items()
            .iter()
            .filter_map(|record| record.field(field))
            .collect();
        values.sort();
        values
    }

    /// Asks for a vote as a peer does: the identity and the epoch it answers.
    pub fn vote(&self, master: u16, epoch: u64, candidate: &str) -> Option<(String, u64)> {
        let (master, epoch) = (master.to_string(), epoch.to_string());
        let words = [
            "SENTINEL",
            "IS-MASTER-DOWN-BY-ADDR",
            "127.0.0.1",
            &master,
            &epoch,
            candidate,
        ];
        match self.ask(&words)?.items() {
            [_, leader, epoch] => Some((leader.text(), epoch.text().parse().ok()?)),
            _ => None,
        }
    }

    /// Waits until this very process answers; false when it ended (its port was taken).
    fn comes_up(&mut self) -> bool {
        let directory = self.directory.clone();
        until(&directory, "a sentinel answers or ends", SHORT, || {
            if self.process.ended().is_some() {
                return Some(false);
            }
            let info = self.ask(&["INFO", "server"])?.text();
            // Not the process id: inside a container it is another one.
            info.contains(&format!("config_file:{}\r\n", self.file().display()))
                .then_some(true)
        })
    }
}

fn config_path(directory: &Path, port: u16) -> PathBuf {
    directory.join(format!("sentinel-{port}.conf"))
}

fn spawn(program: &Path, directory: &Path, port: u16) -> Process {
    let file = config_path(directory, port).display().to_string();
    let log = directory.join(format!("sentinel-{port}.log"));
    Process::start(program, &[file], directory, &log)
}

fn config_text(directory: &Path, port: u16, settings: &Settings) -> String {
    let Settings {
        master,
        quorum,
        down_after,
        failover_timeout,
        parallel_syncs,
        ..
    } = settings;
    let mut text = format!(
        "# A sentinel of a test\nport {port}\nbind 127.0.0.1\ndir {}\nloglevel verbose\n# The master we watch\n\
         sentinel monitor {MASTER} 127.0.0.1 {master} {quorum}\n\
         sentinel down-after-milliseconds {MASTER} {down_after}\n\
         sentinel failover-timeout {MASTER} {failover_timeout}\n\
         sentinel parallel-syncs {MASTER} {parallel_syncs}\n",
        directory.display()
    );
    if let Some(password) = &settings.auth_pass {
        text += &format!("sentinel auth-pass {MASTER} {password}\n");
    }
    for line in &settings.lines {
        text += &format!("{line}\n");
    }
    text
}
