//! SENTINEL MASTERS, and its alias PRIMARIES.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

use super::instance_fields;

/// The fields of every master, in the order of their names.
pub fn run(_: Request<'_>) -> Next {
    Next::View(Box::new(|view| {
        Reply::Array(
            view.masters
                .iter()
                .map(|master| instance_fields::master(master))
                .collect(),
        )
    }))
}
