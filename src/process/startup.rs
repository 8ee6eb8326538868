//! The lines of a start and of a clean stop, in the order in which they are said. Where the
//! product names itself it says rsentinel; the words that tools wait for or search are kept.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use super::errno::errno_text;
use super::logging::{self, LogControl};
use super::version::{REDIS_VERSION, VERSION};
use crate::config::{ServerConf, Value};
use crate::core::notice::Level::{Notice, Warning};

/// The first lines after daemonizing.
pub fn say_starting() {
    logging::line(Notice, "oO0OoO0OoO0Oo rsentinel is starting oO0OoO0OoO0Oo");
    logging::line(
        Notice,
        &format!(
            "rsentinel version={VERSION}, Redis version={REDIS_VERSION}, bits={}, commit=00000000, \
             modified=0, pid={}, just started",
            usize::BITS,
            std::process::id()
        ),
    );
    logging::line(Notice, "Configuration loaded");
}

/// The port served: the plain one, or the TLS one if that is 0, or 0. Said by the logo, if that is
/// shown.
pub fn say_running(port: u16, tls_port: u16, logo: Option<&LogControl>) {
    logging::line(Notice, "monotonic clock: POSIX clock_gettime");
    let shown = if port != 0 { port } else { tls_port };
    match logo {
        Some(log) => log.raw(&logo_text(shown)),
        None => logging::line(Notice, &format!("Running mode=sentinel, port={shown}.")),
    }
}

/// Whether the logo is shown: to whoever starts the program at a terminal, or always.
pub fn shows_logo(conf: &ServerConf) -> bool {
    let is = |name| conf.kept(name) == Some(&Value::Bool(true));
    let at_terminal =
        conf.logfile.is_empty() && !is("syslog-enabled") && io::stdout().is_terminal();
    is("always-show-logo") || at_terminal
}

fn logo_text(port: u16) -> String {
    format!(
        "
      .-------.
     /  .-.    \\     rsentinel {VERSION}, as Redis {REDIS_VERSION} (00000000/0) {} bit
    |  ( o )----|-->
     \\  '-'    /     Running in sentinel mode
      '-------'      Port: {port}
                     PID: {}
",
        usize::BITS,
        std::process::id()
    )
}

/// A warning if the kernel cuts the listen backlog.
pub fn warn_of_backlog(tcp_backlog: u32) {
    const SOMAXCONN: &str = "/proc/sys/net/core/somaxconn";
    let Ok(text) = std::fs::read_to_string(Path::new(SOMAXCONN)) else {
        return;
    };
    let Ok(allowed) = text.trim().parse::<u32>() else {
        return;
    };
    if allowed < tcp_backlog {
        logging::line(
            Warning,
            &format!(
                "WARNING: The TCP backlog setting of {tcp_backlog} cannot be enforced because \
                 {SOMAXCONN} is set to the lower value of {allowed}."
            ),
        );
    }
}

/// The pid file could not be written; the start goes on.
pub fn warn_of_pid_file(error: &io::Error) {
    logging::line(
        Warning,
        &format!("Failed to write PID file: {}", errno_text(error)),
    );
}

/// The line by which tools recognise that a sentinel is up.
pub fn say_id(my_id: &str) {
    logging::line(Notice, &format!("Sentinel ID is {my_id}"));
}

/// A clean stop begins.
pub fn say_stopping() {
    logging::line(Notice, "User requested shutdown...");
}

/// Before the pid file goes.
pub fn say_removing_pid_file() {
    logging::line(Notice, "Removing the pid file.");
}

/// Before the unix socket goes.
pub fn say_removing_unix_socket() {
    logging::line(Notice, "Removing the unix socket file.");
}

/// The very last line.
pub fn say_bye() {
    logging::line(Warning, "Sentinel is now ready to exit, bye bye...");
}
