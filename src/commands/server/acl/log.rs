//! `ACL LOG [count | RESET]`.

use crate::acl::{AclLog, Entry};
use crate::commands::next::{AclStep, Next};
use crate::commands::row::Request;
use crate::commands::words::{NOT_AN_INTEGER, integer, is};
use crate::resp::Reply;
use crate::types::Wall;

const ENTRIES: usize = 10;

/// Shows who was refused what, or forgets it.
pub fn run(request: Request<'_>) -> Next {
    match request.args() {
        [] => Next::Acl(AclStep::Log(ENTRIES)),
        [word] if is(word, "reset") => Next::Acl(AclStep::ResetLog),
        [count] => match integer(count) {
            // A negative count shows nothing.
            Some(count) => Next::Acl(AclStep::Log(usize::try_from(count).unwrap_or(0))),
            None => Next::Reply(Reply::error(NOT_AN_INTEGER)),
        },
        _ => Next::Reply(super::wrong_shape(request.words)),
    }
}

/// The newest entries.
pub fn log_reply(log: &AclLog, count: usize, now: Wall) -> Reply {
    Reply::Array(log.newest(count).map(|entry| shown(entry, now)).collect())
}

fn shown(entry: &Entry, now: Wall) -> Reply {
    let int = |n: u64| Reply::Int(i64::try_from(n).unwrap_or(i64::MAX));
    #[allow(clippy::cast_precision_loss)] // An age that large would be 285,000 years.
    let age_s = now.0.saturating_sub(entry.updated.0) as f64 / 1000.0;
    let pairs = [
        ("count", int(entry.count)),
        ("reason", Reply::bulk(entry.denial.reason.as_str())),
        ("context", Reply::bulk("toplevel")),
        ("object", Reply::Bulk(entry.denial.object.clone())),
        ("username", Reply::Bulk(entry.denial.username.clone())),
        ("age-seconds", Reply::Double(age_s)),
        ("client-info", Reply::bulk(&entry.client)),
        ("entry-id", int(entry.id)),
        ("timestamp-created", int(entry.created.0)),
        ("timestamp-last-updated", int(entry.updated.0)),
    ];
    Reply::Map(pairs.map(|(name, value)| (Reply::bulk(name), value)).into())
}
