//! ACL USERS.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

/// The names of all users.
pub fn run(request: Request<'_>) -> Next {
    let users = request.settings.users.borrow();
    let names = users
        .iter()
        .map(|user| Reply::Bulk(user.name().as_bytes().clone()));
    Next::Reply(Reply::Array(names.collect()))
}
