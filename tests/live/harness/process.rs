//! A child process that does not outlive its test.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A running program whose output goes to a file. Killed when dropped, also by a panic.
pub struct Process {
    child: Child,
    log: PathBuf,
    stopped: bool,
}

impl Process {
    /// Starts a program; its output is appended to `log`.
    pub fn start(program: &Path, arguments: &[String], directory: &Path, log: &Path) -> Process {
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("the log can be opened");
        let errors = output.try_clone().expect("a file handle can be copied");
        let child = Command::new(program)
            .args(arguments)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        Process {
            child,
            log: log.to_owned(),
            stopped: false,
        }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its output goes.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// How it ended, when it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child
            .try_wait()
            .expect("an own child can be waited for")
    }

    /// Sends a signal by name: `STOP`, `CONT`, `TERM`, `INT`.
    pub fn signal(&mut self, name: &str) {
        signal(self.id(), name);
        self.stopped = name == "STOP";
    }

    /// Kills it at once and waits for its end.
    pub fn kill(&mut self) {
        if self.stopped {
            self.signal("CONT");
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Numbers of its open files and sockets.
    pub fn open_files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.id())).map_or(0, Iterator::count)
    }

    /// Processes it has started and that still exist.
    pub fn children(&self) -> Vec<u32> {
        children_of(self.id())
    }
}

/// Processes that a process has started, or that were left to it, and that still exist.
pub fn children_of(id: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{id}/task"))
        .into_iter()
        .flatten()
        .flatten();
    let lists =
        threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|id| id.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect()
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a signal to one process id.
pub fn signal(id: u32, name: &str) {
    // The shell's own kill: always there, whatever else is installed.
    let done = Command::new("sh")
        .args(["-c", &format!("kill -{name} {id}")])
        .stderr(Stdio::null())
        .status();
    assert!(done.is_ok(), "no shell to send a signal with");
}
