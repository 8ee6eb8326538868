//! Starting and stopping the monitor and the store.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use crate::config::{Conf, ServerConf};
use crate::core::notice::{Level, Notice};
use crate::core::{Birth, Features, Timings};
use crate::process::fatal::FatalStart;
use crate::process::logging::{self, LogControl};
use crate::server::access::UserLines;
use crate::server::children::Children;
use crate::server::monitor::{self, Calls, Encryption, Voice};
use crate::server::store::{Place, Store, StoreReport};

use super::{event_loop, failed};

/// What joins the monitor to the rest.
pub(super) struct Joints {
    /// Where the state is kept.
    pub place: Place,
    /// What clients ask.
    pub calls: Calls,
    /// Where events for subscribers go.
    pub notices: mpsc::Sender<Notice>,
    /// Users that were changed.
    pub user_lines: UserLines,
    /// How outgoing connections are encrypted.
    pub encryption: Encryption,
    /// Counts the monitor's turns, for the watchdog.
    pub turns: Arc<AtomicU64>,
    /// Child processes.
    pub children: Children,
}

/// The monitor on its thread, with the store on another.
pub(super) struct Monitoring {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Monitoring {
    pub(super) fn start(
        conf: &Conf,
        joints: Joints,
        log: &LogControl,
    ) -> Result<Monitoring, FatalStart> {
        let Joints {
            place,
            calls,
            notices,
            user_lines,
            encryption,
            turns,
            children,
        } = joints;
        let (reports, store_reports) = mpsc::unbounded_channel();
        let report = move |report| match report {
            StoreReport::Log(line) => logging::emit(&line),
            // After the monitor's end there is nobody to be told.
            outcome => drop(reports.send(outcome)),
        };
        let store = Store::start(place, conf.server.clone(), user_lines, report)
            .map_err(|e| failed("Can't start the store thread", &e))?;
        let (stop, stopped) = oneshot::channel();
        let source = source_address(&conf.server);
        let parts = monitor::Parts {
            birth: Birth {
                conf: conf.sentinel.clone(),
                port: conf
                    .server
                    .announced_port(encryption.to_sentinels.is_some()),
                requirepass: conf.server.requirepass.clone(),
                timings: Timings::default(),
                features: Features::default(),
                seed: rand::random(),
            },
            source,
            encryption,
            calls,
            notices,
            store,
            store_reports,
            voice: voice(log),
            turns,
            children,
            stop: stopped,
        };
        let runtime = event_loop()?;
        let run = move || {
            runtime.block_on(monitor::run(parts));
            // A name server that hangs must not hold the stop up.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new()
            .name("monitor".into())
            .spawn(run)
            .map_err(|e| failed("Can't start the monitor thread", &e))?;
        Ok(Monitoring { stop, thread })
    }

    pub(super) fn stop(self) {
        drop(self.stop);
        // A panic of the thread was already reported by the panic hook.
        let _ = self.thread.join();
    }
}

/// The address that links are opened from. A name is none: it could not be looked up in time.
fn source_address(conf: &ServerConf) -> Option<IpAddr> {
    let written = conf.bind_source_addr.as_ref()?;
    let address = written.parse().ok();
    if address.is_none() {
        let text = format!(
            "bind-source-addr '{written}' is no IP address: links are opened from whatever address \
             the system chooses"
        );
        logging::line(Level::Warning, &text);
    }
    address
}

fn voice(log: &LogControl) -> Voice {
    let (for_level, for_exit) = (log.clone(), log.clone());
    Voice {
        log: Box::new(logging::emit),
        notice: Box::new(logging::emit_notice),
        set_log_level: Box::new(move |word| {
            // The word was validated by the command.
            let _ = for_level.set_level(word);
        }),
        exit: Box::new(move |status| {
            for_exit.flush();
            std::process::exit(status)
        }),
    }
}
