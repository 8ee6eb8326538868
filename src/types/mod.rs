//! Floor 0: the words every other room speaks. Pure values; nothing here does anything.

mod address;
mod epoch;
mod glob;
mod ids;
mod secret;
mod split_args;
mod time;

pub use address::{Address, IpText};
pub use epoch::Epoch;
pub use glob::glob_matches;
pub use ids::{MasterName, RunId};
pub use secret::Secret;
pub use split_args::{SplitError, quote, split_args};
pub use time::{Mono, Now, Wall};
