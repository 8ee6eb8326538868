//! Process-wide facts that commands need and that do not come from the core.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use crate::acl::{NewChannels, User, UserName, Users};
use crate::types::Secret;

use super::access::rule_book;
use super::renames::Renames;
use super::session::Session;

/// The version shown by HELLO when nothing else is set: the line of redis-sentinel that this
/// daemon answers like.
pub const REDIS_VERSION: &str = "7.2.11";

/// Asks the shell whether a path names a file that may be executed.
pub type IsExecutable = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Asks the shell for the log level in force: `debug verbose notice warning nothing`.
pub type LogLevel = Arc<dyn Fn() -> &'static str + Send + Sync>;

/// Process-wide facts that commands need and that do not come from the core.
#[derive(Clone)]
pub struct Settings {
    /// Who may do what. The socket side stores what ACL commands change.
    pub users: RefCell<Users>,
    /// `rename-command`. Fixed at start.
    pub renames: Renames,
    /// Path of the ACL file, if there is one.
    pub acl_file: Option<String>,
    /// The version shown by HELLO: a 7.2-compatible number.
    pub redis_version: String,
    /// `deny-scripts-reconfig no`: SENTINEL SET may change script paths. Fixed at start.
    pub allow_scripts_reconfig: bool,
    /// Used by SENTINEL SET for script paths.
    pub is_executable: IsExecutable,
    /// Used by SENTINEL CONFIG GET loglevel.
    pub log_level: LogLevel,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            users: RefCell::new(Users::new(rule_book(NewChannels::None))),
            renames: Renames::default(),
            acl_file: None,
            redis_version: REDIS_VERSION.to_owned(),
            allow_scripts_reconfig: false,
            is_executable: Arc::new(|_| false),
            log_level: Arc::new(|| "notice"),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("users", &self.users.borrow().iter().count())
            .field("redis_version", &self.redis_version)
            .field("allow_scripts_reconfig", &self.allow_scripts_reconfig)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Settings with `requirepass`; `None` or an empty password means that none is needed.
    pub fn with_requirepass(password: Option<&Secret>) -> Self {
        let settings = Settings::default();
        let password = password
            .map(Secret::reveal)
            .filter(|clear| !clear.is_empty());
        if let Some(clear) = password {
            let mut users = settings.users.borrow_mut();
            let user = User::default_user_with(clear, users.book());
            users.put(user);
        }
        settings
    }

    /// Whether this connection must authenticate before anything but AUTH and HELLO.
    pub fn auth_required(&self, session: &Session) -> bool {
        !session.authenticated && !self.users.borrow().let_everybody_in()
    }

    /// The user who may enter with this name and password.
    pub fn authenticate(&self, user: &[u8], password: &[u8]) -> Option<UserName> {
        self.users.borrow().authenticate(user, password)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirepass_asks_for_exactly_that_password() {
        let settings = Settings::with_requirepass(Some(&Secret::new(b"s3cret")));
        let enters = |password: &[u8]| settings.authenticate(b"default", password).is_some();
        assert!(enters(b"s3cret"));
        assert!(!enters(b"s3cre") && !enters(b"") && !enters(b"s3cret "));
        assert!(settings.auth_required(&Session::default()));
    }

    #[test]
    fn an_empty_requirepass_asks_for_nothing() {
        for password in [None, Some(Secret::new(b""))] {
            let settings = Settings::with_requirepass(password.as_ref());
            assert!(!settings.auth_required(&Session::default()));
        }
    }

    #[test]
    fn debug_output_shows_no_hash() {
        let settings = Settings::with_requirepass(Some(&Secret::new(b"s3cret")));
        let hash = crate::acl::PasswordHash::of(b"s3cret").to_hex();
        let shown = format!("{settings:?}");
        assert!(
            shown.contains("users") && !shown.contains(&hash[..8]),
            "{shown}"
        );
    }
}
