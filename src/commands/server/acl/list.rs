//! ACL LIST.

use std::fmt::Write;

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::settings::DefaultUser;
use crate::resp::Reply;

/// Every user as the configuration file would have it.
pub fn run(request: Request<'_>) -> Next {
    Next::Reply(Reply::Array(vec![Reply::bulk(&description(
        &request.settings.default_user,
    ))]))
}

fn description(user: &DefaultUser) -> String {
    let mut text = format!("user default {}", if user.on { "on" } else { "off" });
    if user.nopass {
        text.push_str(" nopass");
    }
    text.push_str(" sanitize-payload");
    for hash in &user.password_hashes {
        text.push_str(" #");
        for byte in hash {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
    }
    text.push_str(" ~* &* +@all");
    text
}
