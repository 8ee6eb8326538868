//! The store: the thread that keeps the configuration file up to date.
//!
//! It holds at most one waiting state, the newest: while one is being written, any number of
//! later ones become one more write (group commit). What it has done it tells through one
//! callback; it decides nothing and retries nothing on its own.

pub(super) mod file;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use std::{fs, io};

use crate::config::state_file::{self, Configured};
use crate::config::{RewriteFacts, Rewriter, SentinelConf, ServerConf};
use crate::core::notice::{Level, LogLine};
use crate::core::persist::Version;

use super::access::UserLines;
use super::conf_files::os_text;
use file::{Failure, FileWriter};

/// Where the state is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the configuration file, which is rewritten.
    Configuration(PathBuf),
    /// In a file of its own.
    StateFile {
        /// That file.
        path: PathBuf,
        /// What the configuration file says.
        configured: Configured,
    },
}

impl From<PathBuf> for Place {
    fn from(path: PathBuf) -> Self {
        Place::Configuration(path)
    }
}

impl From<&Path> for Place {
    fn from(path: &Path) -> Self {
        Place::Configuration(path.to_owned())
    }
}

/// What the store tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreReport {
    /// A line for the log; precedes the outcome it belongs to.
    Log(LogLine),
    /// The state up to and including this version is on disk.
    Durable {
        /// The version that was written.
        version: Version,
        /// How long rendering and writing took, in milliseconds.
        took_ms: u64,
    },
    /// Writing this version failed; the file holds an older state.
    NotDurable {
        /// The version that was to be written.
        version: Version,
        /// What the operating system said.
        reason: String,
        /// How long it took to fail, in milliseconds.
        took_ms: u64,
    },
}

/// What came of [`write_now`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Lines for the log.
    pub log: Vec<LogLine>,
    /// What the operating system said if it failed.
    pub outcome: Result<(), String>,
}

/// The handle of the running store thread. Dropping it is [`Store::stop`].
#[derive(Debug)]
pub struct Store {
    slot: Arc<Slot>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Slot {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    newest: Option<(Version, Arc<SentinelConf>)>,
    stop: bool,
}

impl Store {
    /// Starts the thread for the file of `place` (its path is absolute, or relative to a current
    /// directory that never changes). Users may change while it runs: what
    /// `user_lines` holds counts, not what `server` says. `report` is called on the store's
    /// thread.
    ///
    /// Fails only if the system has no thread left.
    pub fn start(
        place: impl Into<Place>,
        server: ServerConf,
        user_lines: UserLines,
        report: impl Fn(StoreReport) + Send + 'static,
    ) -> io::Result<Store> {
        let slot = Arc::new(Slot::default());
        let theirs = Arc::clone(&slot);
        let mut writer = Writer::new(place.into(), server);
        let run = move || {
            while let Some((version, state)) = theirs.next() {
                writer.server.users = user_lines.load().to_vec();
                writer.write_version(version, &state, &report);
            }
        };
        let thread = thread::Builder::new().name("store".to_owned()).spawn(run)?;
        Ok(Store {
            slot,
            thread: Some(thread),
        })
    }

    /// Hands over a state to be made durable. Never waits for the disk. A state that is still
    /// waiting is replaced: the newer one covers it.
    pub fn put(&self, version: Version, state: Arc<SentinelConf>) {
        let mut waiting = self.slot.lock();
        if waiting
            .newest
            .as_ref()
            .is_none_or(|(waiting, _)| *waiting <= version)
        {
            waiting.newest = Some((version, state));
        }
        self.slot.changed.notify_one();
    }

    /// Writes what is still waiting and ends the thread.
    pub fn stop(mut self) {
        self.finish();
    }

    fn finish(&mut self) {
        self.slot.lock().stop = true;
        self.slot.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was already reported by the panic hook.
            let _ended = thread.join();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Slot {
    /// The next state to write; `None` when nothing waits and the store is to stop.
    fn next(&self) -> Option<(Version, Arc<SentinelConf>)> {
        let waiting = self.lock();
        let idle = |waiting: &mut Waiting| waiting.newest.is_none() && !waiting.stop;
        let woken = self.changed.wait_while(waiting, idle);
        woken.unwrap_or_else(PoisonError::into_inner).newest.take()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the file at once, on the calling thread: for the start, when an id was generated.
pub fn write_now(place: impl Into<Place>, server: &ServerConf, state: &SentinelConf) -> Written {
    Writer::new(place.into(), server.clone()).write(&Arc::new(state.clone()))
}

struct Writer {
    file: FileWriter,
    /// Set when the file is a state file.
    configured: Option<Configured>,
    server: ServerConf,
    rewriter: Rewriter,
}

impl Writer {
    fn new(place: Place, server: ServerConf) -> Self {
        let (file, configured) = match place {
            Place::Configuration(path) => (FileWriter::new(path), None),
            Place::StateFile { path, configured } => (FileWriter::private(path), Some(configured)),
        };
        Writer {
            file,
            configured,
            server,
            rewriter: Rewriter::default(),
        }
    }

    fn write_version(
        &mut self,
        version: Version,
        state: &Arc<SentinelConf>,
        report: &impl Fn(StoreReport),
    ) {
        let begun = Instant::now();
        let Written { log, outcome } = self.write(state);
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        log.into_iter().map(StoreReport::Log).for_each(report);
        report(match outcome {
            Ok(()) => StoreReport::Durable { version, took_ms },
            Err(reason) => StoreReport::NotDurable {
                version,
                reason,
                took_ms,
            },
        });
    }

    fn write(&mut self, state: &Arc<SentinelConf>) -> Written {
        match self.try_write(state) {
            Ok(mut log) => {
                let path = self.file.path().display();
                let detail = format!("Rewritten config file ({path}) successfully");
                log.push(LogLine::new(Level::Debug, detail));
                let text = "Sentinel new configuration saved on disk".to_owned();
                log.push(LogLine::new(Level::Notice, text));
                Written {
                    log,
                    outcome: Ok(()),
                }
            }
            Err(failure) => {
                let reason = os_text(&failure.error);
                let general = format!(
                    "WARNING: Sentinel was not able to save the new configuration on disk!!!: {reason}"
                );
                let log = failure
                    .specific
                    .into_iter()
                    .chain([general])
                    .map(warning)
                    .collect();
                Written {
                    log,
                    outcome: Err(reason),
                }
            }
        }
    }

    fn try_write(&mut self, state: &Arc<SentinelConf>) -> Result<Vec<LogLine>, Failure> {
        let current_dir = std::env::current_dir().map_err(Failure::plain)?;
        let facts = RewriteFacts {
            current_dir: current_dir.to_string_lossy().into_owned(),
        };
        let whole;
        let text = match &self.configured {
            Some(configured) => {
                whole = state_file::write(&self.server, state, configured, &facts);
                &whole
            }
            None => {
                let old = self.old_text()?;
                self.rewriter.rewrite(&old, &self.server, state, &facts)
            }
        };
        let remark = self.file.replace(text)?;
        Ok(remark.into_iter().map(warning).collect())
    }

    /// The file as it is now, so that edits made meanwhile survive.
    fn old_text(&self) -> Result<Vec<u8>, Failure> {
        match fs::read(self.file.path()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            other => other.map_err(Failure::unreadable),
        }
    }
}

fn warning(text: String) -> LogLine {
    LogLine::new(Level::Warning, text)
}
