//! The system log, over its datagram socket.
//!
//! Spoken directly and without waiting: when the system logger does not keep up its lines are
//! lost there, where the C library's call would hold up everybody.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::core::notice::Level;

const SOCKET: &str = "/dev/log";

/// `syslog-ident` and `syslog-facility`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogSettings {
    /// The tag of every line.
    pub ident: String,
    /// Which part of the system speaks.
    pub facility: Facility,
}

/// The facilities that can be configured, with their numbers (RFC 3164).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facility(u8);

impl Default for Facility {
    /// `local0`.
    fn default() -> Self {
        Facility(16)
    }
}

impl Facility {
    /// Reads `user` or `local0` … `local7`, in any case.
    pub fn parse(word: &str) -> Option<Facility> {
        let word = word.to_ascii_lowercase();
        if word == "user" {
            return Some(Facility(1));
        }
        match word.strip_prefix("local")?.as_bytes() {
            [digit @ b'0'..=b'7'] => Some(Facility(16 + (digit - b'0'))),
            _ => None,
        }
    }
}

/// The connection to the system log.
pub(super) struct Syslog {
    settings: SyslogSettings,
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Syslog {
    pub(super) fn new(settings: SyslogSettings) -> Self {
        Syslog {
            settings,
            path: PathBuf::from(SOCKET),
            socket: None,
        }
    }

    /// Sends a line, best effort; a lost connection is made anew once.
    pub(super) fn send(&mut self, level: Level, at: SystemTime, zone: &TimeZone, text: &str) {
        let datagram = self.datagram(level, at, zone, text);
        for _ in 0..2 {
            let sent = match &self.socket {
                Some(socket) => socket.send(datagram.as_bytes()),
                None => match connect(&self.path) {
                    Ok(socket) => {
                        let sent = socket.send(datagram.as_bytes());
                        self.socket = Some(socket);
                        sent
                    }
                    Err(_) => return,
                },
            };
            match sent {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => self.socket = None,
                _ => return,
            }
        }
    }

    /// `<PRI>Mmm dd hh:mm:ss ident[pid]: message`, the form of local system loggers.
    fn datagram(&self, level: Level, at: SystemTime, zone: &TimeZone, text: &str) -> String {
        let severity = match level {
            Level::Debug => 7,
            Level::Verbose => 6,
            Level::Notice => 5,
            Level::Warning => 4,
        };
        let at = Timestamp::try_from(at)
            .unwrap_or_default()
            .to_zoned(zone.clone());
        format!(
            "<{}>{} {}[{}]: {text}",
            self.settings.facility.0 * 8 + severity,
            at.strftime("%b %e %H:%M:%S"),
            self.settings.ident,
            std::process::id(),
        )
    }
}

fn connect(path: &PathBuf) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect(path)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn settings() -> SyslogSettings {
        SyslogSettings {
            ident: "redis".to_owned(),
            facility: Facility::parse("local0").unwrap(),
        }
    }

    #[test]
    fn the_facilities_are_user_and_the_eight_local_ones() {
        assert_eq!(Facility::parse("USER"), Some(Facility(1)));
        assert_eq!(Facility::parse("local7"), Some(Facility(23)));
        for word in ["local8", "local", "local00", "daemon", ""] {
            assert_eq!(Facility::parse(word), None, "{word}");
        }
    }

    #[test]
    fn a_line_reaches_the_socket_with_priority_tag_and_pid_also_after_a_restart_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut syslog = Syslog {
            settings: settings(),
            path: path.clone(),
            socket: None,
        };
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_227_524);
        syslog.send(Level::Warning, at, &TimeZone::UTC, "nobody listens");
        for _ in 0..2 {
            let server = UnixDatagram::bind(&path).unwrap();
            syslog.send(Level::Warning, at, &TimeZone::UTC, "+sdown x");
            server
                .set_read_timeout(Some(Duration::from_secs(30)))
                .unwrap();
            let mut got = [0; 200];
            let length = server.recv(&mut got).unwrap();
            assert_eq!(
                std::str::from_utf8(&got[..length]).unwrap(),
                format!(
                    "<132>Nov 21 02:18:44 redis[{}]: +sdown x",
                    std::process::id()
                )
            );
            drop(server);
            std::fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn a_logger_that_does_not_read_never_blocks_the_writer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let _deaf = UnixDatagram::bind(&path).unwrap();
        let mut syslog = Syslog {
            settings: settings(),
            path,
            socket: None,
        };
        for _ in 0..5000 {
            syslog.send(Level::Notice, SystemTime::UNIX_EPOCH, &TimeZone::UTC, "x");
        }
    }
}
