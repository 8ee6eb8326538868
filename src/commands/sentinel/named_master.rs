//! Subcommands whose first argument names a master.

use bytes::Bytes;

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::text;
use crate::core::view::MasterView;
use crate::resp::Reply;
use crate::types::MasterName;

/// The error for a master that is not monitored.
pub const NO_SUCH_MASTER: &str = "ERR No such master with that name";

/// Answers from the snapshot of the master that the first argument names.
pub fn show(
    request: Request<'_>,
    show: impl FnOnce(&MasterView) -> Reply + Send + 'static,
) -> Next {
    let name = request.args().first().cloned().unwrap_or_else(Bytes::new);
    Next::View(Box::new(move |view| {
        match text(&name).and_then(|name| view.master(name)) {
            Some(master) => show(master),
            None => Reply::error(NO_SUCH_MASTER),
        }
    }))
}

/// The name in the first argument. A name that is not UTF-8 is the name of no master, because
/// none can be configured with it.
pub fn name(request: &Request<'_>) -> Option<MasterName> {
    request
        .args()
        .first()
        .and_then(|word| text(word))
        .map(MasterName::new)
}

/// What to answer when there is no such name at all.
pub fn unknown() -> Next {
    Next::Reply(Reply::error(NO_SUCH_MASTER))
}
