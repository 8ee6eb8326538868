//! From the words of a request to the command: the checks that come before every command, in
//! the order clients rely on.

use bytes::Bytes;

use crate::resp::{Proto, Reply};

use super::next::{Next, PauseMode};
use super::permission;
use super::row::{Command, Flag, Request};
use super::session::Session;
use super::settings::Settings;
use super::table::{self, Found};
use super::words;

/// Checks a complete request and runs its command.
///
/// The order is fixed: HTTP guard, unknown command or subcommand, arity, authentication,
/// permission, subscribed mode of RESP2, the command itself. An unauthenticated client therefore learns of
/// an unknown command or a wrong arity before it learns that it must authenticate.
pub fn dispatch(session: &mut Session, settings: &Settings, words: &[Bytes]) -> Next {
    let Some(first) = words.first() else {
        return Next::Close;
    };
    if is_http(first) {
        return Next::Close;
    }
    session.last_command = None;
    session.was_carried_out = false;
    if let Some(tracking) = &mut session.tracking
        && !words::is(first, "client")
    {
        tracking.caching = false;
    }
    let command = match find(settings, words) {
        Found::Command(command) => command,
        Found::UnknownCommand => return Next::Reply(unknown_command(words)),
        Found::UnknownSubcommand(sub) => return Next::Reply(unknown_subcommand(first, sub)),
    };
    session.last_command = Some(command.name);
    if let Some(refusal) = refusal(session, settings, command, words) {
        return refusal;
    }
    // A container without a subcommand never satisfies its arity, so `run` is always there.
    let Some(run) = command.run else {
        return Next::Reply(words::wrong_arity(command.name));
    };
    session.was_carried_out = true;
    let names = if command.is_subcommand() { 2 } else { 1 };
    run(Request {
        session,
        settings,
        words,
        names,
    })
}

/// Whether a pause holds this request back: only one that would be carried out waits, so that
/// refusals are told at once.
pub fn waits_for(mode: PauseMode, session: &Session, settings: &Settings, words: &[Bytes]) -> bool {
    let Found::Command(command) = find(settings, words) else {
        return false;
    };
    let concerned = mode == PauseMode::All || command.may_replicate();
    concerned && refusal(session, settings, command, words).is_none()
}

/// The command that a request means; most configurations rename none.
pub(super) fn find<'a, W: AsRef<[u8]>>(settings: &Settings, words: &'a [W]) -> Found<'a> {
    let renames = &settings.renames;
    match words.first() {
        Some(first) if !renames.is_empty() => renames
            .meant_by(first.as_ref())
            .map_or(Found::UnknownCommand, |name| {
                table::find_as(name.as_bytes(), words)
            }),
        _ => table::find(words),
    }
}

/// A browser or a cross-protocol attack: such a connection is closed without a word.
pub(super) fn is_http(first: &[u8]) -> bool {
    words::is(first, "post") || words::is(first, "host:")
}

fn refusal(
    session: &Session,
    settings: &Settings,
    command: &Command,
    words: &[Bytes],
) -> Option<Next> {
    if !command.accepts(words.len()) {
        return Some(Next::Reply(words::wrong_arity(command.name)));
    }
    if settings.auth_required(session) && !command.has(Flag::NoAuth) {
        let text = "NOAUTH Authentication required.";
        return Some(Next::Reply(Reply::error(text)));
    }
    if let Some(denied) = permission::refusal(session, settings, command, words) {
        return Some(denied);
    }
    let restricted = session.proto == Proto::Resp2 && session.subscriptions() > 0;
    if restricted && !allowed_while_subscribed(command) {
        return Some(Next::Reply(Reply::error(format!(
            "ERR Can't execute '{}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
            command.name
        ))));
    }
    None
}

fn allowed_while_subscribed(command: &Command) -> bool {
    matches!(
        command.name,
        "ping" | "subscribe" | "unsubscribe" | "psubscribe" | "punsubscribe"
    )
}

fn unknown_command(words: &[Bytes]) -> Reply {
    let (name, args) = words
        .split_first()
        .map_or((&[] as &[u8], &[] as &[Bytes]), |(n, a)| (n, a));
    Reply::error(format!(
        "ERR unknown command '{}', with args beginning with: {}",
        words::shown_short(name),
        words::shown_arguments(args)
    ))
}

fn unknown_subcommand(container: &[u8], sub: &[u8]) -> Reply {
    Reply::error(format!(
        "ERR unknown subcommand '{}'. Try {} HELP.",
        words::shown_short(sub),
        words::shown(container).to_ascii_uppercase()
    ))
}
