//! `AUTH [user] password`.

use crate::acl::{Denial, Reason, UserName};
use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::session::Session;
use crate::commands::settings::Settings;
use crate::commands::words::syntax_error;
use crate::resp::Reply;

/// The error for a wrong user, a wrong password and a user that is off alike.
const WRONG_PASSWORD: &str = "WRONGPASS invalid username-password pair or user is disabled.";

const NO_PASSWORD_SET: &str = "ERR AUTH <password> called without any password configured for the default user. \
                               Are you sure your configuration is correct?";

/// Authenticates; a failure leaves the connection as it was.
pub fn run(request: Request<'_>) -> Next {
    let (user, password) = match request.args() {
        [_] if request.settings.users.borrow().need_no_password() => {
            return Next::Reply(Reply::error(NO_PASSWORD_SET));
        }
        [password] => (UserName::DEFAULT.as_bytes().clone(), password),
        [user, password] => (user.clone(), password),
        _ => return Next::Reply(syntax_error()),
    };
    let typed = &request.words[0];
    match log_in(request.session, request.settings, typed, &user, password) {
        Ok(()) => Next::Reply(Reply::OK),
        Err(refused) => refused,
    }
}

/// Makes the connection this user's, if the password is right. `typed` is the name of the
/// command as the client wrote it, for the ACL log.
pub fn log_in(
    session: &mut Session,
    settings: &Settings,
    typed: &[u8],
    user: &[u8],
    password: &[u8],
) -> Result<(), Next> {
    let Some(user) = settings.authenticate(user, password) else {
        let denial = Denial::new(Reason::Auth, typed, user);
        return Err(Next::Denied(Reply::error(WRONG_PASSWORD), denial));
    };
    session.user = user;
    session.authenticated = true;
    Ok(())
}
