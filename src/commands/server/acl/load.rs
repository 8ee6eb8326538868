//! ACL LOAD.

use crate::commands::next::{AclStep, Next};
use crate::commands::row::Request;
use crate::resp::Reply;

use super::NO_ACL_FILE;

/// Reads the ACL file anew.
pub fn run(request: Request<'_>) -> Next {
    match request.settings.acl_file {
        Some(_) => Next::Acl(AclStep::Load),
        None => Next::Reply(Reply::error(NO_ACL_FILE)),
    }
}

/// The answer; an error is the report on the file.
pub fn load_reply(outcome: Result<(), String>) -> Reply {
    match outcome {
        Ok(()) => Reply::OK,
        Err(report) => Reply::error(format!("ERR {report}")),
    }
}
