//! SENTINEL MASTERS, and its alias PRIMARIES.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::core::view::View;
use crate::resp::Reply;

use super::instance_fields;

/// The fields of every master, in the order of their names.
pub fn run(_: Request<'_>) -> Next {
    Next::Masters
}

/// The answer.
pub fn masters_listing(view: &View) -> Reply {
    let masters = view.masters.iter();
    Reply::Array(
        masters
            .map(|master| instance_fields::master(master))
            .collect(),
    )
}
