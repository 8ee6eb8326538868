//! The requests that clients send most, of connections of which nothing special is to be heeded:
//! answered where they lie. All others go to [`super::dispatch()`], which knows every rule.

use bytes::BytesMut;

use crate::core::view::AddressTable;
use crate::resp::Proto;

use super::session::{Replies, Session};
use super::settings::Settings;
use super::table::{self, Found};

/// Whether every request of a connection that has an [`super::row::AtOnce`] would be carried out
/// and answered at present.
pub fn is_ordinary(session: &Session, settings: &Settings) -> bool {
    let users = settings.users.borrow();
    let user = users.get(session.user.as_bytes());
    session.replies == Replies::On
        && session.tracking.is_none()
        && !(session.proto == Proto::Resp2 && session.subscriptions() > 0)
        && settings.renames.is_empty()
        && !settings.auth_required(session)
        && user.is_some_and(|user| user.is_unrestricted())
}

/// Answers a request of an ordinary connection; the name of its command. `None`, with nothing
/// appended, when it has to be dispatched.
pub fn answer_at_once(
    words: &[&[u8]],
    table: &AddressTable,
    out: &mut BytesMut,
) -> Option<&'static str> {
    let Found::Command(command) = table::find(words) else {
        return None;
    };
    let answer = command.at_once?;
    let names = if command.is_subcommand() { 2 } else { 1 };
    let args = words.get(names..)?;
    (command.accepts(words.len()) && answer(args, table, out)).then_some(command.name)
}
