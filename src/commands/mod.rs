//! Floor 4: one file per command: request + what the core shows -> reply. Pure.
//!
//! The socket side calls [`dispatch()`] with the words of a request and carries out the
//! [`Next`] it gets. The table has a row for every command; the file of a command has its name.

mod access;
mod answers;
mod argument;
mod at_once;
mod clients;
mod connection;
mod container_help;
mod dispatch;
mod next;
mod permission;
mod pubsub;
mod renames;
mod row;
mod sentinel;
mod server;
mod session;
mod settings;
mod table;
mod tracking;
mod words;

#[cfg(test)]
mod tests;

pub use access::{
    UsersRefused, acl_log_length, fault_of_line, rule_book, settle_users, unopened, user_lines,
};
pub use answers::{down_reply, hello_reply, instruct_reply};
pub use at_once::Ordinary;
pub use clients::{client_line, kill_addr_reply, kill_reply, list_reply, own_reply};
pub use dispatch::{dispatch, waits_for};
pub use next::{AclStep, ClientsQuery, KillFilter, ListFilter, Next, PauseMode, ServerFacts};
pub use renames::{RenameError, Renames};
pub use sentinel::masters_listing;
pub use server::acl::{genpass_reply, load_reply, log_reply, save_reply};
pub use session::{ClientInfo, ClientType, Replies, Session};
pub use settings::{IsExecutable, LogLevel, REDIS_VERSION, Settings};
pub use tracking::{Tracking, track};
