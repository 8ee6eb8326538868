//! `ACL DELUSER name …`.

use crate::acl::UserName;
use crate::commands::next::{AclStep, Next};
use crate::commands::row::Request;
use crate::resp::Reply;

/// Removes users with their connections. With `default` among the names nothing is removed.
pub fn run(request: Request<'_>) -> Next {
    let names = request.args();
    if names.contains(UserName::DEFAULT.as_bytes()) {
        return Next::Reply(Reply::error("ERR The 'default' user cannot be removed"));
    }
    Next::Acl(AclStep::Delete(names.to_vec()))
}
