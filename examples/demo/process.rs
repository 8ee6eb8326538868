//! Child processes that end with the demo, and waiting for what they do.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::client;

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(5);
/// How long a process may take to answer for the first time.
const START: Duration = Duration::from_secs(20);

/// A running program. Killed when dropped: at the end, at an error, at a panic, at a signal.
pub struct Process(Child);

impl Process {
    /// Starts a program whose output goes to a file.
    pub fn start<A: AsRef<OsStr>>(
        program: &Path,
        arguments: &[A],
        directory: &Path,
        log: &Path,
    ) -> io::Result<Process> {
        let output = File::options().create(true).append(true).open(log)?;
        let errors = output.try_clone()?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        command.spawn().map(Process)
    }

    /// Kills it at once, as a crash would, and waits for its end.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Waits until this very process answers on `port`; false when it ended instead, as it
    /// does when another program was faster to take the port.
    pub async fn comes_up(&mut self, port: u16) -> Result<bool, String> {
        let id = self.0.id().to_string();
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            if !matches!(self.0.try_wait(), Ok(None)) {
                return Ok(false);
            }
            if client::info(port, "process_id").await.as_ref() == Some(&id) {
                return Ok(true);
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(format!(
            "the process on port {port} did not answer within {START:?}"
        ))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A loopback port nobody listens on now.
pub fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address
        .map(|address| address.port())
        .map_err(|error| format!("no free port: {error}"))
}

/// Waits until `look` gives something; says what was waited for when it does not in time.
pub async fn until<T>(
    what: &str,
    patience: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> Result<T, String> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(seen) = look().await {
            return Ok(seen);
        }
        if Instant::now() > deadline {
            return Err(format!(
                "this did not happen within {} s: {what}",
                patience.as_secs()
            ));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The last lines of every log in a directory, for the case that the demo fails.
pub fn log_tails(directory: &Path) -> String {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension() == Some(OsStr::new("log")));
    paths.sort();
    let mut text = String::new();
    for path in paths {
        let log = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
        let lines: Vec<_> = log.lines().collect();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        text += &format!(
            "--- {name}\n{}\n",
            lines[lines.len().saturating_sub(10)..].join("\n")
        );
    }
    text
}
