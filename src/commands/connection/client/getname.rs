//! CLIENT GETNAME.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

/// The name, or a null.
pub fn run(request: Request<'_>) -> Next {
    Next::Reply(
        request
            .session
            .name
            .as_deref()
            .map_or(Reply::Null, Reply::bulk),
    )
}
