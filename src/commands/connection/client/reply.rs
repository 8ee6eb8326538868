//! `CLIENT REPLY on | off | skip`.

use crate::commands::argument::Argument;
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::session::Replies;
use crate::commands::words::{is, syntax_error};
use crate::resp::Reply;

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[Argument::one_of(
    "action",
    &[
        Argument::word("on", "ON"),
        Argument::word("off", "OFF"),
        Argument::word("skip", "SKIP"),
    ],
)];

/// Only ON is answered: the others silence their own answer too.
pub fn run(request: Request<'_>) -> Next {
    let replies = &mut request.session.replies;
    match request.words.get(request.names) {
        Some(word) if is(word, "on") => *replies = Replies::On,
        Some(word) if is(word, "off") => *replies = Replies::Off,
        Some(word) if is(word, "skip") => {
            if *replies != Replies::Off {
                *replies = Replies::SkipNext;
            }
        }
        _ => return Next::Reply(syntax_error()),
    }
    Next::Reply(Reply::OK)
}
