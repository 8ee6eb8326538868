//! A directory, a configuration file and the program running there.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::ports::free_port;

pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for a condition; the name says which if it never comes.
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "timed out waiting for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A directory with a configuration file, on a free port.
pub struct Place {
    dir: TempDir,
    pub port: u16,
}

impl Place {
    pub fn new(more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let text = format!("port {port}\nbind 127.0.0.1\n{more}\n");
        fs::write(dir.path().join("s.conf"), text).unwrap();
        Place { dir, port }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rsentinel"));
        command
            .arg("s.conf")
            .args(options)
            .current_dir(self.dir.path())
            .env_remove("NOTIFY_SOCKET")
            .env_remove("UPSTART_JOB")
            .stdin(Stdio::null())
            .stdout(File::create(self.path("out")).unwrap())
            .stderr(File::create(self.path("err")).unwrap());
        command
    }

    /// A new connection on which this was said.
    pub fn say(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    }

    pub fn wait_for_line(&self, file: &str, part: &str) {
        wait_for(part, || self.read(file).contains(part).then_some(()));
    }
}

/// A process that ends with the test, by its id.
pub struct Running(pub Child);

impl Running {
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id() as i32), signal).unwrap();
    }

    pub fn wait(&mut self) -> ExitStatus {
        wait_for("the end of the process", || self.0.try_wait().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn started(place: &Place, options: &[&str]) -> Running {
    started_by(place, &mut place.command(options))
}

/// Waits until the process of this command has written its pid file.
pub fn started_by(place: &Place, command: &mut Command) -> Running {
    let running = Running(command.spawn().unwrap());
    wait_for("the pid file", || {
        (place.read("s.pid") == format!("{}\n", running.0.id())).then_some(())
    });
    running
}

/// The last line of a start that watches nothing.
pub fn wait_for_id(place: &Place) {
    wait_for("the id", || {
        place.read("out").contains("Sentinel ID is").then_some(())
    });
}
