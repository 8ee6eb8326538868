//! CLIENT: the connections of clients. One file a subcommand; their rows are here.

mod caching;
mod getname;
mod getredir;
mod id;
mod info;
mod kill;
mod list;
mod no_evict;
mod pause;
mod reply;
mod setinfo;
mod setname;
mod tracking;
mod trackinginfo;
mod unblock;
mod unpause;

use bytes::Bytes;

use crate::commands::argument::Argument;
use crate::commands::container_help;
use crate::commands::row::{Category as C, Class, Command, Flag as F, Group};
use crate::commands::session::ClientType;
use crate::commands::words::{is, shown};
use crate::resp::Reply;

pub use getredir::redirect;

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
    Command::new("client|caching", 3, OWN, caching::run)
        .about(
            Group::Connection,
            "6.0.0",
            "Says whether the next command's keys are tracked.",
        )
        .takes(caching::ARGUMENTS)
        .help(&[(
            "CACHING (YES|NO)",
            &["Accepted and remembered; a sentinel has no keys to track."],
        )]),
    Command::new("client|getredir", 2, OWN, getredir::run)
        .about(
            Group::Connection,
            "6.0.0",
            "Shows the connection that tracking redirects to.",
        )
        .help(&[(
            "GETREDIR",
            &["Show the connection that tracking redirects to."],
        )]),
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
    Command::new("client|unpause", 2, OTHERS, unpause::run)
        .about(Group::Connection, "6.2.0", "Ends a pause.")
        .help(&[("UNPAUSE", &["End a pause."])]),
    Command::new("client|pause", -3, OTHERS, pause::run)
        .about(Group::Connection, "2.9.50", "Makes requests wait.")
        .takes(pause::ARGUMENTS)
        .help(&[(
            "PAUSE <timeout> [WRITE|ALL]",
            &["Let all requests, or only PUBLISH, wait for these milliseconds."],
        )]),
    Command::new("client|reply", 3, OWN, reply::run)
        .about(
            Group::Connection,
            "3.2.0",
            "Chooses whether this connection gets replies.",
        )
        .takes(reply::ARGUMENTS)
        .help(&[(
            "REPLY (ON|OFF|SKIP)",
            &["Choose whether this connection gets replies."],
        )]),
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
    Command::new("client|tracking", -3, OWN, tracking::run)
        .about(
            Group::Connection,
            "6.0.0",
            "Switches the tracking of keys on or off.",
        )
        .takes(tracking::ARGUMENTS)
        .help(tracking::HELP),
    Command::new("client|trackinginfo", 2, OWN, trackinginfo::run)
        .about(
            Group::Connection,
            "6.2.0",
            "Shows what CLIENT TRACKING was told.",
        )
        .help(&[("TRACKINGINFO", &["Show what TRACKING was told."])]),
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

/// The error for a subcommand that is known but not with so many words.
fn wrong_shape(words: &[Bytes]) -> Reply {
    let typed = words.get(1).map(|word| shown(word)).unwrap_or_default();
    Reply::error(format!(
        "ERR unknown subcommand or wrong number of arguments for '{typed}'. Try CLIENT HELP."
    ))
}
