//! `CLIENT CACHING yes | no`.

use crate::commands::argument::Argument;
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::{SYNTAX_ERROR, is};
use crate::resp::Reply;

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[Argument::one_of(
    "mode",
    &[Argument::word("yes", "YES"), Argument::word("no", "NO")],
)];

const NOT_TRACKING: &str = "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or \
                            OPTOUT mode enabled";
const NEEDS_OPTIN: &str =
    "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.";
const NEEDS_OPTOUT: &str =
    "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.";

/// Notes it for the next command that is not CLIENT.
pub fn run(request: Request<'_>) -> Next {
    let Some(tracking) = &mut request.session.tracking else {
        return Next::Reply(Reply::error(NOT_TRACKING));
    };
    let refusal = match request.words.get(request.names) {
        Some(word) if is(word, "yes") => (!tracking.optin).then_some(NEEDS_OPTIN),
        Some(word) if is(word, "no") => (!tracking.optout).then_some(NEEDS_OPTOUT),
        _ => Some(SYNTAX_ERROR),
    };
    if let Some(text) = refusal {
        return Next::Reply(Reply::error(text));
    }
    tracking.caching = true;
    Next::Reply(Reply::OK)
}
