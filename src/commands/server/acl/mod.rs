//! ACL: users and what they may do. One file a subcommand; their rows are here.

mod cat;
mod deluser;
mod dryrun;
mod genpass;
mod getuser;
mod list;
mod load;
mod log;
mod save;
mod setuser;
mod users;
mod whoami;

pub use genpass::genpass_reply;
pub use load::load_reply;
pub use log::log_reply;
pub use save::save_reply;

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

const EVERYWHERE: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

const NO_ACL_FILE: &str = "ERR This Redis instance is not configured to use an ACL file. You may want to specify \
                           users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a \
                           Redis configuration file set) in order to store users in the Redis configuration.";

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
    Command::new("acl|deluser", -3, MANAGE, deluser::run)
        .about(
            Group::Server,
            "6.0.0",
            "Removes users and closes their connections.",
        )
        .tips(EVERYWHERE)
        .takes(&[Argument::string("username").multiple()])
        .help(&[(
            "DELUSER <username> [<username> ...]",
            &["Remove users and close their connections."],
        )]),
    Command::new("acl|dryrun", -4, MANAGE, dryrun::run)
        .about(
            Group::Server,
            "7.0.0",
            "Tells whether a user may run a command, without running it.",
        )
        .takes(&[
            Argument::string("username"),
            Argument::string("command"),
            Argument::string("arg").optional().multiple(),
        ])
        .help(&[(
            "DRYRUN <username> <command> [<arg> ...]",
            &["Tell whether a user may run a command, without running it."],
        )]),
    Command::new("acl|getuser", 3, MANAGE, getuser::run)
        .about(Group::Server, "6.0.0", "Shows the rules of a user.")
        .takes(&[Argument::string("username")])
        .help(&[("GETUSER <username>", &["Show the rules of a user."])]),
    Command::new("acl|genpass", -2, READ, genpass::run)
        .about(
            Group::Server,
            "6.0.0",
            "Draws a password that nobody can guess.",
        )
        .takes(&[Argument::integer("bits").optional()])
        .help(&[(
            "GENPASS [<bits>]",
            &[
                "Draw a password that nobody can guess, of 256 bits",
                "or as many as are asked for.",
            ],
        )]),
    Command::new("acl|list", 2, MANAGE, list::run)
        .about(
            Group::Server,
            "6.0.0",
            "Shows every user as a configuration line.",
        )
        .help(&[("LIST", &["Show every user as a configuration line."])]),
    Command::new("acl|load", 2, MANAGE, load::run)
        .about(Group::Server, "6.0.0", "Reads the ACL file anew.")
        .help(&[("LOAD", &["Read the ACL file anew."])]),
    Command::new("acl|log", -2, MANAGE, log::run)
        .about(Group::Server, "6.0.0", "Shows who was refused what.")
        .takes(&[Argument::one_of(
            "operation",
            &[Argument::integer("count"), Argument::word("reset", "RESET")],
        )
        .optional()])
        .help(&[(
            "LOG [<count> | RESET]",
            &["Show who was refused what, or forget it."],
        )]),
    Command::new("acl|save", 2, MANAGE, save::run)
        .about(Group::Server, "6.0.0", "Writes the ACL file.")
        .tips(EVERYWHERE)
        .help(&[("SAVE", &["Write the users to the ACL file."])]),
    Command::new("acl|setuser", -3, MANAGE, setuser::run)
        .about(Group::Server, "6.0.0", "Makes or changes a user.")
        .tips(EVERYWHERE)
        .takes(&[
            Argument::string("username"),
            Argument::string("rule").optional().multiple(),
        ])
        .help(&[(
            "SETUSER <username> <attribute> [<attribute> ...]",
            &["Make or change a user by these rules."],
        )]),
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
