//! The report of a panic, between the markers that people and tools search for.

use std::panic::PanicHookInfo;

use super::logging::{self, LogControl};
use super::version::{REDIS_VERSION, VERSION};
use crate::core::notice::Level;

/// From here on a panic in any thread is reported in the log. It ends what the runtime says it
/// ends: `main` decides what a dead thread means. `report` is `crash-log-enabled`.
pub fn report_panics(log: &LogControl, report: bool) {
    let log = log.clone();
    std::panic::set_hook(Box::new(move |panic| {
        if report {
            for text in report_lines(panic) {
                logging::line(Level::Warning, &text);
            }
            log.flush();
        }
    }));
}

fn report_lines(panic: &PanicHookInfo<'_>) -> [String; 4] {
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
        "=== REDIS BUG REPORT START: Cut & paste starting from here ===".to_owned(),
        format!(
            "Redis {REDIS_VERSION} (rsentinel {VERSION}) panicked in thread '{}'",
            thread.name().unwrap_or("?")
        ),
        format!("{message} at {place}"),
        "=== REDIS BUG REPORT END. Make sure to include from START to END. ===".to_owned(),
    ]
}
