//! HELP of a container: written from the table, so that it shows what there is.

use super::next::Next;
use super::row::{HelpEntry, Request};
use super::table;
use super::words;
use crate::resp::Reply;

/// The syntax line and the explanation of every subcommand, in the order of the table. The
/// container's name is shown as typed, in upper case.
pub fn run(request: Request<'_>) -> Next {
    let Some(container) = request.words.first() else {
        return Next::Close;
    };
    let Some(row) = table::by_full_name(container) else {
        return Next::Close;
    };
    let title = words::shown(container).to_ascii_uppercase();
    let mut lines = vec![format!(
        "{title} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"
    )];
    lines.extend(row.help.iter().flat_map(entry));
    lines.extend(
        row.subcommands
            .iter()
            .flat_map(|sub| sub.help)
            .flat_map(entry),
    );
    Next::Reply(Reply::Array(
        lines
            .into_iter()
            .map(|line| Reply::Simple(line.into()))
            .collect(),
    ))
}

fn entry((syntax, explanation): &HelpEntry) -> Vec<String> {
    let mut lines = vec![(*syntax).to_owned()];
    lines.extend(explanation.iter().map(|line| format!("    {line}")));
    lines
}
