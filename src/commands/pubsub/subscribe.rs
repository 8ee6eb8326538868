//! `SUBSCRIBE channel …`.

use crate::commands::next::Next;
use crate::commands::row::Request;

use super::confirm::{Of, add};

/// Subscribes to events by name.
pub fn run(request: Request<'_>) -> Next {
    let names = request.args();
    Next::Subscribed(add(request.session, Of::Channels, "subscribe", names))
}
