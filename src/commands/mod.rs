//! Floor 4: one file per command: request + what the core shows -> reply. Pure.

mod next;
mod session;

pub use next::{ClientsQuery, KillFilter, ListFilter, Next, ServerFacts};
pub use session::{ClientInfo, ClientType, Session, Settings};
