//! `CLIENT NO-EVICT on | off`.

use crate::commands::argument::Argument;
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::{is, syntax_error};
use crate::resp::Reply;

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[Argument::one_of(
    "enabled",
    &[Argument::word("on", "ON"), Argument::word("off", "OFF")],
)];

/// Sets the flag that CLIENT LIST shows; nothing is ever evicted here.
pub fn run(request: Request<'_>) -> Next {
    match request.args() {
        [word] if is(word, "on") => request.session.no_evict = true,
        [word] if is(word, "off") => request.session.no_evict = false,
        _ => return Next::Reply(syntax_error()),
    }
    Next::Reply(Reply::OK)
}
