//! Feeding systemd's watchdog: only while the monitor works, so that a process that hangs is
//! started anew.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::core::notice::Level;
use crate::process::logging;
use crate::process::supervise::Supervision;

/// How long the monitor may take between two turns and still be working; it wakes up ten times a
/// second for no other reason than to show that it can.
const LONGEST_TURN: Duration = Duration::from_secs(1);

/// Feeds it until the process stops; waits for ever if there is none. `turns` counts the turns of
/// the monitor.
pub(super) async fn feed(supervision: &Supervision, turns: &AtomicU64) {
    let Some(every) = supervision.watchdog_interval() else {
        return std::future::pending().await;
    };
    let mut looks = interval(every);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut pulse = Pulse::new(Instant::now());
    loop {
        looks.tick().await;
        let works = pulse.look(turns.load(Ordering::Relaxed), Instant::now());
        if works {
            supervision.alive();
        } else {
            let line = "The monitor does not take its turns: systemd's watchdog is not fed.";
            logging::line(Level::Warning, line);
        }
    }
}

/// Whether the monitor's turns go on.
struct Pulse {
    turns: u64,
    changed: Instant,
}

impl Pulse {
    fn new(now: Instant) -> Self {
        Pulse {
            turns: 0,
            changed: now,
        }
    }

    /// Whether it has taken a turn since the last look, or just before.
    fn look(&mut self, turns: u64, now: Instant) -> bool {
        if turns != self.turns {
            self.turns = turns;
            self.changed = now;
        }
        now.duration_since(self.changed) < LONGEST_TURN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_monitor_without_turns_is_not_working() {
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let mut pulse = Pulse::new(begin);
        assert!(pulse.look(1, at(10)));
        // Looked at often, between two turns.
        assert!(pulse.look(1, at(500)));
        // Looked at rarely: there were turns meanwhile.
        assert!(pulse.look(300, at(30_000)));
        assert!(!pulse.look(300, at(60_000)));
        assert!(pulse.look(301, at(90_000)));
    }
}
