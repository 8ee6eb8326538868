//! The order of start-up and nothing else.
#![forbid(unsafe_code)]

use std::io::{self, Write as _};
use std::process::ExitCode;

use rsentinel::cli::{self, Invocation, Run};
use rsentinel::config::{self, Conf, ServerConf, Value};
use rsentinel::core::notice::Level;
use rsentinel::process::errno::errno_text;
use rsentinel::process::fatal::FatalStart;
use rsentinel::process::logging::{self, LogControl, LogSettings};
use rsentinel::process::pidfile::{self, PidFile};
use rsentinel::process::signals::Signals;
use rsentinel::process::supervise::{self, Supervision};
use rsentinel::process::{
    config_file, crash, daemon, limits, memory_test, startup, system_check, version,
};
use rsentinel::server::conf_files::ConfFiles;
use tokio::sync::oneshot;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let current_dir = std::env::current_dir().unwrap_or_else(|_| "/".into());
    match cli::parse(&arguments, &current_dir) {
        Invocation::Run(run) => be_sentinel(&run),
        Invocation::Version => {
            passed(writeln!(io::stdout(), "{}", version::version_line()).map(|()| true))
        }
        Invocation::Help => refuse(cli::USAGE),
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
    let mut conf = configure(run, log)?;

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
    crash::report_panics(log, reports_crashes(&conf.server));

    startup::say_starting();
    limits::adjust_open_files(conf.server.maxclients.into())?;
    startup::say_running(conf.server.port, 0);
    startup::warn_of_backlog(conf.server.tcp_backlog);

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| failed("Can't start the event loop", &e))?;
    let pid_file = runtime.block_on(async {
        let signals = Signals::install().map_err(|e| failed("Can't handle signals", &e))?;
        let (stop, stop_asked) = oneshot::channel();
        tokio::spawn(signals.serve(log.clone(), move || {
            // The other end waits below for as long as there is anything to stop.
            let _ = stop.send(());
        }));
        let pid_file = conf.server.pidfile.as_deref().map(write_pid_file);
        supervision.ready();
        let _ = stop_asked.await;
        Ok::<_, FatalStart>(pid_file)
    })?;
    stop(&supervision, pid_file);
    Ok(())
}

/// Reads the configuration and turns the log to what it says. All of it happens before
/// daemonizing, so that the caller sees errors and the exit status.
fn configure(run: &Run, log: &LogControl) -> Result<Conf, FatalStart> {
    let file = run.file.as_deref();
    let text = config_file::read(file, run.stdin, &run.option_lines)?;
    let conf = config::parse(&text, &mut ConfFiles)?;
    log.configure(LogSettings::of(&conf.server));
    config_file::check_writable(file)?;
    for warning in &conf.warnings {
        logging::line(Level::Warning, warning);
    }
    Ok(conf)
}

/// After the listeners are bound: a second instance started by mistake ends before this.
fn write_pid_file(path: &str) -> PidFile {
    let (pid_file, written) = PidFile::write(path.into());
    if let Err(error) = written {
        startup::warn_of_pid_file(&error);
    }
    pid_file
}

fn stop(supervision: &Supervision, pid_file: Option<PidFile>) {
    startup::say_stopping();
    supervision.stopping();
    if let Some(pid_file) = pid_file {
        startup::say_removing_pid_file();
        pid_file.remove();
    }
    startup::say_bye();
}

fn reports_crashes(conf: &ServerConf) -> bool {
    conf.kept("crash-log-enabled") != Some(&Value::Bool(false))
}

fn failed(what: &str, error: &io::Error) -> FatalStart {
    FatalStart::Logged(format!("{what}: {}", errno_text(error)))
}
