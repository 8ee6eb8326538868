//! CLIENT PAUSE: whether requests have to wait, and waiting.

use std::cell::Cell;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::commands::PauseMode;

/// Longer than any process lives: what a pause without a representable end lasts.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The pause in force, if any.
#[derive(Debug, Default)]
pub struct Pause {
    until: Cell<Option<(Instant, PauseMode)>>,
    lifted: Notify,
}

impl Pause {
    /// Begins a pause. One that is in force is never shortened or weakened by it.
    pub fn begin(&self, ms: u64, mode: PauseMode) {
        let now = Instant::now();
        let end = now
            .checked_add(Duration::from_millis(ms))
            .unwrap_or(now + FOR_EVER);
        let (end, mode) = match self.until.get().filter(|(until, _)| *until > now) {
            Some((until, before)) => (until.max(end), before.max(mode)),
            None => (end, mode),
        };
        self.until.set(Some((end, mode)));
    }

    /// Ends it.
    pub fn lift(&self) {
        self.until.set(None);
        self.lifted.notify_waiters();
    }

    /// What has to wait now.
    pub fn in_force(&self) -> Option<PauseMode> {
        let (until, mode) = self.until.get()?;
        if Instant::now() < until {
            return Some(mode);
        }
        self.until.set(None);
        None
    }

    /// Waits until it has ended or has been lifted, or until it should have ended before somebody
    /// made it longer: the caller looks again.
    pub async fn changed(&self) {
        let Some((until, _)) = self.until.get() else {
            return;
        };
        tokio::select! {
            () = sleep_until(until) => {}
            () = self.lifted.notified() => {}
        }
    }
}
