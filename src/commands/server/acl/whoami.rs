//! ACL WHOAMI.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

/// The user of this connection.
pub fn run(request: Request<'_>) -> Next {
    Next::Reply(Reply::Bulk(request.session.user.as_bytes().clone()))
}
