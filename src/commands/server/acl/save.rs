//! ACL SAVE.

use crate::commands::next::{AclStep, Next};
use crate::commands::row::Request;
use crate::resp::Reply;

use super::NO_ACL_FILE;

const NOT_SAVED: &str = "ERR There was an error trying to save the ACLs. Please check the server logs for more information";

/// Writes the ACL file.
pub fn run(request: Request<'_>) -> Next {
    match request.settings.acl_file {
        Some(_) => Next::Acl(AclStep::Save),
        None => Next::Reply(Reply::error(NO_ACL_FILE)),
    }
}

/// The answer: whether the file is on disk.
pub fn save_reply(saved: bool) -> Reply {
    if saved {
        Reply::OK
    } else {
        Reply::error(NOT_SAVED)
    }
}
