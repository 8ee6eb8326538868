//! Starts, watches and kills the scripts of operators, without ever holding up the monitor.
//!
//! A process is made on a thread of its own per script (the core lets few run at once), because
//! the program may lie on a file system that hangs. They are made one after the other, so that
//! scripts begin in the order of what they are told of; one whose file system hangs is waited for
//! a little only.
//!
//! A script gets our environment, directory, standard streams, process group and limits, and
//! default signal handling; none of our sockets or files, as all of these close on exec. Each is
//! waited for by its own id (other children of the process: see [`super::children`]). At the end
//! of the process scripts that run are left alone, as redis-sentinel does.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::mpsc::UnboundedSender;

use crate::core::Event;
use crate::core::event::{ScriptEnd, StartFailure};
use crate::core::scripts::ScriptId;

use super::children::Children;
use super::conf_files::os_text;

/// How long the next script waits for one whose program cannot be read: scripts begin in order
/// as long as disks answer, and begin at all when one does not.
const ORDER_PATIENCE: Duration = Duration::from_secs(1);

/// Runs scripts and reports to the monitor.
#[derive(Debug)]
pub struct Scripts {
    watch: Watch,
    starter: Option<Sender<Order>>,
}

/// What to start.
struct Order {
    script: ScriptId,
    argv: Arc<[String]>,
}

/// What those who watch a script share.
#[derive(Clone, Debug)]
struct Watch {
    events: UnboundedSender<Event>,
    children: Children,
    /// Processes that may be killed: they have not been waited for, so their ids are theirs.
    alive: Arc<Mutex<BTreeMap<ScriptId, Pid>>>,
}

impl Scripts {
    /// Reports go to `events`. No thread exists before the first script.
    pub fn new(events: UnboundedSender<Event>, children: Children) -> Self {
        Scripts {
            watch: Watch {
                events,
                children,
                alive: Arc::default(),
            },
            starter: None,
        }
    }

    /// Starts a script: a path and its arguments.
    pub fn start(&mut self, script: ScriptId, argv: Arc<[String]>) {
        if let Err(error) = self.order(Order { script, argv }) {
            self.watch.no_process(script, &error);
        }
    }

    /// Kills the process of a script, unless it has ended. What it has started lives on.
    pub fn kill(&self, script: ScriptId) {
        if let Some(pid) = self.watch.alive().get(&script) {
            // It may have ended by itself; then it is already being waited for.
            let _ = kill(*pid, Signal::SIGKILL);
        }
    }

    fn order(&mut self, order: Order) -> io::Result<()> {
        let starter = match &self.starter {
            Some(starter) => starter,
            None => {
                let (starter, orders) = channel();
                let watch = self.watch.clone();
                thread::Builder::new()
                    .name("scripts".into())
                    .spawn(move || start_in_order(&orders, &watch))?;
                self.starter.insert(starter)
            }
        };
        starter
            .send(order)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

fn start_in_order(orders: &Receiver<Order>, watch: &Watch) {
    for order in orders {
        let script = order.script;
        let own = watch.clone();
        let (begun, has_begun) = channel::<()>();
        let run = move || own.run(&order, begun);
        match thread::Builder::new().name("script".into()).spawn(run) {
            // Nothing is ever sent: its end is dropped as soon as the script runs.
            Ok(_) => drop(has_begun.recv_timeout(ORDER_PATIENCE)),
            Err(error) => watch.no_process(script, &error),
        }
    }
}

impl Watch {
    /// Runs a script and waits for its end. Drops `begun` when it runs, or will not.
    fn run(&self, order: &Order, begun: Sender<()>) {
        let script = order.script;
        let child = match self.children.start(|| spawn(&order.argv)) {
            Ok(child) => child,
            Err(error) => return self.not_started(script, &error),
        };
        let pid = Pid::from_raw(child.id().cast_signed());
        self.alive().insert(script, pid);
        self.tell(Event::ScriptStarted {
            script,
            pid: child.id(),
        });
        drop(begun);
        // Its id is ours, and may be killed, until it is really waited for.
        let ended = self.children.end_of(child, || {
            self.alive().remove(&script);
        });
        let end = end_of(ended);
        self.tell(Event::ScriptEnded { script, end });
    }

    fn not_started(&self, script: ScriptId, error: &io::Error) {
        let no_process = [Errno::EAGAIN, Errno::ENOMEM, Errno::ENFILE, Errno::EMFILE];
        let reason = os_text(error);
        let failure = match error.raw_os_error().map(Errno::from_raw) {
            Some(errno) if no_process.contains(&errno) => StartFailure::NoProcess(reason),
            _ => StartFailure::NotExecutable(reason),
        };
        self.tell(Event::ScriptFailed { script, failure });
    }

    fn no_process(&self, script: ScriptId, error: &io::Error) {
        let failure = StartFailure::NoProcess(os_text(error));
        self.tell(Event::ScriptFailed { script, failure });
    }

    fn tell(&self, event: Event) {
        // After the monitor's end there is nobody to be told.
        let _ = self.events.send(event);
    }

    fn alive(&self) -> MutexGuard<'_, BTreeMap<ScriptId, Pid>> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn spawn(argv: &[String]) -> io::Result<Child> {
    let [path, arguments @ ..] = argv else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    // A bare name is a file of our directory: it is not searched for on PATH.
    let program = if path.contains('/') {
        path.clone()
    } else {
        format!("./{path}")
    };
    // The argument of a program ends at its first zero byte.
    let arguments = arguments.iter().map(|word| word.split('\0').next());
    Command::new(program)
        .arg0(path)
        .args(arguments.flatten())
        .spawn()
}

fn end_of(ended: io::Result<ExitStatus>) -> ScriptEnd {
    match ended {
        Ok(status) => match status.signal() {
            Some(signal) => ScriptEnd::Killed(signal),
            None => ScriptEnd::Exited(
                status
                    .code()
                    .and_then(|c| u8::try_from(c).ok())
                    .unwrap_or(0),
            ),
        },
        // Somebody has waited for it, so nobody knows; it is not run a second time.
        Err(_) => ScriptEnd::Exited(0),
    }
}
