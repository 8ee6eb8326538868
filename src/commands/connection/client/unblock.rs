//! `CLIENT UNBLOCK id [TIMEOUT | ERROR]`.

use crate::commands::argument::Argument;
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::{NOT_AN_INTEGER, integer, is};
use crate::resp::Reply;

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[
    Argument::integer("client-id"),
    Argument::one_of(
        "unblock-type",
        &[
            Argument::word("timeout", "TIMEOUT"),
            Argument::word("error", "ERROR"),
        ],
    )
    .optional(),
];

/// Always 0: no command of a sentinel blocks.
pub fn run(request: Request<'_>) -> Next {
    let (id, reason) = match request.args() {
        [id] => (id, None),
        [id, reason] => (id, Some(reason)),
        _ => return Next::Reply(super::wrong_shape(request.words)),
    };
    if reason.is_some_and(|reason| !is(reason, "timeout") && !is(reason, "error")) {
        return Next::Reply(Reply::error(
            "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR",
        ));
    }
    Next::Reply(integer(id).map_or(Reply::error(NOT_AN_INTEGER), |_| Reply::Int(0)))
}
