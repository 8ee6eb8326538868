//! `CLIENT KILL addr`, `CLIENT KILL filter value …`.

use bytes::Bytes;

use crate::commands::argument::Argument;
use crate::commands::next::{ClientsQuery, KillFilter, Next};
use crate::commands::row::{HelpEntry, Request};
use crate::commands::settings::Settings;
use crate::commands::words::{SYNTAX_ERROR, integer, is, shown, yes_no};
use crate::resp::Reply;

use super::client_type;

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[Argument::one_of(
    "filter",
    &[
        Argument::string("ip:port").deprecated("2.8.12"),
        Argument::one_of(
            "new-format",
            &[
                Argument::integer("client-id")
                    .after("ID")
                    .since("2.8.12")
                    .optional(),
                Argument::one_of(
                    "client-type",
                    &[
                        Argument::word("normal", "NORMAL"),
                        Argument::word("master", "MASTER"),
                        Argument::word("slave", "SLAVE"),
                        Argument::word("replica", "REPLICA"),
                        Argument::word("pubsub", "PUBSUB"),
                    ],
                )
                .after("TYPE")
                .since("2.8.12")
                .optional(),
                Argument::string("username").after("USER").optional(),
                Argument::shown_string("addr", "ip:port")
                    .after("ADDR")
                    .optional(),
                Argument::shown_string("laddr", "ip:port")
                    .after("LADDR")
                    .since("6.2.0")
                    .optional(),
                Argument::one_of(
                    "skipme",
                    &[Argument::word("yes", "YES"), Argument::word("no", "NO")],
                )
                .after("SKIPME")
                .optional(),
                Argument::integer("maxage")
                    .after("MAXAGE")
                    .since("7.4.0")
                    .optional(),
            ],
        )
        .multiple(),
    ],
)];

/// For CLIENT HELP.
pub const HELP: &[HelpEntry] = &[
    (
        "KILL <ip:port>",
        &["Close the connection that comes from this address."],
    ),
    (
        "KILL <option> <value> [<option> <value> [...]]",
        &[
            "Close every connection that meets all the options:",
            "* ADDR (<ip:port>|<unixsocket>:0)",
            "  It comes from this address.",
            "* LADDR (<ip:port>|<unixsocket>:0)",
            "  It came to this address of ours.",
            "* TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
            "  It is of this kind.",
            "* USER <username>",
            "  It belongs to this user.",
            "* ID <id>",
            "  It has this id.",
            "* MAXAGE <seconds>",
            "  It is at least this old.",
            "* SKIPME (YES|NO)",
            "  Whether to spare this connection (default: yes).",
        ],
    ),
];

/// With a single argument the old form, which takes any word for an address.
pub fn run(request: Request<'_>) -> Next {
    match request.args() {
        [addr] => Next::Clients(ClientsQuery::KillAddr(
            String::from_utf8_lossy(addr).into_owned(),
        )),
        pairs => match read_filter(pairs, request.settings) {
            Ok(filter) => Next::Clients(ClientsQuery::Kill(filter)),
            Err(text) => Next::Reply(Reply::error(text)),
        },
    }
}

fn read_filter(mut rest: &[Bytes], settings: &Settings) -> Result<KillFilter, String> {
    let mut filter = KillFilter {
        skip_me: true,
        ..KillFilter::default()
    };
    while let [option, value, more @ ..] = rest {
        if is(option, "id") {
            filter.id = Some(positive(value).ok_or("ERR client-id should be greater than 0")?);
        } else if is(option, "type") {
            let kind = client_type(value)
                .ok_or_else(|| format!("ERR Unknown client type '{}'", shown(value)))?;
            filter.kind = Some(kind);
        } else if is(option, "addr") {
            filter.addr = Some(String::from_utf8_lossy(value).into_owned());
        } else if is(option, "laddr") {
            filter.laddr = Some(String::from_utf8_lossy(value).into_owned());
        } else if is(option, "user") {
            let users = settings.users.borrow();
            let user = users.get(value);
            let user = user.ok_or_else(|| format!("ERR No such user '{}'", shown(value)))?;
            filter.user = Some(user.name().clone());
        } else if is(option, "skipme") {
            filter.skip_me = yes_no(value).ok_or(SYNTAX_ERROR)?;
        } else if is(option, "maxage") {
            integer(value).ok_or("ERR maxage is not an integer or out of range")?;
            filter.max_age_s = Some(positive(value).ok_or("ERR maxage should be greater than 0")?);
        } else {
            return Err(SYNTAX_ERROR.to_owned());
        }
        rest = more;
    }
    if rest.is_empty() {
        Ok(filter)
    } else {
        Err(SYNTAX_ERROR.to_owned())
    }
}

fn positive(word: &[u8]) -> Option<u64> {
    integer(word)
        .and_then(|n| u64::try_from(n).ok())
        .filter(|n| *n > 0)
}
