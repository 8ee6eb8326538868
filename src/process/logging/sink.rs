//! Where lines end: a stream or a file, and beside it the system log.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::line::Line;
use crate::ext::LogFormat;
use crate::process::syslog::Syslog;

/// The place of ordinary log lines.
pub(super) enum Target {
    /// Standard output, or a test's stand-in for it.
    Stream(Box<dyn Write + Send>),
    /// A file, opened for append, written and closed for every batch: renaming or removing it
    /// needs no signal. A relative path follows the current directory.
    File(PathBuf),
}

impl Target {
    pub(super) fn stdout() -> Self {
        Target::Stream(Box::new(io::stdout()))
    }
}

pub(super) struct Sink {
    pub(super) target: Target,
    pub(super) syslog: Option<Syslog>,
    pub(super) format: LogFormat,
    zone: TimeZone,
    buffer: String,
}

impl Sink {
    /// The time zone is read here, once: looking it up later could touch the disk.
    pub(super) fn new(target: Target, zone: TimeZone) -> Self {
        Sink {
            target,
            syslog: None,
            format: LogFormat::default(),
            zone,
            buffer: String::new(),
        }
    }

    /// Writes lines in one go.
    ///
    /// # Errors
    /// They did not all reach the stream or the file. Syslog is best effort.
    pub(super) fn write(&mut self, lines: &[Line]) -> io::Result<()> {
        let pid = std::process::id();
        self.buffer.clear();
        for line in lines {
            line.write_to(self.format, &mut self.buffer, pid, &self.zone);
        }
        let written = match &mut self.target {
            Target::Stream(stream) => stream
                .write_all(self.buffer.as_bytes())
                .and_then(|()| stream.flush()),
            Target::File(path) => append(path, self.buffer.as_bytes()),
        };
        if let Some(syslog) = &mut self.syslog {
            for line in lines {
                if let Line::Message { level, at, text } = line {
                    syslog.send(*level, *at, &self.zone, text);
                }
            }
        }
        written
    }
}

/// Appends to a log file, which is created if need be.
///
/// # Errors
/// It cannot be opened or written.
pub(super) fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Mode 0666 & ~umask, the default for new files.
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)?
        .write_all(bytes)
}
