//! Being supervised: telling systemd how the start goes, or stopping for upstart.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use super::logging;
use crate::config::Supervised;
use crate::core::notice::{Level, LogLine};

/// What the environment says about a supervisor.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `NOTIFY_SOCKET`: a path, or `@` and an abstract name.
    pub notify_socket: Option<OsString>,
    /// Whether `UPSTART_JOB` is set.
    pub upstart_job: bool,
    /// `WATCHDOG_USEC`, if `WATCHDOG_PID` does not name another process: how often systemd wants
    /// to hear of us.
    pub watchdog: Option<Duration>,
}

impl Environment {
    /// Reads the environment of the process. The variables stay set.
    pub fn of_process() -> Self {
        Environment {
            notify_socket: std::env::var_os("NOTIFY_SOCKET"),
            upstart_job: std::env::var_os("UPSTART_JOB").is_some(),
            watchdog: watchdog_period(
                std::env::var("WATCHDOG_USEC").ok().as_deref(),
                std::env::var("WATCHDOG_PID").ok().as_deref(),
                std::process::id(),
            ),
        }
    }
}

fn watchdog_period(usec: Option<&str>, pid: Option<&str>, own_pid: u32) -> Option<Duration> {
    let ours = pid.is_none_or(|pid| pid.parse() == Ok(own_pid));
    let usec = usec.and_then(|usec| usec.parse().ok());
    usec.filter(|usec| ours && *usec > 0)
        .map(Duration::from_micros)
}

/// The supervisor as it turned out; outlives the start, for its later messages.
#[derive(Debug)]
pub struct Supervision {
    configured: Supervised,
    kind: Kind,
    established: bool,
    watchdog: Option<Duration>,
}

#[derive(Debug)]
enum Kind {
    None,
    /// With the socket to notify, if the environment names one.
    Systemd(Option<OsString>),
    Upstart,
}

/// Finds the supervisor and tells it that the start has begun: before daemonizing. For upstart
/// this stops the process until upstart continues it.
pub fn establish(mode: Supervised, environment: Environment) -> Supervision {
    let watchdog = environment.watchdog;
    let (kind, lines) = choose(mode, environment);
    for line in &lines {
        logging::emit(line);
    }
    let mut supervision = Supervision {
        configured: mode,
        kind,
        established: false,
        watchdog,
    };
    supervision.established = match &supervision.kind {
        Kind::None => false,
        Kind::Systemd(_) => {
            let reached = supervision.notify("STATUS=rsentinel is loading...\n");
            if reached {
                logging::line(
                    Level::Notice,
                    "Supervised by systemd. Please make sure you set appropriate values for \
                     TimeoutStartSec and TimeoutStopSec in your service unit.",
                );
            }
            reached
        }
        Kind::Upstart => nix::sys::signal::raise(nix::sys::signal::Signal::SIGSTOP).is_ok(),
    };
    supervision
}

/// The supervisor, and the lines that choosing it gives.
fn choose(mode: Supervised, environment: Environment) -> (Kind, Vec<LogLine>) {
    let log = |level, text: &str| LogLine {
        level,
        text: text.to_owned(),
        when: None,
    };
    let mut lines = Vec::new();
    let mode = match mode {
        Supervised::Auto if environment.upstart_job => {
            lines.push(log(Level::Verbose, "Upstart supervision detected."));
            Supervised::Upstart
        }
        Supervised::Auto if environment.notify_socket.is_some() => {
            lines.push(log(Level::Verbose, "Systemd supervision detected."));
            Supervised::Systemd
        }
        Supervised::Auto => Supervised::No,
        chosen => chosen,
    };
    let kind = match mode {
        Supervised::No | Supervised::Auto => Kind::None,
        Supervised::Systemd => Kind::Systemd(environment.notify_socket),
        Supervised::Upstart if environment.upstart_job => {
            lines.push(log(
                Level::Notice,
                "supervised by upstart, will stop to signal readiness.",
            ));
            Kind::Upstart
        }
        Supervised::Upstart => {
            lines.push(log(
                Level::Warning,
                "upstart supervision requested, but UPSTART_JOB not found!",
            ));
            Kind::None
        }
    };
    (kind, lines)
}

impl Supervision {
    /// Whether a supervisor was reached: then the process does not daemonize.
    pub fn is_established(&self) -> bool {
        self.established
    }

    /// What the configuration file should say from now on: `auto` becomes what was found.
    pub fn to_persist(&self) -> Supervised {
        match self.configured {
            Supervised::Auto => self.effective(),
            configured => configured,
        }
    }

    /// Who was chosen to supervise, reached or not.
    pub fn effective(&self) -> Supervised {
        match self.kind {
            Kind::None => Supervised::No,
            Kind::Systemd(_) => Supervised::Systemd,
            Kind::Upstart => Supervised::Upstart,
        }
    }

    /// Tells that clients are served from now on: after `+monitor`.
    pub fn ready(&self) {
        self.notify("STATUS=Ready to accept connections\n");
        self.notify("READY=1\n");
    }

    /// How often [`Supervision::alive`] is to be called, if systemd has a watchdog for us: twice in
    /// its period, as it recommends.
    pub fn watchdog_interval(&self) -> Option<Duration> {
        match self.kind {
            Kind::Systemd(_) if self.established => self.watchdog.map(|period| period / 2),
            _ => None,
        }
    }

    /// Tells the watchdog that we work. Never waits.
    pub fn alive(&self) {
        if let Kind::Systemd(Some(socket)) = &self.kind {
            // What does not get through is missed by the watchdog: that is its purpose.
            let _ = send(socket, "WATCHDOG=1\n", None);
        }
    }

    /// Tells that a clean stop has begun.
    pub fn stopping(&self) {
        self.notify("STOPPING=1\n");
    }

    /// Sends one datagram to systemd, if it supervises; whether it was sent. A failure is
    /// logged, each time.
    fn notify(&self, text: &str) -> bool {
        let Kind::Systemd(socket) = &self.kind else {
            return false;
        };
        let Some(name) = socket else {
            logging::line(
                Level::Warning,
                "systemd supervision error: NOTIFY_SOCKET not found!",
            );
            return false;
        };
        match send(name, text, Some(PATIENCE)) {
            Ok(()) => true,
            Err(error) => {
                let errno = error.raw_os_error().unwrap_or(INVALID);
                logging::line(
                    Level::Warning,
                    &format!("systemd supervision error: sd_notify: {}", -errno),
                );
                false
            }
        }
    }
}

/// EINVAL: a socket name that is neither an absolute path nor abstract.
const INVALID: i32 = nix::errno::Errno::EINVAL as i32;

/// How long a supervisor that does not read may hold up a start or stop, per message.
const PATIENCE: Duration = Duration::from_secs(1);

/// Without `patience` it never waits.
fn send(name: &OsStr, text: &str, patience: Option<Duration>) -> io::Result<()> {
    let address = match name.as_bytes() {
        [b'@', rest @ ..] if !rest.is_empty() => SocketAddr::from_abstract_name(rest)?,
        [b'/', _, ..] => SocketAddr::from_pathname(name)?,
        _ => return Err(io::Error::from_raw_os_error(INVALID)),
    };
    let socket = UnixDatagram::unbound()?;
    match patience {
        Some(patience) => socket.set_write_timeout(Some(patience))?,
        None => socket.set_nonblocking(true)?,
    }
    socket.send_to_addr(text.as_bytes(), &address)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(server: &UnixDatagram) -> String {
        server
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let mut buffer = [0; 200];
        let length = server.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    fn told_to(server: &UnixDatagram, name: OsString, mode: Supervised) {
        let environment = Environment {
            notify_socket: Some(name),
            upstart_job: false,
            watchdog: Some(Duration::from_secs(10)),
        };
        let supervision = establish(mode, environment);
        assert!(supervision.is_established());
        let every = supervision.watchdog_interval();
        assert_eq!(every, Some(Duration::from_secs(5)));
        assert_eq!(supervision.to_persist(), Supervised::Systemd);
        assert_eq!(received(server), "STATUS=rsentinel is loading...\n");
        supervision.ready();
        assert_eq!(received(server), "STATUS=Ready to accept connections\n");
        assert_eq!(received(server), "READY=1\n");
        supervision.alive();
        assert_eq!(received(server), "WATCHDOG=1\n");
        supervision.stopping();
        assert_eq!(received(server), "STOPPING=1\n");
    }

    #[test]
    fn a_watchdog_counts_only_for_the_process_it_names() {
        let second = Some(Duration::from_secs(1));
        assert_eq!(watchdog_period(Some("1000000"), None, 7), second);
        assert_eq!(watchdog_period(Some("1000000"), Some("7"), 7), second);
        for (usec, pid) in [
            (Some("1000000"), Some("8")),
            (Some("1000000"), Some("x")),
            (Some("0"), None),
            (Some("x"), None),
            (None, Some("7")),
        ] {
            assert_eq!(watchdog_period(usec, pid, 7), None, "{usec:?} {pid:?}");
        }
    }

    #[test]
    fn systemd_is_told_of_start_readiness_and_stop_one_datagram_each() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let server = UnixDatagram::bind(&path).unwrap();
        told_to(&server, path.into_os_string(), Supervised::Systemd);
    }

    #[test]
    fn an_abstract_socket_works_and_auto_finds_systemd() {
        let dir = tempfile::tempdir().unwrap();
        let name = format!("rsentinel-test-{}", dir.path().display());
        let server =
            UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
        told_to(
            &server,
            OsString::from(format!("@{name}")),
            Supervised::Auto,
        );
    }

    #[test]
    fn without_a_socket_or_with_a_broken_one_nothing_is_established() {
        for socket in [
            None,
            Some("/nonexistent/notify"),
            Some("relative"),
            Some("@"),
            Some(""),
        ] {
            let environment = Environment {
                notify_socket: socket.map(OsString::from),
                upstart_job: false,
                watchdog: Some(Duration::from_secs(10)),
            };
            let supervision = establish(Supervised::Systemd, environment);
            assert!(!supervision.is_established(), "{socket:?}");
            assert_eq!(supervision.watchdog_interval(), None);
            assert_eq!(supervision.to_persist(), Supervised::Systemd);
            supervision.ready();
        }
    }

    #[test]
    fn a_broken_socket_is_reported_with_its_error_number() {
        let errno = |name: &str| {
            send(OsStr::new(name), "x", None)
                .unwrap_err()
                .raw_os_error()
        };
        assert_eq!(errno("/nonexistent/notify"), Some(2));
        assert_eq!(errno("relative"), Some(22));
    }

    #[test]
    fn auto_prefers_upstart_then_systemd_then_none() {
        let environment = |upstart_job, socket: Option<&str>| Environment {
            notify_socket: socket.map(OsString::from),
            upstart_job,
            watchdog: None,
        };
        let (kind, lines) = choose(Supervised::Auto, environment(true, Some("/x")));
        assert!(matches!(kind, Kind::Upstart));
        assert_eq!(lines[0].text, "Upstart supervision detected.");
        assert_eq!(
            lines[1].text,
            "supervised by upstart, will stop to signal readiness."
        );
        let (kind, lines) = choose(Supervised::Auto, environment(false, Some("/x")));
        assert!(matches!(kind, Kind::Systemd(Some(_))));
        assert_eq!((lines.len(), lines[0].level), (1, Level::Verbose));
        let (kind, lines) = choose(Supervised::Auto, environment(false, None));
        assert!(matches!(kind, Kind::None) && lines.is_empty());
    }

    #[test]
    fn auto_is_persisted_as_what_was_found_and_other_words_stay() {
        let alone = |mode| establish(mode, Environment::default());
        assert_eq!(alone(Supervised::Auto).to_persist(), Supervised::No);
        let upstart = alone(Supervised::Upstart);
        assert_eq!(upstart.to_persist(), Supervised::Upstart);
        assert_eq!(upstart.effective(), Supervised::No);
    }

    #[test]
    fn upstart_without_its_variable_is_a_warning_and_no_supervision() {
        let (kind, lines) = choose(Supervised::Upstart, Environment::default());
        assert!(matches!(kind, Kind::None));
        assert_eq!(lines[0].level, Level::Warning);
        assert_eq!(
            lines[0].text,
            "upstart supervision requested, but UPSTART_JOB not found!"
        );
    }
}
