//! SENTINEL MYID.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

/// The id of this sentinel, which survives restarts.
pub fn run(_: Request<'_>) -> Next {
    Next::View(Box::new(|view| Reply::bulk(view.my_id.as_str())))
}
