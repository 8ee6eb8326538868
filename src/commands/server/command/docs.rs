//! `COMMAND DOCS [name …]`.

use std::borrow::Cow;

use crate::commands::argument::Argument;
use crate::commands::next::Next;
use crate::commands::row::{Command, Request};
use crate::commands::table::{self, TABLE};
use crate::resp::Reply;

use super::{MOST_NAMES, TOO_MANY_NAMES};

/// Full name to description; unknown names are left out.
pub fn run(request: Request<'_>) -> Next {
    let names = request.args();
    if names.len() > MOST_NAMES {
        return Next::Reply(Reply::error(TOO_MANY_NAMES));
    }
    let rows: Vec<&Command> = if names.is_empty() {
        TABLE.iter().collect()
    } else {
        names
            .iter()
            .filter_map(|name| table::by_full_name(name))
            .collect()
    };
    Next::Reply(Reply::Map(rows.into_iter().map(entry).collect()))
}

fn entry(row: &Command) -> (Reply, Reply) {
    let mut fields = vec![
        (Reply::bulk("summary"), Reply::bulk(row.summary)),
        (Reply::bulk("since"), Reply::bulk(row.since)),
        (Reply::bulk("group"), Reply::bulk(row.group.name())),
    ];
    if let Some((since, replaced_by)) = row.deprecated {
        fields.push((Reply::bulk("doc_flags"), words(&["deprecated"])));
        fields.push((Reply::bulk("deprecated_since"), Reply::bulk(since)));
        fields.push((Reply::bulk("replaced_by"), Reply::bulk(replaced_by)));
    }
    if !row.arguments.is_empty() {
        fields.push((Reply::bulk("arguments"), arguments(row.arguments)));
    }
    if !row.subcommands.is_empty() {
        fields.push((
            Reply::bulk("subcommands"),
            Reply::Map(row.subcommands.iter().map(entry).collect()),
        ));
    }
    (Reply::bulk(row.name), Reply::Map(fields))
}

fn arguments(all: &[Argument]) -> Reply {
    Reply::Array(all.iter().map(argument).collect())
}

fn argument(one: &Argument) -> Reply {
    let mut fields = vec![
        (Reply::bulk("name"), Reply::bulk(one.name)),
        (Reply::bulk("type"), Reply::bulk(one.kind.name())),
    ];
    if one.parts.is_empty() {
        fields.push((Reply::bulk("display_text"), Reply::bulk(one.display_text)));
    }
    if let Some(token) = one.token {
        fields.push((Reply::bulk("token"), Reply::bulk(token)));
    }
    if let Some(since) = one.since {
        fields.push((Reply::bulk("since"), Reply::bulk(since)));
    }
    if let Some(since) = one.deprecated_since {
        fields.push((Reply::bulk("deprecated_since"), Reply::bulk(since)));
    }
    let flags: Vec<&'static str> = [
        ("optional", one.optional),
        ("multiple", one.multiple),
        ("multiple_token", one.multiple_token),
    ]
    .into_iter()
    .filter_map(|(flag, set)| set.then_some(flag))
    .collect();
    if !flags.is_empty() {
        fields.push((Reply::bulk("flags"), words(&flags)));
    }
    if !one.parts.is_empty() {
        fields.push((Reply::bulk("arguments"), arguments(one.parts)));
    }
    Reply::Map(fields)
}

fn words(all: &[&'static str]) -> Reply {
    Reply::Set(
        all.iter()
            .map(|word| Reply::Simple(Cow::Borrowed(*word)))
            .collect(),
    )
}
