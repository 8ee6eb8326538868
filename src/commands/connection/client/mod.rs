//! CLIENT: the connections of clients. One file a subcommand; their rows are here.

mod getname;
mod id;
mod info;
mod kill;
mod list;
mod no_evict;
mod setinfo;
mod setname;
mod unblock;

use crate::commands::argument::Argument;
use crate::commands::container_help;
use crate::commands::row::{Category as C, Class, Command, Flag as F, Group};
use crate::commands::session::ClientType;
use crate::commands::words::is;

const OWN: Class = Class {
    flags: &[F::Noscript, F::Loading, F::Stale],
    categories: &[C::Slow, C::Connection],
};
const OTHERS: Class = Class {
    flags: &[F::Admin, F::Noscript, F::Loading, F::Stale],
    categories: &[C::Admin, C::Slow, C::Dangerous, C::Connection],
};
const HELP: Class = Class {
    flags: &[F::Loading, F::Stale],
    categories: &[C::Slow, C::Connection],
};

const EVERYWHERE: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];
const VARYING: &[&str] = &["nondeterministic_output"];

/// The rows, in the order of HELP.
pub const SUBCOMMANDS: &[Command] = &[
    Command::new("client|getname", 2, OWN, getname::run)
        .about(
            Group::Connection,
            "2.6.9",
            "Shows the name of this connection.",
        )
        .help(&[("GETNAME", &["Show the name of this connection."])]),
    Command::new("client|id", 2, OWN, id::run)
        .about(
            Group::Connection,
            "5.0.0",
            "Shows the id of this connection.",
        )
        .help(&[("ID", &["Show the id of this connection."])]),
    Command::new("client|info", 2, OWN, info::run)
        .about(Group::Connection, "6.2.0", "Describes this connection.")
        .tips(VARYING)
        .help(&[("INFO", &["Describe this connection as LIST would."])]),
    Command::new("client|kill", -3, OTHERS, kill::run)
        .about(Group::Connection, "2.4.0", "Closes connections.")
        .takes(kill::ARGUMENTS)
        .help(kill::HELP),
    Command::new("client|list", -2, OTHERS, list::run)
        .about(
            Group::Connection,
            "2.4.0",
            "Describes all connections, or some.",
        )
        .tips(VARYING)
        .takes(list::ARGUMENTS)
        .help(list::HELP),
    Command::new("client|setname", 3, OWN, setname::run)
        .about(Group::Connection, "2.6.9", "Names this connection.")
        .tips(EVERYWHERE)
        .takes(&[Argument::string("connection-name")])
        .help(&[(
            "SETNAME <name>",
            &["Name this connection; an empty name clears it."],
        )]),
    Command::new("client|setinfo", 4, OWN, setinfo::run)
        .about(
            Group::Connection,
            "7.2.0",
            "Tells the client library's name or version.",
        )
        .tips(EVERYWHERE)
        .takes(setinfo::ARGUMENTS)
        .help(&[(
            "SETINFO <option> <value>",
            &[
                "Note a fact about the client. Options are:",
                "* LIB-NAME: the client library.",
                "* LIB-VER: its version.",
            ],
        )]),
    Command::new("client|unblock", -3, OTHERS, unblock::run)
        .about(
            Group::Connection,
            "5.0.0",
            "Ends the wait of a blocked connection.",
        )
        .takes(unblock::ARGUMENTS)
        .help(&[(
            "UNBLOCK <clientid> [TIMEOUT|ERROR]",
            &["End the wait of a blocked connection."],
        )]),
    Command::new("client|no-evict", 3, OTHERS, no_evict::run)
        .about(
            Group::Connection,
            "7.0.0",
            "Marks this connection as not to be evicted.",
        )
        .takes(no_evict::ARGUMENTS)
        .help(&[
            (
                "NO-EVICT (ON|OFF)",
                &["Mark this connection as not to be evicted."],
            ),
            (
                "NO-TOUCH (ON|OFF)",
                &["Not accepted by a sentinel, which has no keys."],
            ),
        ]),
    Command::new("client|help", 2, HELP, container_help::run)
        .about(Group::Connection, "5.0.0", "Shows the subcommands.")
        .help(&[("HELP", &["Print this help."])]),
];

/// The class that TYPE names, ignoring case.
fn client_type(word: &[u8]) -> Option<ClientType> {
    if is(word, "normal") {
        Some(ClientType::Normal)
    } else if is(word, "master") || is(word, "primary") {
        Some(ClientType::Master)
    } else if is(word, "replica") || is(word, "slave") {
        Some(ClientType::Replica)
    } else if is(word, "pubsub") {
        Some(ClientType::Pubsub)
    } else {
        None
    }
}
