//! The child processes of this process: the scripts, which are waited for one by one, and any
//! that came to us without our doing.
//!
//! As the first process of a container the daemon inherits every process whose parent has ended,
//! such as what a script left behind; and a shell that became the daemon (`exec`) leaves it its
//! own children. When these end they stay in the table of processes until somebody asks for their
//! status, and a full table means that nothing can be started any more. So whatever ends here and
//! is no script is waited for as well.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use crate::core::notice::{Level, LogLine};

/// Who is whose. Clones share it.
#[derive(Clone)]
pub struct Children {
    known: Arc<Mutex<Known>>,
    log: Arc<dyn Fn(&LogLine) + Send + Sync>,
}

#[derive(Default)]
struct Known {
    /// How many are just being made: their ids are not known yet.
    starting: usize,
    /// Those that were started here, and not yet waited for.
    own: BTreeSet<Pid>,
}

impl fmt::Debug for Children {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Children").finish_non_exhaustive()
    }
}

impl Children {
    /// Without any; lines about others' children go to `log`.
    pub fn new(log: impl Fn(&LogLine) + Send + Sync + 'static) -> Self {
        Children {
            known: Arc::default(),
            log: Arc::new(log),
        }
    }

    /// Makes a process, however long that takes. From here on it is one of ours.
    pub(super) fn start(&self, spawn: impl FnOnce() -> io::Result<Child>) -> io::Result<Child> {
        self.known().starting += 1;
        let child = spawn();
        let mut known = self.known();
        known.starting -= 1;
        if let Ok(child) = &child {
            known.own.insert(id_of(child));
        }
        drop(known);
        self.reap_strangers();
        child
    }

    /// Waits for the end of one of ours. `last_look` is called when it has ended, and its id is
    /// still its own.
    pub(super) fn end_of(
        &self,
        mut child: Child,
        last_look: impl FnOnce(),
    ) -> io::Result<ExitStatus> {
        let pid = id_of(&child);
        while let Err(Errno::EINTR) =
            waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)
        {}
        last_look();
        let mut known = self.known();
        // It has ended, so this takes no time. Under the lock, because the id may be given to the
        // next process at once.
        let status = child.wait();
        known.own.remove(&pid);
        drop(known);
        self.reap_strangers();
        status
    }

    /// Waits for all that have ended and are not ours. To be called when a child has ended, and
    /// once at the start for those that had before.
    pub fn reap_strangers(&self) {
        let known = self.known();
        // One that is being made must not be taken for a stranger. Its start comes here again,
        // and so does the end of one of ours, behind which others may be hidden.
        if known.starting > 0 {
            return;
        }
        loop {
            let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
            let ended = match waitid(Id::All, look) {
                Err(Errno::EINTR) => continue,
                ended => ended.ok().as_ref().and_then(WaitStatus::pid),
            };
            let Some(stranger) = ended.filter(|pid| !known.own.contains(pid)) else {
                return;
            };
            let take = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG;
            if waitid(Id::Pid(stranger), take).is_ok() {
                // As operators know it.
                let text = format!(
                    "waitpid() returned a pid ({stranger}) we can't find in our scripts execution queue!"
                );
                (self.log)(&LogLine::new(Level::Warning, text));
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id_of(child: &Child) -> Pid {
    Pid::from_raw(child.id().cast_signed())
}
