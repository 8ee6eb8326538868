//! The rsentinel daemon; see [`rsentinel::run`].
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    rsentinel::run(std::env::args_os())
}
