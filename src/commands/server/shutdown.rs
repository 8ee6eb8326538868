//! `SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]`.

use crate::commands::argument::Argument;
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::{is, syntax_error};
use crate::resp::Reply;

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[
    Argument::one_of(
        "save-selector",
        &[
            Argument::word("nosave", "NOSAVE"),
            Argument::word("save", "SAVE"),
        ],
    )
    .optional(),
    Argument::word("now", "NOW").since("7.0.0").optional(),
    Argument::word("force", "FORCE").since("7.0.0").optional(),
    Argument::word("abort", "ABORT").since("7.0.0").optional(),
];

/// Ends the process. There is nothing to save and nothing to wait for, so the words are only
/// checked, and an ABORT always comes too late.
pub fn run(request: Request<'_>) -> Next {
    let (mut save, mut nosave, mut abort, mut other) = (false, false, false, false);
    for word in request.args() {
        if is(word, "save") {
            save = true;
        } else if is(word, "nosave") {
            nosave = true;
        } else if is(word, "abort") {
            abort = true;
        } else if is(word, "now") || is(word, "force") {
            other = true;
        } else {
            return Next::Reply(syntax_error());
        }
    }
    if (save && nosave) || (abort && (save || nosave || other)) {
        return Next::Reply(syntax_error());
    }
    if abort {
        return Next::Reply(Reply::error("ERR No shutdown in progress."));
    }
    Next::Shutdown
}
