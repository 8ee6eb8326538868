//! A panic: reported between the markers that people and tools search for, and then the end of the
//! process. A daemon whose monitor is dead would look alive and watch nothing.

use std::panic::PanicHookInfo;

use super::logging::{self, LogControl};
use super::version::{REDIS_VERSION, VERSION};
use crate::core::notice::Level;

/// From here on a panic is reported in the log, if `report` (`crash-log-enabled`) says so, and ends
/// the process with SIGABRT, so that a service manager starts it anew. Only on the thread named
/// `survivor` it merely unwinds: there one connection dies of it, and whoever owns the thread has
/// to notice if it was more.
pub fn end_on_panic(log: &LogControl, report: bool, survivor: &'static str) {
    let log = log.clone();
    std::panic::set_hook(Box::new(move |panic| {
        if report {
            log.raw("\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===");
            for text in report_lines(panic) {
                logging::line(Level::Warning, &text);
            }
            log.raw("\n=== REDIS BUG REPORT END. Make sure to include from START to END. ===\n");
        }
        if std::thread::current().name() != Some(survivor) {
            log.flush();
            std::process::abort();
        }
    }));
}

fn report_lines(panic: &PanicHookInfo<'_>) -> [String; 2] {
    // Only a constant message is shown: a formatted one may quote data, and so a secret.
    let message = panic
        .payload()
        .downcast_ref::<&'static str>()
        .unwrap_or(&"(message withheld)");
    let place = panic
        .location()
        .map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    [
        format!(
            "Redis {REDIS_VERSION} (rsentinel {VERSION}) panicked in thread '{}'",
            thread.name().unwrap_or("?")
        ),
        format!("{message} at {place}"),
    ]
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::Command;

    use super::*;

    /// Set in the process that is to panic, to the name of the thread that does.
    const PANICKING: &str = "RSENTINEL_TEST_PANICKING_THREAD";

    /// The status and the output of a process in which a thread of this name has panicked.
    fn panic_on(thread: &str) -> (std::process::ExitStatus, String) {
        let test = "process::crash::tests::a_thread_panics_if_the_environment_says_so";
        let output = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture", "--include-ignored"])
            .env(PANICKING, thread)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status, text)
    }

    #[test]
    #[ignore = "started in a process of its own by the others"]
    fn a_thread_panics_if_the_environment_says_so() {
        let Ok(name) = std::env::var(PANICKING) else {
            return;
        };
        let log = logging::install();
        log.start_writer().unwrap();
        end_on_panic(&log, true, "survivor");
        let thread = std::thread::Builder::new().name(name);
        let ended = thread.spawn(|| panic!("a reason")).unwrap().join();
        assert!(ended.is_err());
        log.flush_and_stop();
    }

    #[test]
    fn a_panic_is_reported_and_ends_the_process_by_a_signal() {
        let (status, output) = panic_on("monitor");
        assert_eq!(status.signal(), Some(6), "{output}");
        assert!(output.contains("panicked in thread 'monitor'"), "{output}");
        assert!(output.contains("a reason at src"), "{output}");
        let lines: Vec<&str> = output.lines().collect();
        for mark in [
            "=== REDIS BUG REPORT START: Cut & paste starting from here ===",
            "=== REDIS BUG REPORT END. Make sure to include from START to END. ===",
        ] {
            assert!(lines.contains(&mark), "{output}");
        }
    }

    #[test]
    fn a_panic_of_the_surviving_thread_is_reported_and_ends_nothing_else() {
        let (status, output) = panic_on("survivor");
        assert!(status.success(), "{output}");
        assert!(output.contains("panicked in thread 'survivor'"), "{output}");
    }
}
