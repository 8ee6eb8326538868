//! ACL LIST.

use bytes::Bytes;

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

/// Every user as the ACL file would have it.
pub fn run(request: Request<'_>) -> Next {
    let users = request.settings.users.borrow();
    let lines = users
        .iter()
        .map(|user| Reply::Bulk(Bytes::from(user.line())));
    Next::Reply(Reply::Array(lines.collect()))
}
