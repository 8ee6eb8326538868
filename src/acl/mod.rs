//! Floor 1: users and what they may do. Pure: the commands that exist come in as a
//! [`RuleBook`], random bytes and times as arguments; files and connections are elsewhere.
//!
//! A [`User`] is made of rules (`on`, `>password`, `~key`, `&channel`, `+command`, `(…)`), the
//! words of ACL SETUSER, of a `user` line and of a line of the ACL file alike. Its canonical
//! text ([`User::rules`]) reads back as the same user. [`User::check`] says whether it may run a
//! command; [`Users`] holds all of them; [`AclLog`] remembers who was refused.

mod channels;
mod commands;
mod error;
mod file;
mod genpass;
mod keys;
mod log;
mod password;
mod rule_book;
mod selector;
mod user;
mod user_name;
mod users;
mod words;

#[cfg(test)]
mod tests;

pub use error::{RuleError, SetUserError};
pub use file::{NO_CHANGE, read_file, write_file};
pub use genpass::{GENPASS_BYTES, genpass};
pub use log::{AclLog, Denial, Entry, Reason};
pub use password::PasswordHash;
pub use rule_book::{CommandFacts, NewChannels, RuleBook};
pub use selector::{Denied, Selector, Wanted, WantedChannels};
pub use user::User;
pub use user_name::UserName;
pub use users::Users;
pub use words::masked;
