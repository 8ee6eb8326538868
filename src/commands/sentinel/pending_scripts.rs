//! SENTINEL PENDING-SCRIPTS.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

/// The scripts that run or wait: none, as long as this daemon runs no scripts.
pub fn run(_: Request<'_>) -> Next {
    Next::Reply(Reply::Array(Vec::new()))
}
