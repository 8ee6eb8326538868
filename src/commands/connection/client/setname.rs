//! CLIENT SETNAME name.

use crate::commands::connection::{BAD_NAME, printable};
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

/// Names the connection; an empty name clears it.
pub fn run(request: Request<'_>) -> Next {
    let Some(name) = request.args().first().and_then(|name| printable(name)) else {
        return Next::Reply(Reply::error(BAD_NAME));
    };
    request.session.name = name;
    Next::Reply(Reply::OK)
}
