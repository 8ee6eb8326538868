//! CLIENT GETREDIR.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::session::Session;
use crate::resp::Reply;

/// The connection that tracking redirects to.
pub fn run(request: Request<'_>) -> Next {
    Next::Reply(Reply::Int(redirect(request.session)))
}

/// Its id; 0 without redirection, −1 without tracking.
pub fn redirect(session: &Session) -> i64 {
    session.tracking.as_ref().map_or(-1, |tracking| {
        i64::try_from(tracking.redirect).unwrap_or(i64::MAX)
    })
}
