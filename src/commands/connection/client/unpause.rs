//! CLIENT UNPAUSE.

use crate::commands::next::Next;
use crate::commands::row::Request;

/// Ends a pause of WRITE; under ALL this request waits like all others.
pub fn run(_: Request<'_>) -> Next {
    Next::Unpause
}
