//! ACL USERS.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

/// The names of all users.
pub fn run(_: Request<'_>) -> Next {
    Next::Reply(Reply::Array(vec![Reply::bulk("default")]))
}
