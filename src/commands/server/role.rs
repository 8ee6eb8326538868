//! ROLE.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

/// `sentinel`, and the names of the masters.
pub fn run(_: Request<'_>) -> Next {
    Next::View(Box::new(|view| {
        let names = view
            .masters
            .iter()
            .map(|master| Reply::bulk(&master.instance.name))
            .collect();
        Reply::Array(vec![Reply::bulk("sentinel"), Reply::Array(names)])
    }))
}
