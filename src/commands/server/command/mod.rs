//! COMMAND: the table, shown to clients. One file a subcommand; their rows are here.

mod count;
mod docs;
mod getkeys;
mod getkeysandflags;
mod info;
mod list;

use crate::commands::argument::Argument;
use crate::commands::container_help;
use crate::commands::next::Next;
use crate::commands::row::{Category as C, Class, Command, Flag as F, Group, Request};

const CLASS: Class = Class {
    flags: &[F::Loading, F::Stale],
    categories: &[C::Slow, C::Connection],
};
/// Names that one request of INFO or DOCS may have: many times what there is to ask for. An
/// entry is far longer than the name that asks for it, so the answer could outgrow any request.
const MOST_NAMES: usize = 1024;

const TOO_MANY_NAMES: &str = "ERR too many command names";

const UNORDERED: &[&str] = &["nondeterministic_output_order"];
const NAMES: Argument = Argument::string("command-name").optional().multiple();

/// The rows, in the order of HELP.
pub const SUBCOMMANDS: &[Command] = &[
    Command::new("command|count", 2, CLASS, count::run)
        .about(Group::Server, "2.8.13", "Counts the commands.")
        .help(&[("COUNT", &["Count the commands, subcommands left out."])]),
    Command::new("command|list", -2, CLASS, list::run)
        .about(Group::Server, "7.0.0", "Lists the names of commands.")
        .tips(UNORDERED)
        .takes(list::ARGUMENTS)
        .help(&[("LIST", &["List the names of all commands and subcommands."])]),
    Command::new("command|info", -2, CLASS, info::run)
        .about(Group::Server, "2.8.13", "Describes commands.")
        .tips(UNORDERED)
        .takes(&[NAMES])
        .help(&[(
            "INFO [<command-name> ...]",
            &[
                "Describe these commands as a client library",
                "needs it.",
                "Without names: all of them.",
            ],
        )]),
    Command::new("command|docs", -2, CLASS, docs::run)
        .about(Group::Server, "7.0.0", "Documents commands.")
        .tips(UNORDERED)
        .takes(&[NAMES])
        .help(&[(
            "DOCS [<command-name> ...]",
            &[
                "Document these commands as a person",
                "needs it.",
                "Without names: all of them.",
            ],
        )]),
    Command::new("command|getkeys", -3, CLASS, getkeys::run)
        .about(Group::Server, "2.8.13", "Finds the keys in a request.")
        .takes(&[
            Argument::string("command"),
            Argument::string("arg").optional().multiple(),
        ])
        .help(&[(
            "GETKEYS <full-command>",
            &["Find the keys in a request; there never are any."],
        )]),
    Command::new("command|getkeysandflags", -3, CLASS, getkeysandflags::run)
        .about(
            Group::Server,
            "7.0.0",
            "Finds the keys in a request, and what happens to them.",
        )
        .takes(&[
            Argument::string("command"),
            Argument::string("arg").optional().multiple(),
        ])
        .help(&[(
            "GETKEYSANDFLAGS <full-command>",
            &["Find the keys in a request, and what happens to them."],
        )]),
    Command::new("command|help", 2, CLASS, container_help::run)
        .about(Group::Server, "5.0.0", "Shows the subcommands.")
        .help(&[("HELP", &["Print this help."])]),
];

/// COMMAND alone: every command, as `COMMAND INFO` without names.
pub fn run(_: Request<'_>) -> Next {
    Next::Reply(info::everything())
}
