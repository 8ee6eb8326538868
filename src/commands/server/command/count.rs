//! COMMAND COUNT.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::table::TABLE;
use crate::resp::Reply;

/// The number of commands, subcommands left out.
pub fn run(_: Request<'_>) -> Next {
    Next::Reply(Reply::Int(i64::try_from(TABLE.len()).unwrap_or(i64::MAX)))
}
