//! A sentinel's disk: one write at a time, the newest waiting state replaces an older one, and
//! only completed writes survive a crash.

use std::sync::Arc;

use rsentinel::config::SentinelConf;
use rsentinel::core::persist::Version;

use crate::chance::Chance;

/// What happens to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It succeeds.
    Works,
    /// It fails and leaves the old state.
    Fails,
    /// It reports a failure, but the new state is there (the directory's fsync failed).
    FailsButIsThere,
}

/// A write that runs.
#[derive(Clone, Debug)]
pub struct Write {
    /// Its version.
    pub version: Version,
    /// Its state.
    pub state: Arc<SentinelConf>,
    /// What will come of it.
    pub fate: Fate,
    /// How long it takes, in µs.
    pub takes: u64,
    /// Counts writes, to recognise the end of this one.
    pub number: u64,
}

/// The disk.
#[derive(Clone, Debug)]
pub struct Disk {
    /// What a restart would read.
    pub durable: Arc<SentinelConf>,
    /// Writes fail while this is set.
    pub failing: bool,
    /// So many of the next writes that carry a new vote fail.
    pub fail_votes: u32,
    /// Least and greatest time of a write in µs.
    pub write: (u64, u64),
    /// The write that runs.
    pub running: Option<Write>,
    waiting: Option<(Version, Arc<SentinelConf>)>,
    number: u64,
}

impl Disk {
    /// A disk with this on it.
    pub fn new(durable: SentinelConf, write: (u64, u64)) -> Self {
        Disk {
            durable: Arc::new(durable),
            failing: false,
            fail_votes: 0,
            write,
            running: None,
            waiting: None,
            number: 0,
        }
    }

    /// Takes a state to be written; the write that begins now, if one does.
    pub fn put(
        &mut self,
        version: Version,
        state: Arc<SentinelConf>,
        chance: &mut Chance,
    ) -> Option<Write> {
        self.waiting = Some((version, state));
        self.begin(chance)
    }

    fn begin(&mut self, chance: &mut Chance) -> Option<Write> {
        if self.running.is_some() {
            return None;
        }
        let (version, state) = self.waiting.take()?;
        let carries_vote = self.fail_votes > 0 && has_new_vote(&self.durable, &state);
        if carries_vote {
            self.fail_votes -= 1;
        }
        let fate = match (self.failing || carries_vote, chance.percent(20)) {
            (false, _) => Fate::Works,
            (true, false) => Fate::Fails,
            (true, true) => Fate::FailsButIsThere,
        };
        self.number += 1;
        let write = Write {
            version,
            state,
            fate,
            takes: chance.between(self.write.0, self.write.1),
            number: self.number,
        };
        self.running = Some(write.clone());
        Some(write)
    }

    /// The running write ends; what came of it, and the next one if one waits.
    pub fn end(&mut self, number: u64, chance: &mut Chance) -> Option<(Write, Option<Write>)> {
        let write = self.running.take_if(|w| w.number == number)?;
        if write.fate != Fate::Fails {
            self.durable = write.state.clone();
        }
        let next = self.begin(chance);
        Some((write, next))
    }

    /// The process dies: what waits is lost, what runs may or may not have arrived.
    pub fn crash(&mut self, chance: &mut Chance) {
        self.waiting = None;
        if let Some(write) = self.running.take()
            && write.fate != Fate::Fails
            && chance.percent(50)
        {
            self.durable = write.state;
        }
    }
}

fn has_new_vote(old: &SentinelConf, new: &SentinelConf) -> bool {
    new.masters.iter().any(|m| {
        old.masters
            .iter()
            .find(|o| o.name == m.name)
            .is_none_or(|o| o.leader_epoch != m.leader_epoch)
    })
}
