//! The requests that clients send most, of connections of which nothing special is to be heeded:
//! answered where they lie. All others go to [`super::dispatch()`], which knows every rule.

use std::cell::Ref;

use bytes::BytesMut;

use crate::acl::{User, Users};
use crate::core::view::AddressTable;
use crate::resp::Proto;

use super::dispatch::{find, is_http};
use super::permission;
use super::session::{Replies, Session};
use super::settings::Settings;
use super::table::Found;

/// A connection whose requests that have a [`super::row::AtOnce`] would be carried out and
/// answered at present, if its user may.
pub struct Ordinary<'a> {
    settings: &'a Settings,
    users: Ref<'a, Users>,
    user: Ref<'a, User>,
}

impl<'a> Ordinary<'a> {
    /// The connection of this session, if it is one.
    pub fn of(session: &Session, settings: &'a Settings) -> Option<Self> {
        let is_ordinary = session.replies == Replies::On
            && session.tracking.is_none()
            && !(session.proto == Proto::Resp2 && session.subscriptions() > 0)
            && !settings.auth_required(session);
        if !is_ordinary {
            return None;
        }
        let users = settings.users.borrow();
        let user = Ref::filter_map(Ref::clone(&users), |users| {
            users.get(session.user.as_bytes()).map(|user| &**user)
        });
        Some(Ordinary {
            settings,
            users,
            user: user.ok()?,
        })
    }

    /// Answers a request; the name of its command. `None`, with nothing appended, when it has to
    /// be dispatched.
    pub fn answer(
        &self,
        words: &[&[u8]],
        table: &AddressTable,
        out: &mut BytesMut,
    ) -> Option<&'static str> {
        if words.first().is_none_or(|first| is_http(first)) {
            return None;
        }
        let Found::Command(command) = find(self.settings, words) else {
            return None;
        };
        let answer = command.at_once?;
        let names = if command.is_subcommand() { 2 } else { 1 };
        let args = words.get(names..)?;
        let may = || permission::may_run(&self.users, &self.user, command, words);
        (command.accepts(words.len()) && may() && answer(args, table, out)).then_some(command.name)
    }
}
