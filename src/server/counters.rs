//! The serving side's own figures, for INFO.

use std::cell::Cell;

use crate::acl::Reason;

/// A figure that only grows.
#[derive(Debug, Default)]
pub struct Counter(Cell<u64>);

impl Counter {
    /// Adds to it.
    pub fn add(&self, n: usize) {
        let n = u64::try_from(n).unwrap_or(u64::MAX);
        self.0.set(self.0.get().saturating_add(n));
    }

    /// Its value.
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// All of them, since start.
#[derive(Debug, Default)]
pub struct Counters {
    /// Connections that were accepted by the system, also those refused afterwards.
    pub connections: Counter,
    /// Connections refused.
    pub rejected: Counter,
    /// Requests carried out; not those refused before that, nor the one that is being answered.
    pub commands: Counter,
    /// Error replies.
    pub errors: Counter,
    /// Failed authentications.
    pub failed_auths: Counter,
    /// Commands refused by permissions.
    pub denied_commands: Counter,
    /// Commands refused because of a channel.
    pub denied_channels: Counter,
    /// Reads that brought something.
    pub reads: Counter,
    /// Writes.
    pub writes: Counter,
    /// Bytes read.
    pub bytes_in: Counter,
    /// Bytes written.
    pub bytes_out: Counter,
    /// Requests carried out in the last full second.
    pub commands_last_second: LastSecond,
    /// Bytes read in the last full second.
    pub bytes_in_last_second: LastSecond,
    /// Bytes written in the last full second.
    pub bytes_out_last_second: LastSecond,
}

/// By how much a counter grew in the last full second.
#[derive(Debug, Default)]
pub struct LastSecond {
    growth: Cell<u64>,
    before: Cell<u64>,
}

impl LastSecond {
    /// The growth.
    pub fn get(&self) -> u64 {
        self.growth.get()
    }

    fn second_passed(&self, counter: &Counter) {
        let now = counter.get();
        self.growth.set(now - self.before.replace(now));
    }
}

impl Counters {
    /// To be called once a second.
    pub fn second_passed(&self) {
        self.commands_last_second.second_passed(&self.commands);
        self.bytes_in_last_second.second_passed(&self.bytes_in);
        self.bytes_out_last_second.second_passed(&self.bytes_out);
    }

    /// Takes note of something that permissions refused.
    pub fn denied(&self, reason: Reason) {
        match reason {
            Reason::Auth => self.failed_auths.add(1),
            Reason::Command => self.denied_commands.add(1),
            Reason::Channel => self.denied_channels.add(1),
        }
    }
}
