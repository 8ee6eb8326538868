//! `ACL CAT [category]`.

use crate::commands::next::Next;
use crate::commands::row::{CATEGORY_NAMES, Request};
use crate::commands::table;
use crate::commands::words::{is, shown};
use crate::resp::Reply;

/// All categories, or the commands of one.
pub fn run(request: Request<'_>) -> Next {
    Next::Reply(match request.args() {
        [] => Reply::Array(
            CATEGORY_NAMES
                .iter()
                .map(|name| Reply::bulk(name))
                .collect(),
        ),
        [category] => match CATEGORY_NAMES.iter().find(|name| is(category, name)) {
            Some(name) => Reply::Array(members(name)),
            None => Reply::error(format!("ERR Unknown category '{}'", shown(category))),
        },
        _ => super::wrong_shape(request.words),
    })
}

fn members(category: &str) -> Vec<Reply> {
    table::all()
        .filter(|row| {
            row.class
                .categories
                .iter()
                .any(|one| one.name() == category)
        })
        .map(|row| Reply::bulk(row.name))
        .collect()
}
