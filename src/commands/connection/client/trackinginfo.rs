//! CLIENT TRACKINGINFO.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

use super::getredir::redirect;

/// What CLIENT TRACKING was told.
pub fn run(request: Request<'_>) -> Next {
    let tracking = request.session.tracking.as_ref();
    let mut flags = vec![Reply::bulk(if tracking.is_some() { "on" } else { "off" })];
    flags.extend(tracking.iter().flat_map(|one| one.words()).map(Reply::bulk));
    let prefixes = tracking
        .iter()
        .flat_map(|one| &one.prefixes)
        .cloned()
        .map(Reply::Bulk)
        .collect();
    Next::Reply(Reply::Map(vec![
        (Reply::bulk("flags"), Reply::Set(flags)),
        (
            Reply::bulk("redirect"),
            Reply::Int(redirect(request.session)),
        ),
        (Reply::bulk("prefixes"), Reply::Array(prefixes)),
    ]))
}
