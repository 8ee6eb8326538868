//! `UNSUBSCRIBE [channel …]`.

use crate::commands::next::Next;
use crate::commands::row::Request;

use super::confirm::{Of, remove};

/// Unsubscribes from names; patterns stay.
pub fn run(request: Request<'_>) -> Next {
    let names = request.args();
    Next::Unsubscribed(remove(request.session, Of::Channels, "unsubscribe", names))
}
