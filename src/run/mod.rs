//! The order of start-up and of the clean stop, readable from top to bottom.

mod checking;
mod configuring;
mod encrypting;
mod monitoring;
mod serving;
mod stopping;
mod watchdog;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arc_swap::ArcSwap;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use crate::cli::{self, Invocation, Run};
use crate::config::{ServerConf, Value};
use crate::process::errno::errno_text;
use crate::process::fatal::FatalStart;
use crate::process::logging::{self, LogControl};
use crate::process::pidfile::{self, PidFile};
use crate::process::signals::Signals;
use crate::process::supervise;
use crate::process::{
    crash, daemon, limits, memory_test, oom_score, startup, system_check, version,
};
use crate::server::access::UserLines;
use crate::server::children::Children;
use crate::server::{monitor, serve};

use configuring::{Configuration, configure};
use monitoring::Monitoring;
use serving::Joints;

/// Events that may wait for the serving side: a failover makes some twenty, so this is the mass
/// failover of thousands of masters at once.
const PUBLICATIONS: usize = 65_536;

/// Runs rsentinel with these command-line arguments (the program's name first) until it is told
/// to stop; the result is the exit status of the process.
///
/// Changes the current directory, the signal handlers and the global log of the process, so it
/// is meant to be called once, first thing in `main`.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<_> = arguments.into_iter().skip(1).collect();
    let current_dir = std::env::current_dir().unwrap_or_else(|_| "/".into());
    match cli::parse(&arguments, &current_dir) {
        Invocation::Run(run) => be_sentinel(&run),
        Invocation::Version => {
            passed(writeln!(io::stdout(), "{}", version::version_line()).map(|()| true))
        }
        Invocation::Help => refuse(cli::USAGE),
        Invocation::CheckConfig(run) => passed(checking::check(&run, &mut io::stdout())),
        Invocation::CheckSystem => passed(system_check::run(&mut io::stdout())),
        Invocation::TestMemory(Some(megabytes)) => {
            passed(memory_test::run(megabytes, &mut io::stdout()))
        }
        Invocation::TestMemory(None) => refuse(cli::TEST_MEMORY_USAGE),
    }
}

fn passed(outcome: io::Result<bool>) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn refuse(text: &str) -> ExitCode {
    // With stderr gone there is nobody to tell.
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::FAILURE
}

fn be_sentinel(run: &Run) -> ExitCode {
    let log = logging::install();
    let outcome = start(run, &log);
    if let Err(fatal) = &outcome {
        fatal.report();
    }
    log.flush_and_stop();
    passed(
        outcome
            .map(|()| true)
            .map_err(|_| io::ErrorKind::Other.into()),
    )
}

/// From the command line to the clean stop.
fn start(run: &Run, log: &LogControl) -> Result<(), FatalStart> {
    let mut configuration = configure(run, log)?;

    let conf = &mut configuration.conf;
    let environment = supervise::Environment::of_process();
    let supervision = supervise::establish(conf.server.supervised, environment);
    let daemonized = conf.server.daemonize && !supervision.is_established();
    if daemonized {
        daemon::daemonize().map_err(|e| failed("Can't daemonize", &e))?;
    }
    // What turned out, for the file to say.
    conf.server.supervised = supervision.to_persist();
    conf.server.pidfile = pidfile::path_for(conf.server.pidfile.take(), daemonized);

    // Threads may exist from here on.
    log.start_writer()
        .map_err(|e| failed("Can't start the log thread", &e))?;
    crash::end_on_panic(log, reports_crashes(&conf.server), serve::THREAD);

    startup::say_starting();
    let maxclients = limits::adjust_open_files(conf.server.maxclients.into())?;
    let logo = startup::shows_logo(&conf.server).then_some(log);
    startup::say_running(conf.server.port, conf.server.tls_port(), logo);
    startup::warn_of_backlog(conf.server.tcp_backlog);

    let runtime = event_loop()?;
    let signals = runtime
        .block_on(async { Signals::install() })
        .map_err(|e| failed("Can't handle signals", &e))?;
    let tls = encrypting::set_up(&conf.server, &configuration.ext.tls)?;
    let (entrances, socket_file) = serving::bind(&conf.server)?;
    let pid_file = conf.server.pidfile.as_deref().map(write_pid_file);
    configuration.settle_on_disk()?;
    let Configuration {
        conf,
        users,
        place,
        ext,
        ..
    } = configuration;
    let path = run.file.clone().unwrap_or_default();

    let (door, calls) = monitor::door();
    let (notices, published) = mpsc::channel(PUBLICATIONS);
    let (shutdown, shutdown_asked) = oneshot::channel();
    let facts = serving::facts(&conf.server, &path, &supervision);
    let user_lines = UserLines::new(ArcSwap::from_pointee(conf.server.users.clone()));
    let joints = Joints {
        door,
        tls: tls.as_ref().map(|tls| tls.clients.clone()),
        published,
        shutdown,
        users,
        user_lines: Arc::clone(&user_lines),
    };
    let serving = serving::start(&conf, maxclients, entrances, joints, facts, log)?;
    let turns = Arc::new(AtomicU64::new(0));
    let children = Children::new(logging::emit);
    let joints = monitoring::Joints {
        place,
        calls,
        notices,
        user_lines,
        encryption: encrypting::encryption(&conf.server, &ext.tls, tls.as_ref()),
        turns: Arc::clone(&turns),
        children: children.clone(),
    };
    let monitoring = Monitoring::start(&conf, joints, log)?;
    oom_score::adjust(&conf.server);
    supervision.ready();

    let (stop, stop_asked) = oneshot::channel();
    let outcome = runtime.block_on(async {
        let stop = move || {
            // The other end waits below for as long as there is anything to stop.
            let _ = stop.send(());
        };
        tokio::spawn(signals.serve(log.clone(), stop, move || children.reap_strangers()));
        tokio::select! {
            () = watchdog::feed(&supervision, &turns) => Ok(()),
            _ = stop_asked => Ok(()),
            asked = shutdown_asked => asked.map_err(|_| {
                FatalStart::Logged("The serving thread has ended unexpectedly, exiting.".into())
            }),
        }
    });
    stopping::limit_the_time(log);
    startup::say_stopping();
    supervision.stopping();
    if let Some(pid_file) = pid_file {
        startup::say_removing_pid_file();
        pid_file.remove();
    }
    if let Some(file) = socket_file {
        startup::say_removing_unix_socket();
        file.remove();
    }
    stopping::stop_while_hearing_signals(&runtime, move || {
        serving.stop();
        monitoring.stop();
    });
    startup::say_bye();
    outcome
}

fn event_loop() -> Result<Runtime, FatalStart> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| failed("Can't start an event loop", &e))
}

/// After the listeners are bound: a second instance started by mistake ends before this.
fn write_pid_file(path: &str) -> PidFile {
    let (pid_file, written) = PidFile::write(path.into());
    if let Err(error) = written {
        startup::warn_of_pid_file(&error);
    }
    pid_file
}

fn reports_crashes(conf: &ServerConf) -> bool {
    conf.kept("crash-log-enabled") != Some(&Value::Bool(false))
}

fn failed(what: &str, error: &io::Error) -> FatalStart {
    FatalStart::Logged(format!("{what}: {}", errno_text(error)))
}
