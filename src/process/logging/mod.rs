//! The log: the reference's line format, a level that can change at run time, and a thread that
//! writes, so that whoever says something never waits for a disk or a terminal.
//!
//! Before the configuration is known lines go straight to stdout ([`install`]); then to the
//! configured place ([`LogControl::configure`]); and from [`LogControl::start_writer`] on they
//! are queued. When the queue is full lines are dropped, and the log says later how many.
//!
//! Any code may speak through `tracing`'s macros or the functions here. Keeping secrets out of
//! the text is the caller's duty.

mod format;
mod layer;
mod line;
mod queue;
mod sink;
mod threshold;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;
use tracing_subscriber::layer::SubscriberExt as _;

use self::layer::LogLayer;
use self::line::{Line, ctime, fit};
use self::queue::{CAPACITY, LineQueue, Pushed};
use self::sink::{Sink, Target};
use self::threshold::Threshold;
use super::syslog::{Facility, Syslog, SyslogSettings};
use crate::config::{LogLevel, ServerConf, Value};
use crate::core::notice::{Level, LogLine, Notice};
use crate::ext::LogFormat;

pub use self::line::MAX_MESSAGE;

/// How long a stop waits for lines to be written: a log on a hung disk must not keep a
/// stopping daemon alive.
const FLUSH_PATIENCE: Duration = Duration::from_secs(2);

/// What the configuration says about the log.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// `loglevel`.
    pub least: LogLevel,
    /// `logfile`; `None` (written `""`) is stdout.
    pub file: Option<PathBuf>,
    /// `syslog-enabled yes` with its ident and facility: lines go there also.
    pub syslog: Option<SyslogSettings>,
    /// How lines are written, but for syslog.
    pub format: LogFormat,
}

impl LogSettings {
    /// What the directives say, and `log.format` of rsentinel.toml.
    pub fn of(conf: &ServerConf, format: LogFormat) -> Self {
        let text = |name, default: &str| match conf.kept(name) {
            Some(Value::Text(text)) => String::from_utf8_lossy(text).into_owned(),
            Some(Value::Word(word)) => (*word).to_owned(),
            _ => default.to_owned(),
        };
        let syslog = conf.kept("syslog-enabled") == Some(&Value::Bool(true));
        LogSettings {
            least: conf.loglevel,
            file: (!conf.logfile.is_empty()).then(|| PathBuf::from(&conf.logfile)),
            syslog: syslog.then(|| SyslogSettings {
                ident: text("syslog-ident", "redis"),
                facility: Facility::parse(&text("syslog-facility", "local0")).unwrap_or_default(),
            }),
            format,
        }
    }
}

/// A word that is no log level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLevel;

/// The handle on the one log of the process. Cheap to clone.
#[derive(Clone)]
pub struct LogControl(Arc<Shared>);

/// Starts the log: until it is configured, notices and warnings go straight to stdout. To be
/// called once, first of all.
pub fn install() -> LogControl {
    let control = LogControl::new(Target::stdout(), local_zone().clone(), CAPACITY);
    // Fails only if it has been set before: then that log goes on, and this one is silent.
    let _ = tracing::subscriber::set_global_default(control.subscriber());
    control
}

/// The local time zone, looked up once: later it could touch the disk.
fn local_zone() -> &'static TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    ZONE.get_or_init(TimeZone::system)
}

/// Logs a line.
pub fn line(level: Level, text: &str) {
    say(level, format_args!("{text}"));
}

/// Logs a line of the core, with its instant, if it has one, behind the text and a blank.
pub fn emit(log_line: &LogLine) {
    match log_line.when {
        None => line(log_line.level, &log_line.text),
        Some(when) => {
            let when = ctime(when, local_zone());
            say(log_line.level, format_args!("{} {when}", log_line.text));
        }
    }
}

/// Logs an event: `<event> <payload>`.
pub fn emit_notice(notice: &Notice) {
    say(
        notice.name.level(),
        format_args!("{} {}", notice.name.as_str(), notice.text),
    );
}

fn say(level: Level, text: fmt::Arguments<'_>) {
    match level {
        Level::Debug => tracing::trace!("{text}"),
        Level::Verbose => tracing::debug!("{text}"),
        Level::Notice => tracing::info!("{text}"),
        Level::Warning => tracing::warn!("{text}"),
    }
}

/// Whether a log file can be opened for append; creates it.
///
/// # Errors
/// It cannot; a start then ends with `Can't open the log file: <errno text>`.
pub fn check_openable(path: &Path) -> io::Result<()> {
    sink::append(path, b"")
}

impl LogControl {
    fn new(target: Target, zone: TimeZone, capacity: usize) -> Self {
        LogControl(Arc::new(Shared {
            threshold: Threshold::new(LogLevel::Notice),
            queue: LineQueue::new(capacity),
            sink: Mutex::new(Sink::new(target, zone)),
        }))
    }

    fn subscriber(&self) -> impl tracing::Subscriber + Send + Sync + use<> {
        tracing_subscriber::registry().with(LogLayer(Arc::clone(&self.0)))
    }

    /// Turns to the configured level and place.
    pub fn configure(&self, settings: LogSettings) {
        self.0.threshold.set(settings.least);
        let mut sink = self.0.sink.lock().unwrap_or_else(PoisonError::into_inner);
        sink.target = settings.file.map_or_else(Target::stdout, Target::File);
        sink.syslog = settings.syslog.map(Syslog::new);
        sink.format = settings.format;
    }

    /// Changes the level at run time; the word may be in any case.
    ///
    /// # Errors
    /// It is no level; nothing changes.
    pub fn set_level(&self, word: &str) -> Result<(), UnknownLevel> {
        let least = LogLevel::from_word(word).ok_or(UnknownLevel)?;
        self.0.threshold.set(least);
        Ok(())
    }

    /// The level in force.
    pub fn level(&self) -> LogLevel {
        self.0.threshold.get()
    }

    /// Starts the thread that writes; from here on a log call never blocks. To be called after
    /// daemonizing: threads do not survive a fork. A second call does nothing.
    ///
    /// # Errors
    /// The thread cannot be started; lines are then still written directly.
    pub fn start_writer(&self) -> io::Result<()> {
        if !self.0.queue.open() {
            return Ok(());
        }
        let shared = Arc::clone(&self.0);
        let spawned = std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || shared.write_batches());
        if spawned.is_err() {
            self.0.queue.reopen_without_writer();
        }
        spawned.map(drop)
    }

    /// Writes a line in the form of the reference's signal handler, at every level but
    /// `nothing`.
    pub fn signal_handler_line(&self, text: &str) {
        if !self.0.threshold.is_silent() {
            let text = fit(text.to_owned());
            self.0.submit(Line::SignalHandler {
                at: SystemTime::now(),
                text,
            });
        }
    }

    /// Writes lines without prefix, at every level but `nothing`. The text is our own: nothing from
    /// outside may be in it.
    pub fn raw(&self, text: &str) {
        if !self.0.threshold.is_silent() {
            self.0.submit(Line::Raw {
                at: SystemTime::now(),
                text: text.to_owned(),
            });
        }
    }

    /// Waits until what was said before is written, but not for ever; whether it is.
    pub fn flush(&self) -> bool {
        self.0.queue.flush(FLUSH_PATIENCE)
    }

    /// The end of the writer thread: writes what waits, but does not wait for ever; whether all
    /// was written. Lines said later are written directly.
    pub fn flush_and_stop(&self) -> bool {
        self.0.queue.close(FLUSH_PATIENCE)
    }
}

/// What the layer, the handle and the writer thread share.
struct Shared {
    threshold: Threshold,
    queue: LineQueue,
    sink: Mutex<Sink>,
}

impl Shared {
    fn submit(&self, line: Line) {
        if let Pushed::NoWriter(line) = self.queue.push(line) {
            // Nobody to tell if it cannot be written.
            let _ = self.write(&[line]);
        }
    }

    fn write(&self, lines: &[Line]) -> io::Result<()> {
        self.sink
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(lines)
    }

    /// The life of the writer thread. Lines that a file could not take (it cannot be opened,
    /// the disk is full) count as lost like those that were dropped; the number is told when
    /// writing works again.
    fn write_batches(&self) {
        let mut lost = 0u64;
        while let Some(mut batch) = self.queue.next_batch() {
            lost += batch.dropped;
            let said = batch.lines.len() as u64;
            if lost > 0 {
                batch.lines.push(lost_line(lost));
            }
            match self.write(&batch.lines) {
                Ok(()) => lost = 0,
                Err(_) => lost += said,
            }
        }
    }
}

fn lost_line(lost: u64) -> Line {
    Line::Message {
        level: Level::Warning,
        at: SystemTime::now(),
        text: format!("{lost} log lines were lost because they could not be written in time"),
    }
}

#[cfg(test)]
mod tests;
