//! Floor 3: the sentinel itself. Time, facts and a seed come in; actions go out.

pub mod action;
pub mod event;
pub mod notice;
pub mod persist;
pub mod view;

pub use action::{Action, Ask, Reply};
pub use event::{Answer, ConnId, Event, Waiter};

/// Names one record: a master, or a replica or peer of it. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party {
    /// The master group.
    pub master: MasterId,
    /// Which record of the group.
    pub who: Who,
}

/// A master group; never reused, also not by a group of the same name added later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MasterId(pub u32);

/// A record within a master group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// The master itself.
    Master,
    /// A replica.
    Replica(u32),
    /// Another sentinel.
    Peer(u32),
}
