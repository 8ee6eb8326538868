//! `CLIENT LIST [TYPE type | ID id …]`.

use std::collections::BTreeMap;

use crate::commands::argument::Argument;
use crate::commands::next::{ClientsQuery, ListFilter, Next};
use crate::commands::row::{HelpEntry, Request};
use crate::commands::words::{integer, is, shown, syntax_error};
use crate::resp::Reply;

use super::client_type;

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[
    Argument::one_of(
        "client-type",
        &[
            Argument::word("normal", "NORMAL"),
            Argument::word("master", "MASTER"),
            Argument::word("replica", "REPLICA"),
            Argument::word("pubsub", "PUBSUB"),
        ],
    )
    .after("TYPE")
    .since("5.0.0")
    .optional(),
    Argument::integer("client-id")
        .after("ID")
        .since("6.2.0")
        .optional()
        .multiple(),
];

/// For CLIENT HELP.
pub const HELP: &[HelpEntry] = &[(
    "LIST [options ...]",
    &[
        "Describe connections, one a line. Options:",
        "* TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "  Only connections of this kind.",
        "* ID <id> [<id> ...]",
        "  Only these connections.",
    ],
)];

/// Everyone, those of a class, or those of some ids; ids of nobody are skipped.
pub fn run(request: Request<'_>) -> Next {
    match request.args() {
        [] => Next::Clients(ClientsQuery::List(ListFilter::default())),
        [option, kind] if is(option, "type") => match client_type(kind) {
            Some(kind) => Next::Clients(ClientsQuery::List(ListFilter {
                kind: Some(kind),
                ids: None,
            })),
            None => Next::Reply(Reply::error(format!(
                "ERR Unknown client type '{}'",
                shown(kind)
            ))),
        },
        [option, ids @ ..] if is(option, "id") && !ids.is_empty() => {
            let Some(ids) = ids
                .iter()
                .map(|id| integer(id))
                .collect::<Option<Vec<i64>>>()
            else {
                return Next::Reply(Reply::error("ERR Invalid client ID"));
            };
            let mut places = BTreeMap::new();
            for (place, id) in ids.into_iter().enumerate() {
                if let Ok(id) = u64::try_from(id) {
                    places.entry(id).or_insert(place);
                }
            }
            Next::Clients(ClientsQuery::List(ListFilter {
                kind: None,
                ids: Some(places),
            }))
        }
        _ => Next::Reply(syntax_error()),
    }
}
