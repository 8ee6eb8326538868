//! `COMMAND LIST [FILTERBY MODULE module | ACLCAT category | PATTERN glob]`.

use crate::commands::argument::Argument;
use crate::commands::next::Next;
use crate::commands::row::{Command, Request};
use crate::commands::table;
use crate::commands::words::{is, syntax_error};
use crate::resp::Reply;
use crate::types::glob_matches;

/// For COMMAND DOCS.
pub const ARGUMENTS: &[Argument] = &[Argument::one_of(
    "filterby",
    &[
        Argument::string("module-name").after("MODULE"),
        Argument::string("category").after("ACLCAT"),
        Argument::pattern("pattern").after("PATTERN"),
    ],
)
.after("FILTERBY")
.optional()];

/// The full names, those of subcommands too; none for a module, as there are no modules.
pub fn run(request: Request<'_>) -> Next {
    Next::Reply(match request.args() {
        [] => names(|_| true),
        [filterby, kind, _] if is(filterby, "filterby") && is(kind, "module") => names(|_| false),
        [filterby, kind, category] if is(filterby, "filterby") && is(kind, "aclcat") => {
            names(|row| {
                row.class
                    .categories
                    .iter()
                    .any(|one| is(category, one.name()))
            })
        }
        [filterby, kind, glob] if is(filterby, "filterby") && is(kind, "pattern") => {
            names(|row| glob_matches(glob, row.name.as_bytes(), true))
        }
        _ => syntax_error(),
    })
}

fn names(wanted: impl Fn(&Command) -> bool) -> Reply {
    Reply::Array(
        table::all()
            .filter(|row| wanted(row))
            .map(|row| Reply::bulk(row.name))
            .collect(),
    )
}
