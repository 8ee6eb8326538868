//! Whole clusters of real servers and sentinels of one kind, what is done to their masters, and
//! what was heard of it.
//!
//! | room | is for |
//! |---|---|
//! | `stage` | clusters made ready several at a time, and struck one after the other |
//! | `round` | one fault, and all that was heard after it |
//! | `first_write` | the application: when can it write again? |
//! | `server_log` | the instants at which a server is told another role |
//! | `steps` | from what was heard to the times of the steps, and what looks wrong |

pub mod first_write;
pub mod round;
pub mod server_log;
pub mod stage;
pub mod steps;

use std::time::Duration;

/// What happens to the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL: its sockets are closed.
    Kill,
    /// SIGSTOP: its sockets stay open, nobody answers.
    Stop,
    /// An operator's SENTINEL FAILOVER; it stays alive.
    Manual,
}

/// What a cluster consists of.
#[derive(Clone, Debug)]
pub struct Shape {
    pub sentinels: usize,
    pub replicas: usize,
    pub quorum: u32,
    pub down_after: Duration,
    /// Twice this is the wait before a lost election is tried again: short enough for a second
    /// try to fall within the patience of a round.
    pub failover_timeout: Duration,
    pub parallel_syncs: u32,
    /// Between discovery and the fault: a sentinel treats connections of the first second
    /// otherwise (rsentinel does not reconnect at once when such a one is lost), and a death so
    /// soon after the start is not what is measured here.
    pub settle: Duration,
}

impl Shape {
    /// 1 master, 2 replicas, 3 sentinels, quorum 2.
    pub fn usual(quick: bool) -> Shape {
        Shape {
            sentinels: 3,
            replicas: 2,
            quorum: 2,
            down_after: Duration::from_millis(500),
            failover_timeout: Duration::from_secs(10),
            parallel_syncs: 1,
            settle: Duration::from_millis(if quick { 1200 } else { 3000 }),
        }
    }
}

/// Milliseconds.
pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
