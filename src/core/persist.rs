//! Versions of the durable state, and what waits for them.

/// The number of a state handed to the store. Grows by one with each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);
