//! CLIENT ID.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

/// The id of this connection.
pub fn run(request: Request<'_>) -> Next {
    Next::Reply(Reply::Int(
        i64::try_from(request.session.id).unwrap_or(i64::MAX),
    ))
}
