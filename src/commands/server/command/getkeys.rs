//! `COMMAND GETKEYS command [arg …]`.

use bytes::Bytes;

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::table::{self, Found};
use crate::resp::Reply;

/// Always an error: no command of a sentinel has keys.
pub fn run(request: Request<'_>) -> Next {
    Next::Reply(no_keys(request.args()))
}

/// The error for a request without keys, or for one that is no request.
pub fn no_keys(words: &[Bytes]) -> Reply {
    Reply::error(match table::find(words) {
        Found::Command(_) => "ERR The command has no key arguments",
        Found::UnknownCommand | Found::UnknownSubcommand(_) => "ERR Invalid command specified",
    })
}
