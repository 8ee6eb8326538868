//! `ACL DRYRUN name command [arg …]`.

use crate::acl::Denied;
use crate::commands::next::Next;
use crate::commands::permission;
use crate::commands::row::Request;
use crate::commands::table::{self, Found};
use crate::commands::words::{shown, wrong_arity};
use crate::resp::Reply;

/// Whether a user may run a command, which is not run.
pub fn run(request: Request<'_>) -> Next {
    Next::Reply(verdict(&request))
}

fn verdict(request: &Request<'_>) -> Reply {
    let [name, words @ ..] = request.args() else {
        return wrong_arity("acl|dryrun");
    };
    let users = request.settings.users.borrow();
    let Some(user) = users.get(name) else {
        return Reply::error(format!("ERR User '{}' not found", shown(name)));
    };
    let Found::Command(command) = table::find(words) else {
        let first = words.first().map(|word| shown(word)).unwrap_or_default();
        return Reply::error(format!("ERR Command '{first}' not found"));
    };
    if !command.accepts(words.len()) {
        return wrong_arity(command.name);
    }
    let user_text = user.name().to_text();
    match permission::check(&users, user, command, words) {
        Ok(()) => Reply::OK,
        Err(Denied::Command) => Reply::bulk(&format!(
            "User {user_text} has no permissions to run the '{}' command",
            command.name
        )),
        Err(Denied::Channel(channel)) => Reply::bulk(&format!(
            "User {user_text} has no permissions to access the '{}' channel",
            shown(channel)
        )),
    }
}
