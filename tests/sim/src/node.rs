//! A sentinel process: its brain, its clock, its disk, and what waits while it stands still.

use std::collections::{BTreeMap, VecDeque};

use rsentinel::config::SentinelConf;
use rsentinel::core::{Action, Birth, ConnId, Event, Features, Sentinel, Timings};
use rsentinel::types::{Mono, Now, RunId, Wall};

use crate::disk::Disk;
use crate::reference::Reference;

/// The wall clock of the first instant: some day of 2023.
const WALL_START: u64 = 1_700_000_000_000;

/// What decides in a sentinel.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)]
pub enum Brain {
    /// The real core.
    Real(Sentinel),
    /// A model of the reference.
    Reference(Reference),
}

impl Brain {
    /// A brain born from a configuration.
    pub fn new(
        reference: bool,
        now: Now,
        conf: SentinelConf,
        features: Features,
        seed: u64,
    ) -> Self {
        let birth = Birth {
            conf,
            port: 26379,
            requirepass: None,
            timings: Timings::default(),
            features,
            seed,
        };
        if reference {
            Brain::Reference(Reference::new(now, birth))
        } else {
            Brain::Real(Sentinel::new(now, birth))
        }
    }

    /// One turn.
    pub fn handle(&mut self, now: Now, event: Event) {
        match self {
            Brain::Real(core) => core.handle(now, event),
            Brain::Reference(model) => model.handle(now, event),
        }
    }

    /// The next action.
    pub fn poll_action(&mut self) -> Option<Action> {
        match self {
            Brain::Real(core) => core.poll_action(),
            Brain::Reference(model) => model.poll_action(),
        }
    }

    /// What belongs to an `Action::Persist`, to be taken as soon as that is. (The reference writes in
    /// the middle of its turn.)
    pub fn state_to_persist(&mut self) -> SentinelConf {
        match self {
            Brain::Real(core) => core.durable_state(),
            Brain::Reference(model) => model.rewritten.pop_front().unwrap_or_default(),
        }
    }

    /// When it wants to be called.
    pub fn next_deadline(&self) -> Option<Mono> {
        match self {
            Brain::Real(core) => core.next_deadline(),
            Brain::Reference(model) => model.next_deadline(),
        }
    }
}

/// A sentinel process, running or not.
#[derive(Debug)]
pub struct Node {
    /// Which one.
    pub index: usize,
    /// `None` while it does not run.
    pub brain: Option<Brain>,
    /// It is a model of the reference.
    pub is_reference: bool,
    /// Its own id.
    pub id: RunId,
    /// Its disk.
    pub disk: Disk,
    /// Stopped (SIGSTOP).
    pub paused: bool,
    /// Counts process lives.
    pub incarnation: u32,
    /// Its monotonic clock runs ahead of the world's by so many ms.
    pub mono_ahead: u64,
    /// … and by so many µs more, fewer than 1000: its milliseconds begin at instants of their own.
    pub phase: u64,
    /// Its wall clock is off by so many ms.
    pub wall_off: i64,
    /// Its sockets: the world's number of each.
    pub conns: Sockets,
    /// What happened while it was stopped.
    pub inbox: VecDeque<Inbound>,
    /// When the world will wake it, in µs.
    pub wake_at: Option<u64>,
    /// Questions that wait for an answer: the connection and the question, by waiter.
    pub waiters: BTreeMap<u64, (u32, rsentinel::core::event::DownQuestion)>,
    /// The next waiter.
    pub next_waiter: u64,
}

/// The sockets of one life of a process. It numbers them from 1 on, so they lie in a row.
#[derive(Debug, Default)]
pub struct Sockets(Vec<Option<u32>>);

impl Sockets {
    /// The process has opened one.
    pub fn insert(&mut self, id: ConnId, number: u32) {
        let at = id.0 as usize;
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        self.0[at] = Some(number);
    }

    /// The world's number of one.
    pub fn get(&self, id: ConnId) -> Option<u32> {
        self.0.get(id.0 as usize).copied().flatten()
    }

    /// One has ended.
    pub fn remove(&mut self, id: ConnId) -> Option<u32> {
        self.0.get_mut(id.0 as usize)?.take()
    }

    /// The process has ended.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Something on its way into a process.
#[derive(Debug)]
pub enum Inbound {
    /// From one of its own sockets.
    Own {
        /// The connection's number.
        conn: u32,
        /// What.
        what: crate::world::conn::In,
    },
    /// From a connection somebody else opened to it.
    Foreign {
        /// The connection's number.
        conn: u32,
    },
    /// A fact that concerns no connection.
    Event(Event),
}

impl Node {
    /// The time on its clocks.
    pub fn present(&self, world_us: u64) -> Now {
        let ms = (world_us + self.phase) / 1_000;
        Now {
            mono: Mono(ms + self.mono_ahead),
            wall: Wall((WALL_START + ms).saturating_add_signed(self.wall_off)),
        }
    }

    /// The world's time of an instant on its monotonic clock, in µs.
    pub fn world_time(&self, mono: Mono) -> u64 {
        (mono.0.saturating_sub(self.mono_ahead) * 1_000).saturating_sub(self.phase)
    }

    /// The world's time, in µs, at which its next millisecond begins.
    pub fn next_ms(&self, world_us: u64) -> u64 {
        (world_us + self.phase) / 1_000 * 1_000 + 1_000 - self.phase
    }

    /// The process runs and is not stopped.
    pub fn runs(&self) -> bool {
        self.brain.is_some() && !self.paused
    }
}
