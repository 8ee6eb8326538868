//! Watching the files of certificates and keys: new connections use what they say now.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};
use std::{io, iter};

use arc_swap::ArcSwap;

use crate::config::TlsConf;
use crate::core::notice::Level;

use super::context::{self, Contexts};
use super::{Log, say};

/// Between two looks at the files. They are looked at rather than watched by the system, because
/// what it reports about links to links in mounted volumes differs, and a look costs microseconds.
const LOOK: Duration = Duration::from_secs(1);

/// The watching thread; it ends when this is dropped.
pub struct Watch {
    _stop: mpsc::Sender<()>,
}

impl Watch {
    pub fn start(
        conf: TlsConf,
        stamps: Stamps,
        contexts: Arc<ArcSwap<Contexts>>,
        log: Log,
    ) -> io::Result<Watch> {
        let (stop, stopped) = mpsc::channel();
        let mut files = Files {
            conf,
            contexts,
            log,
            tried: stamps.clone(),
            seen: stamps,
            fit: true,
            built: Instant::now(),
        };
        let watch = move || {
            while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                files.look();
            }
        };
        thread::Builder::new()
            .name("certificates".into())
            .spawn(watch)?;
        Ok(Watch { _stop: stop })
    }
}

struct Files {
    conf: TlsConf,
    contexts: Arc<ArcSwap<Contexts>>,
    log: Log,
    /// The files as they were when they were last read.
    tried: Stamps,
    /// The files as they were at the last look.
    seen: Stamps,
    /// Whether what was last read could be used.
    fit: bool,
    built: Instant,
}

impl Files {
    fn look(&mut self) {
        let now = stamps(&self.conf);
        // A certificate and its key are replaced one after the other: wait until it is quiet.
        let is_quiet = now == self.seen;
        self.seen = now;
        if is_quiet && self.seen != self.tried {
            self.tried = self.seen.clone();
            self.read_again();
        } else if self.fit && self.sessions_are_old() {
            self.forget_sessions();
        }
    }

    fn read_again(&mut self) {
        match context::build(&self.conf) {
            Ok(new) => {
                for text in &new.warnings {
                    say(&self.log, Level::Warning, text.clone());
                }
                let end = new.server.certificate().map(|c| c.not_after().to_string());
                let text = format!(
                    "The files of TLS have changed and are in use for new connections. The \
                     certificate in {} is valid until {}",
                    self.conf.identity.cert_file,
                    end.unwrap_or_default()
                );
                say(&self.log, Level::Notice, text);
                self.replace(new);
            }
            Err(reason) => {
                self.fit = false;
                let text = format!(
                    "The files of TLS have changed and cannot be used; what was read before stays \
                     in use. {reason}"
                );
                say(&self.log, Level::Warning, text);
            }
        }
    }

    fn replace(&mut self, new: Contexts) {
        self.contexts.store(Arc::new(new));
        self.fit = true;
        self.built = Instant::now();
    }

    fn sessions_are_old(&self) -> bool {
        let timeout = self.conf.session_cache.map(|cache| cache.timeout_s);
        timeout.is_some_and(|s| self.built.elapsed() >= Duration::from_secs(s.into()))
    }

    /// A new context has new keys for its sessions: none can be resumed for longer than the
    /// configured time.
    fn forget_sessions(&mut self) {
        match context::build(&self.conf) {
            Ok(new) => self.replace(new),
            // Not changed and yet unreadable: the permissions, or a volume that went away. The next
            // change makes it good, or says more.
            Err(reason) => {
                self.fit = false;
                let text = format!("The files of TLS cannot be read any more. {reason}");
                say(&self.log, Level::Warning, text);
            }
        }
    }
}

/// What a change of the files shows in.
pub type Stamps = Vec<(PathBuf, Option<Stamp>)>;

/// Device, inode, size, seconds and nanoseconds of the last change.
type Stamp = (u64, u64, u64, i64, i64);

/// The files as they are now.
pub fn stamps(conf: &TlsConf) -> Stamps {
    let identities = iter::once(&conf.identity).chain(&conf.client_identity);
    let of_identities = identities.flat_map(|i| [Some(&i.cert_file), Some(&i.key_file)]);
    let others = [conf.ca_cert_file.as_ref(), conf.dh_params_file.as_ref()];
    let named = of_identities.chain(others).flatten().map(PathBuf::from);
    let of_dir = conf
        .ca_cert_dir
        .iter()
        .flat_map(|dir| entries(Path::new(dir)));
    named
        .chain(of_dir)
        .map(|path| {
            let stamp = stamp(&path);
            (path, stamp)
        })
        .collect()
}

fn entries(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Of the file at the end of all links.
fn stamp(path: &Path) -> Option<Stamp> {
    let meta = fs::metadata(path).ok()?;
    Some((
        meta.dev(),
        meta.ino(),
        meta.size(),
        meta.mtime(),
        meta.mtime_nsec(),
    ))
}
