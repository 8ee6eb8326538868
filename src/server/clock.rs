//! The one clock of the monitor: turns the machine's time into the core's and back.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::types::{Mono, Now, Wall};

/// Counts monotonic milliseconds from its start. Copies agree with each other.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that starts at 0 now.
    pub fn start() -> Self {
        Clock {
            start: Instant::now(),
        }
    }

    /// The time. Fractions of a millisecond are dropped, so a timer set for
    /// [`Clock::instant_of`] a deadline never fires before `now` has reached it.
    pub fn now(&self) -> Now {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Now {
            mono: Mono(whole_ms(self.start.elapsed())),
            wall: Wall(whole_ms(wall)),
        }
    }

    /// When to wake for a deadline. One beyond what the machine's clock can express becomes
    /// "in 30 years", which is how tokio itself says never.
    pub fn instant_of(&self, deadline: Mono) -> Instant {
        const NEVER: Duration = Duration::from_secs(86_400 * 365 * 30);
        let instant = self.start.checked_add(Duration::from_millis(deadline.0));
        instant.unwrap_or_else(|| Instant::now() + NEVER)
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_has_come_when_its_instant_has() {
        let clock = Clock::start();
        let deadline = clock.now().mono.plus(5);
        let instant = clock.instant_of(deadline);
        while Instant::now() < instant {
            std::hint::spin_loop();
        }
        assert!(clock.now().mono >= deadline);
    }

    #[test]
    fn the_wall_clock_is_in_this_century() {
        assert!(Clock::start().now().wall.0 > 1_600_000_000_000);
    }

    #[test]
    fn a_deadline_beyond_all_time_is_far_and_no_panic() {
        let clock = Clock::start();
        assert!(clock.instant_of(Mono(u64::MAX)) > clock.instant_of(Mono(1_000_000)));
    }
}
