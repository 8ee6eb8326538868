//! `SENTINEL CONFIG GET pattern …`, `SENTINEL CONFIG SET param value …`.

mod get;
mod set;

use crate::commands::argument::Argument;
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::is;
use crate::resp::Reply;

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[Argument::one_of(
    "action",
    &[
        Argument::block(
            "set",
            &[Argument::string("parameter"), Argument::string("value")],
        )
        .after("SET")
        .multiple(),
        Argument::string("parameter").after("GET").multiple(),
    ],
)];

const WRONG_SHAPE: &str = "ERR Only SENTINEL CONFIG GET <param> [<param> <param> ...]/ SET <param> <value> \
                           [<param> <value> ...] are supported.";

/// The settings of this sentinel, by name.
const NAMES: [&str; 7] = [
    "resolve-hostnames",
    "announce-hostnames",
    "announce-ip",
    "announce-port",
    "sentinel-user",
    "sentinel-pass",
    "loglevel",
];

/// GET or SET.
pub fn run(request: Request<'_>) -> Next {
    match request.args() {
        [action, patterns @ ..] if is(action, "get") => {
            get::run(patterns, &request.settings.log_level)
        }
        [action, pairs @ ..] if is(action, "set") && pairs.len() > 1 => set::run(pairs),
        _ => Next::Reply(Reply::error(WRONG_SHAPE)),
    }
}
