//! The order of start-up and nothing else.
#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;

use rsentinel::cli::{self, Invocation, Run};
use rsentinel::process::fatal::FatalStart;
use rsentinel::process::{config_file, logging, memory_test, system_check, version};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let current_dir = std::env::current_dir().unwrap_or_else(|_| "/".into());
    match cli::parse(&arguments, &current_dir) {
        Invocation::Run(run) => match start(&run) {
            Ok(()) => ExitCode::SUCCESS,
            Err(fatal) => {
                fatal.report();
                ExitCode::FAILURE
            }
        },
        Invocation::Version => said(writeln!(std::io::stdout(), "{}", version::version_line())),
        Invocation::Help => {
            let _ = std::io::stderr().write_all(cli::USAGE.as_bytes());
            ExitCode::FAILURE
        }
        Invocation::CheckSystem => passed(system_check::run(&mut std::io::stdout())),
        Invocation::TestMemory(Some(megabytes)) => {
            passed(memory_test::run(megabytes, &mut std::io::stdout()))
        }
        Invocation::TestMemory(None) => {
            let _ = std::io::stderr().write_all(cli::TEST_MEMORY_USAGE.as_bytes());
            ExitCode::FAILURE
        }
    }
}

fn said(outcome: std::io::Result<()>) -> ExitCode {
    passed(outcome.map(|()| true))
}

fn passed(outcome: std::io::Result<bool>) -> ExitCode {
    if outcome.is_ok_and(|passed| passed) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn start(run: &Run) -> Result<(), FatalStart> {
    let _log = logging::install();
    let _text = config_file::read(run.file.as_deref(), run.stdin, &run.option_lines)?;
    config_file::check_writable(run.file.as_deref())?;
    Ok(())
}
