//! ACL: users and what they may do. There is one user, `default`, who may do everything.

mod cat;
mod list;
mod users;
mod whoami;

use crate::commands::argument::Argument;
use crate::commands::container_help;
use crate::commands::row::{Category as C, Class, Command, Flag as F, Group};

const READ: Class = Class {
    flags: &[F::Noscript, F::Loading, F::Stale],
    categories: &[C::Slow],
};
const MANAGE: Class = Class {
    flags: &[F::Admin, F::Noscript, F::Loading, F::Stale],
    categories: &[C::Admin, C::Slow, C::Dangerous],
};
const HELP: Class = Class {
    flags: &[F::Loading, F::Stale],
    categories: &[C::Slow],
};

/// The rows, in the order of HELP.
pub const SUBCOMMANDS: &[Command] = &[
    Command::new("acl|cat", -2, READ, cat::run)
        .about(
            Group::Server,
            "6.0.0",
            "Lists the categories, or the commands of one.",
        )
        .takes(&[Argument::string("category").optional()])
        .help(&[(
            "CAT [<category>]",
            &[
                "List the categories of commands,",
                "or the commands of one category.",
            ],
        )]),
    Command::new("acl|list", 2, MANAGE, list::run)
        .about(
            Group::Server,
            "6.0.0",
            "Shows every user as a configuration line.",
        )
        .help(&[("LIST", &["Show every user as a configuration line."])]),
    Command::new("acl|users", 2, MANAGE, users::run)
        .about(Group::Server, "6.0.0", "Lists the names of the users.")
        .help(&[("USERS", &["List the names of the users."])]),
    Command::new("acl|whoami", 2, READ, whoami::run)
        .about(Group::Server, "6.0.0", "Shows the user of this connection.")
        .help(&[("WHOAMI", &["Show the user of this connection."])]),
    Command::new("acl|help", 2, HELP, container_help::run)
        .about(Group::Server, "6.0.0", "Shows the subcommands.")
        .help(&[("HELP", &["Print this help."])]),
];

/// The error for a subcommand that is known but not with so many words.
fn wrong_shape(words: &[bytes::Bytes]) -> crate::resp::Reply {
    let typed = words
        .get(1)
        .map(|word| crate::commands::words::shown(word))
        .unwrap_or_default();
    crate::resp::Reply::error(format!(
        "ERR unknown subcommand or wrong number of arguments for '{typed}'. Try ACL HELP."
    ))
}
