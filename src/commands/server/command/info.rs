//! `COMMAND INFO [name …]`.

use std::borrow::Cow;

use crate::commands::next::Next;
use crate::commands::row::{Command, Request};
use crate::commands::table::{self, TABLE};
use crate::resp::Reply;

use super::{MOST_NAMES, TOO_MANY_NAMES};

/// An entry for each name, a null for an unknown one; every command when no name is given.
pub fn run(request: Request<'_>) -> Next {
    let names = request.args();
    if names.len() > MOST_NAMES {
        return Next::Reply(Reply::error(TOO_MANY_NAMES));
    }
    if names.is_empty() {
        return Next::Reply(everything());
    }
    let entries = names
        .iter()
        .map(|name| table::by_full_name(name).map_or(Reply::Null, entry))
        .collect();
    Next::Reply(Reply::Array(entries))
}

/// An entry for each command of the table.
pub fn everything() -> Reply {
    Reply::Array(TABLE.iter().map(entry).collect())
}

/// The ten elements that describe a command. No command here has keys.
fn entry(row: &Command) -> Reply {
    let subcommands = if row.subcommands.is_empty() {
        Reply::Set(Vec::new())
    } else {
        Reply::Array(row.subcommands.iter().map(entry).collect())
    };
    Reply::Array(vec![
        Reply::bulk(row.name),
        Reply::Int(row.arity),
        Reply::Set(
            row.class
                .flags
                .iter()
                .map(|flag| Reply::Simple(Cow::Borrowed(flag.name())))
                .collect(),
        ),
        Reply::Int(0),
        Reply::Int(0),
        Reply::Int(0),
        Reply::Set(
            row.class
                .categories
                .iter()
                .map(|one| Reply::Simple(format!("@{}", one.name()).into()))
                .collect(),
        ),
        Reply::Set(row.tips.iter().map(|tip| Reply::bulk(tip)).collect()),
        Reply::Set(Vec::new()),
        subcommands,
    ])
}
