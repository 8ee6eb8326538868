//! THE table: every command a client can call. Dispatch, COMMAND, ACL and HELP read it, so a
//! command exists exactly when it has a row here. A container's rows are in its own room.

use super::argument::Argument;
use super::connection::{auth, client, hello, ping};
use super::pubsub::{psubscribe, publish, punsubscribe, subscribe, unsubscribe};
use super::row::{Category, Class, Command, Flag, Group};
use super::server::{acl, command, info, role, shutdown};
use super::{sentinel, words};

use Category as C;
use Flag as F;

const PING: Class = Class {
    flags: &[F::Fast],
    categories: &[C::Fast, C::Connection],
};
const BEFORE_AUTH: Class = Class {
    flags: &[
        F::Noscript,
        F::Loading,
        F::Stale,
        F::Fast,
        F::NoAuth,
        F::AllowBusy,
    ],
    categories: &[C::Fast, C::Connection],
};
const INFO: Class = Class {
    flags: &[F::Loading, F::Stale],
    categories: &[C::Slow, C::Dangerous],
};
const ROLE: Class = Class {
    flags: &[F::Noscript, F::Loading, F::Stale, F::Fast],
    categories: &[C::Admin, C::Fast, C::Dangerous],
};
const SHUTDOWN: Class = Class {
    flags: &[
        F::Admin,
        F::Noscript,
        F::Loading,
        F::Stale,
        F::NoMulti,
        F::AllowBusy,
    ],
    categories: &[C::Admin, C::Slow, C::Dangerous],
};
const PUBLISH: Class = Class {
    flags: &[F::Pubsub, F::Loading, F::Stale, F::Fast],
    categories: &[C::Pubsub, C::Fast],
};
const SUBSCRIBE: Class = Class {
    flags: &[F::Pubsub, F::Noscript, F::Loading, F::Stale],
    categories: &[C::Pubsub, C::Slow],
};
const CONTAINER: Class = Class {
    flags: &[],
    categories: &[C::Slow],
};
const COMMAND: Class = Class {
    flags: &[F::Loading, F::Stale],
    categories: &[C::Slow, C::Connection],
};
const SENTINEL: Class = Class {
    flags: &[F::Admin],
    categories: &[C::Admin, C::Slow, C::Dangerous],
};

const CHANNELS: Argument = Argument::string("channel").multiple();
const PATTERNS: Argument = Argument::pattern("pattern").multiple();

/// The 15 top-level commands.
pub static TABLE: [Command; 15] = [
    Command::new("ping", -1, PING, ping::run)
        .about(
            Group::Connection,
            "1.0.0",
            "Answers PONG, or echoes its argument.",
        )
        .takes(&[Argument::string("message").optional()])
        .at_once(ping::at_once)
        .tips(&["request_policy:all_shards", "response_policy:all_succeeded"]),
    Command::new("auth", -2, BEFORE_AUTH, auth::run)
        .about(Group::Connection, "1.0.0", "Authenticates the connection.")
        .takes(&[
            Argument::string("username").optional().since("6.0.0"),
            Argument::string("password"),
        ]),
    Command::new("hello", -1, BEFORE_AUTH, hello::run)
        .about(
            Group::Connection,
            "6.0.0",
            "Describes the server and chooses the protocol version.",
        )
        .takes(hello::ARGUMENTS),
    Command::new("info", -1, INFO, info::run)
        .about(
            Group::Server,
            "1.0.0",
            "Shows figures about the process and the monitored masters.",
        )
        .takes(&[Argument::string("section").optional().multiple()])
        .tips(&[
            "nondeterministic_output",
            "request_policy:all_shards",
            "response_policy:special",
        ]),
    Command::new("role", 1, ROLE, role::run).about(
        Group::Server,
        "2.8.12",
        "Says that this is a sentinel, and of which masters.",
    ),
    Command::new("shutdown", -1, SHUTDOWN, shutdown::run)
        .about(Group::Server, "1.0.0", "Ends the process.")
        .takes(shutdown::ARGUMENTS),
    Command::new("publish", 3, PUBLISH, publish::run)
        .about(
            Group::Pubsub,
            "2.0.0",
            "Takes the hello of another sentinel.",
        )
        .takes(&[Argument::string("channel"), Argument::string("message")]),
    Command::new("subscribe", -2, SUBSCRIBE, subscribe::run)
        .about(
            Group::Pubsub,
            "2.0.0",
            "Listens for the events of these names.",
        )
        .takes(&[CHANNELS]),
    Command::new("psubscribe", -2, SUBSCRIBE, psubscribe::run)
        .about(
            Group::Pubsub,
            "2.0.0",
            "Listens for the events whose names match these patterns.",
        )
        .takes(&[PATTERNS]),
    Command::new("unsubscribe", -1, SUBSCRIBE, unsubscribe::run)
        .about(
            Group::Pubsub,
            "2.0.0",
            "Stops listening for the events of these names, or of all.",
        )
        .takes(&[CHANNELS.optional()]),
    Command::new("punsubscribe", -1, SUBSCRIBE, punsubscribe::run)
        .about(Group::Pubsub, "2.0.0", "Drops these patterns, or all.")
        .takes(&[PATTERNS.optional()]),
    Command::container("acl", CONTAINER, acl::SUBCOMMANDS).about(
        Group::Server,
        "6.0.0",
        "Users and what they may do.",
    ),
    Command::container("client", CONTAINER, client::SUBCOMMANDS).about(
        Group::Connection,
        "2.4.0",
        "The connections of clients.",
    ),
    Command::new("command", -1, COMMAND, command::run)
        .about(Group::Server, "2.8.13", "Describes every command.")
        .tips(&["nondeterministic_output_order"])
        .help(&[("(no subcommand)", &["Describe every command."])])
        .with(command::SUBCOMMANDS),
    Command::container("sentinel", SENTINEL, sentinel::SUBCOMMANDS).about(
        Group::Sentinel,
        "2.8.4",
        "The monitored masters and this sentinel.",
    ),
];

/// What the words of a request name.
pub enum Found<'a> {
    /// A command, or a subcommand of one.
    Command(&'static Command),
    /// Nothing here.
    UnknownCommand,
    /// A container, and a second word that it does not know.
    UnknownSubcommand(&'a [u8]),
}

/// Finds the command that the first word, or the first two, name.
pub fn find<W: AsRef<[u8]>>(words: &[W]) -> Found<'_> {
    words
        .first()
        .map_or(Found::UnknownCommand, |name| find_as(name.as_ref(), words))
}

/// The same for a request whose first word means the command `name`.
pub fn find_as<'a, W: AsRef<[u8]>>(name: &[u8], words: &'a [W]) -> Found<'a> {
    let Some(command) = row(&TABLE, name) else {
        return Found::UnknownCommand;
    };
    let sub = words.get(1).filter(|_| !command.subcommands.is_empty());
    let Some(sub) = sub.map(W::as_ref) else {
        return Found::Command(command);
    };
    match row(command.subcommands, sub) {
        Some(found) => Found::Command(found),
        None => Found::UnknownSubcommand(sub),
    }
}

/// Finds a command by its full name, ignoring case.
pub fn by_full_name(name: &[u8]) -> Option<&'static Command> {
    let mut parts = name.splitn(2, |b| *b == b'|');
    let command = row(&TABLE, parts.next()?)?;
    match parts.next() {
        Some(sub) => row(command.subcommands, sub),
        None => Some(command),
    }
}

/// Every command, each container before its subcommands.
pub fn all() -> impl Iterator<Item = &'static Command> {
    TABLE
        .iter()
        .flat_map(|command| std::iter::once(command).chain(command.subcommands))
}

fn row(rows: &'static [Command], word: &[u8]) -> Option<&'static Command> {
    rows.iter().find(|row| words::is(word, row.word))
}
