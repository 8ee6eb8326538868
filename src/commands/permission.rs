//! The ACL check of a request, between authentication and the command itself.

use bytes::Bytes;

use crate::acl::{Denial, Denied, Reason, User, Users, Wanted, WantedChannels};
use crate::resp::Reply;

use super::next::Next;
use super::row::Command;
use super::session::Session;
use super::settings::Settings;

/// What a request is answered instead of being run, unless its user may run it.
pub fn refusal(
    session: &Session,
    settings: &Settings,
    command: &Command,
    words: &[Bytes],
) -> Option<Next> {
    let users = settings.users.borrow();
    let denied = match users.get(session.user.as_bytes()) {
        Some(user) => check(&users, user, command, words).err()?,
        // The user was deleted, and this connection is about to be closed.
        None => Denied::Command,
    };
    let user = &session.user;
    Some(match denied {
        Denied::Command => {
            let text = format!(
                "NOPERM User {} has no permissions to run the '{}' command",
                user.to_text(),
                command.name
            );
            let denial = Denial::of(Reason::Command, command.name.as_bytes(), user);
            Next::Denied(Reply::error(text), denial)
        }
        Denied::Channel(channel) => {
            let denial = Denial::of(Reason::Channel, channel, user);
            let text = "NOPERM No permissions to access a channel";
            Next::Denied(Reply::error(text), denial)
        }
    })
}

/// Whether a user may run a command that is about no channel, with these words.
pub fn may_run(users: &Users, user: &User, command: &Command, words: &[&[u8]]) -> bool {
    user.is_unrestricted()
        || users
            .book()
            .command(command.name.as_bytes())
            .is_some_and(|facts| {
                let wanted = Wanted {
                    command: users.book().first_name(facts),
                    first_argument: words.get(1).copied(),
                    channels: WantedChannels::None,
                };
                user.check(&wanted).is_ok()
            })
}

/// Whether a user may run this command with these words.
pub fn check<'a>(
    users: &Users,
    user: &User,
    command: &Command,
    words: &'a [Bytes],
) -> Result<(), Denied<'a>> {
    if user.is_unrestricted() {
        return Ok(());
    }
    let book = users.book();
    let Some(facts) = book.command(command.name.as_bytes()) else {
        return Err(Denied::Command);
    };
    user.check(&Wanted {
        command: book.first_name(facts),
        first_argument: words.get(1).map(Bytes::as_ref),
        channels: channels(command, words),
    })
}

/// The channels that a request is about. Unsubscribing is always about one's own.
fn channels<'a>(command: &Command, words: &'a [Bytes]) -> WantedChannels<'a> {
    let args = words.get(1..).unwrap_or(&[]);
    match command.name {
        "publish" => WantedChannels::Named(args.get(..1).unwrap_or(&[])),
        "subscribe" => WantedChannels::Named(args),
        "psubscribe" => WantedChannels::Matching(args),
        _ => WantedChannels::None,
    }
}
