//! `COMMAND GETKEYSANDFLAGS command [arg …]`.

use crate::commands::next::Next;
use crate::commands::row::Request;

use super::getkeys::no_keys;

/// Always an error: no command of a sentinel has keys.
pub fn run(request: Request<'_>) -> Next {
    Next::Reply(no_keys(request.args()))
}
