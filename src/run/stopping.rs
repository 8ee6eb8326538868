//! The clean stop has a time limit: what waits for a hung disk would otherwise wait for ever.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::core::notice::Level;
use crate::process::logging::{self, LogControl};

/// Far more than a clean stop takes on a slow disk, and well within what service managers grant
/// before they kill.
const PATIENCE: Duration = Duration::from_secs(5);

/// The exit status of a stop that was cut short.
const CUT_SHORT: i32 = 1;

/// From here on the process has this long to end by itself.
pub(super) fn limit_the_time(log: &LogControl) {
    let log = log.clone();
    let end = move || {
        thread::sleep(PATIENCE);
        let line = "The stop takes too long, probably because a disk does not answer; exiting now. \
                    What was not saved yet is lost.";
        logging::line(Level::Warning, line);
        log.flush();
        std::process::exit(CUT_SHORT);
    };
    // Without a thread left the stop just has no limit.
    let _ = thread::Builder::new().name("stopping".into()).spawn(end);
}

/// Stops everything on a thread of its own, while this one goes on listening to signals: a second
/// SIGINT ends a stop that hangs.
pub(super) fn stop_while_hearing_signals(runtime: &Runtime, stop: impl FnOnce() + Send + 'static) {
    let work = Arc::new(Mutex::new(Some(stop)));
    let take = |work: &Mutex<Option<_>>| work.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (done, ended) = oneshot::channel::<()>();
    let for_thread = Arc::clone(&work);
    let run = move || {
        if let Some(stop) = take(&for_thread) {
            stop();
        }
        drop(done);
    };
    // Without a thread left, or at its end, the other half of the channel is gone.
    let _ = thread::Builder::new().name("stop".into()).spawn(run);
    let _ = runtime.block_on(ended);
    if let Some(stop) = take(&work) {
        stop();
    }
}
