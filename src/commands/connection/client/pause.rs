//! `CLIENT PAUSE milliseconds [WRITE | ALL]`.

use crate::commands::argument::Argument;
use crate::commands::next::{Next, PauseMode};
use crate::commands::row::Request;
use crate::commands::words::{integer, is};
use crate::resp::Reply;

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[
    Argument::integer("timeout"),
    Argument::one_of(
        "mode",
        &[
            Argument::word("write", "WRITE"),
            Argument::word("all", "ALL"),
        ],
    )
    .since("6.2.0")
    .optional(),
];

/// From now on requests wait: all of them, or only those that may replicate, which is PUBLISH.
pub fn run(request: Request<'_>) -> Next {
    let (timeout, mode) = match request.args() {
        [timeout] => (timeout, PauseMode::All),
        [timeout, mode] if is(mode, "write") => (timeout, PauseMode::Write),
        [timeout, mode] if is(mode, "all") => (timeout, PauseMode::All),
        [_, _] => {
            return Next::Reply(Reply::error("ERR CLIENT PAUSE mode must be WRITE or ALL"));
        }
        _ => return Next::Reply(super::wrong_shape(request.words)),
    };
    let Some(ms) = integer(timeout) else {
        return Next::Reply(Reply::error(
            "ERR timeout is not an integer or out of range",
        ));
    };
    match u64::try_from(ms) {
        Ok(ms) => Next::Pause { ms, mode },
        Err(_) => Next::Reply(Reply::error("ERR timeout is negative")),
    }
}
