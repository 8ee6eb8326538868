//! `AUTH [user] password`.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::syntax_error;
use crate::resp::Reply;

/// The error for a wrong user, a wrong password and a user that is off alike.
pub const WRONG_PASSWORD: &str = "WRONGPASS invalid username-password pair or user is disabled.";

const NO_PASSWORD_SET: &str = "ERR AUTH <password> called without any password configured for the default user. \
                               Are you sure your configuration is correct?";

/// Authenticates; a failure leaves the connection as it was.
pub fn run(request: Request<'_>) -> Next {
    let default_user = &request.settings.default_user;
    let (user, password) = match request.args() {
        [_] if default_user.nopass => return Next::Reply(Reply::error(NO_PASSWORD_SET)),
        [password] => (b"default".as_slice(), password),
        [user, password] => (user.as_ref(), password),
        _ => return Next::Reply(syntax_error()),
    };
    if !request.settings.authenticate(user, password) {
        return Next::Reply(Reply::error(WRONG_PASSWORD));
    }
    request.session.authenticated = true;
    Next::Reply(Reply::OK)
}
