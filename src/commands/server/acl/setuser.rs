//! `ACL SETUSER name [rule …]`.

use std::borrow::Cow;

use crate::acl::SetUserError;
use crate::commands::next::{AclStep, Next};
use crate::commands::row::Request;
use crate::commands::words::shown;
use crate::resp::Reply;

const BAD_NAME: &str = "ERR Usernames can't contain spaces or null characters";

/// Makes or changes a user: by all the rules, or not at all.
pub fn run(request: Request<'_>) -> Next {
    let [name, rules @ ..] = request.args() else {
        return Next::Reply(Reply::error(BAD_NAME));
    };
    match request.settings.users.borrow().edited(name, rules) {
        Ok(user) => Next::Acl(AclStep::Set(Box::new(user))),
        Err(error) => Next::Reply(Reply::Error(text(&error))),
    }
}

/// The rule is shown to nobody but the one who typed it.
fn text(error: &SetUserError) -> Cow<'static, str> {
    match error {
        SetUserError::Name => BAD_NAME.into(),
        SetUserError::Unmatched(word) => format!(
            "ERR Unmatched parenthesis in acl selector starting at '{}'.",
            shown(word)
        )
        .into(),
        SetUserError::Rule(rule, why) => {
            format!("ERR Error in ACL SETUSER modifier '{}': {why}", shown(rule)).into()
        }
    }
}
