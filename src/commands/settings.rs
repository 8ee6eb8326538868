//! Process-wide facts that commands need and that do not come from the core.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::types::Secret;

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
    /// The only user there is.
    pub default_user: DefaultUser,
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
            default_user: DefaultUser::default(),
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
            .field("default_user", &self.default_user)
            .field("redis_version", &self.redis_version)
            .field("allow_scripts_reconfig", &self.allow_scripts_reconfig)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Settings with `requirepass`; `None` or an empty password means that none is needed.
    pub fn with_requirepass(password: Option<&Secret>) -> Self {
        Settings {
            default_user: DefaultUser::with_requirepass(password),
            ..Settings::default()
        }
    }

    /// Whether this connection must authenticate before anything but AUTH and HELLO.
    pub fn auth_required(&self, session: &Session) -> bool {
        !session.authenticated && !self.default_user.lets_everybody_in()
    }

    /// Whether this user may enter with this password.
    pub fn authenticate(&self, user: &[u8], password: &[u8]) -> bool {
        user == b"default" && self.default_user.accepts(password)
    }
}

/// The user `default`, to which every new connection belongs.
#[derive(Clone)]
pub struct DefaultUser {
    /// Whether it may be used at all.
    pub on: bool,
    /// Whether any password is right.
    pub nopass: bool,
    /// SHA-256 of each of its passwords.
    pub password_hashes: Vec<[u8; 32]>,
}

impl Default for DefaultUser {
    fn default() -> Self {
        DefaultUser {
            on: true,
            nopass: true,
            password_hashes: Vec::new(),
        }
    }
}

impl fmt::Debug for DefaultUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DefaultUser")
            .field("on", &self.on)
            .field("nopass", &self.nopass)
            .field("passwords", &self.password_hashes.len())
            .finish()
    }
}

impl DefaultUser {
    /// The user as `requirepass` makes it; `None` or an empty password means that none is
    /// needed.
    pub fn with_requirepass(password: Option<&Secret>) -> Self {
        match password.map(Secret::reveal) {
            None | Some([]) => DefaultUser::default(),
            Some(clear) => DefaultUser {
                on: true,
                nopass: false,
                password_hashes: vec![sha256(clear)],
            },
        }
    }

    /// Whether new connections are authenticated at once.
    pub fn lets_everybody_in(&self) -> bool {
        self.on && self.nopass
    }

    /// Whether the password opens this user. The time it takes does not tell which of the
    /// passwords, or how much of one, was right.
    pub fn accepts(&self, password: &[u8]) -> bool {
        let hash = sha256(password);
        let known = self
            .password_hashes
            .iter()
            .fold(Choice::from(0), |found, one| found | one.ct_eq(&hash));
        self.on && (self.nopass || bool::from(known))
    }
}

/// The SHA-256 of a password.
pub fn sha256(password: &[u8]) -> [u8; 32] {
    Sha256::digest(password).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirepass_asks_for_exactly_that_password() {
        let user = DefaultUser::with_requirepass(Some(&Secret::new(b"s3cret")));
        assert!(user.accepts(b"s3cret"));
        assert!(!user.accepts(b"s3cre") && !user.accepts(b"") && !user.accepts(b"s3cret "));
        assert!(!user.lets_everybody_in());
    }

    #[test]
    fn an_empty_requirepass_asks_for_nothing() {
        assert!(DefaultUser::with_requirepass(Some(&Secret::new(b""))).lets_everybody_in());
        assert!(DefaultUser::with_requirepass(None).lets_everybody_in());
    }

    #[test]
    fn a_user_that_is_off_lets_nobody_in() {
        let user = DefaultUser {
            on: false,
            ..DefaultUser::default()
        };
        assert!(!user.lets_everybody_in() && !user.accepts(b"any"));
    }

    #[test]
    fn debug_output_shows_no_hash() {
        let user = DefaultUser::with_requirepass(Some(&Secret::new(b"s3cret")));
        assert_eq!(
            format!("{user:?}"),
            "DefaultUser { on: true, nopass: false, passwords: 1 }"
        );
    }
}
