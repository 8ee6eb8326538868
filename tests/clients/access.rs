//! What servers and sentinels want to be told before they talk.

use crate::harness::{Daemon, Login, MASTER, Plan};

/// Who may talk to the servers and the sentinels of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// Who knows the password of the default user: `requirepass`, everywhere.
    Password,
    /// Users with no more rights than they need; the default user is off, everywhere.
    Users,
}

/// What an application logs in with.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    pub sentinel_user: Option<&'static str>,
    pub sentinel_password: Option<&'static str>,
    pub user: Option<&'static str>,
    pub password: Option<&'static str>,
}

/// The rights that applications need at a sentinel, all the libraries here together; as in
/// `docs/clients.md`.
const APPLICATION: &str = "user app on >app-pw resetchannels &* -@all +ping +role +info \
     +client|setinfo +subscribe +psubscribe +unsubscribe +punsubscribe \
     +sentinel|get-master-addr-by-name +sentinel|master +sentinel|masters +sentinel|replicas \
     +sentinel|slaves +sentinel|sentinels";

/// What a sentinel asks of another one.
const PEER: &str = "user peer on >peer-pw resetchannels &__sentinel__:hello -@all +ping +publish \
     +client|setname +sentinel|is-master-down-by-addr";

/// What a sentinel asks of a server.
const WATCHER: &str = "user watcher on >watcher-pw resetchannels &* -@all +multi +exec +slaveof \
     +ping +subscribe +config|rewrite +role +publish +info +client|setname +client|kill \
     +script|kill";

impl Access {
    /// Three sentinels with quorum 2, a master and two replicas.
    pub fn plan(self, daemon: Daemon) -> Plan {
        let mut plan = Plan::of(&[daemon; 3]);
        if daemon == Daemon::Reference {
            // Three candidates of its kind may split their votes, again and again for 12 s each.
            plan = plan.led_by(0);
        }
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        match self {
            Access::Open => {}
            Access::Password => {
                plan.password = Some("server-pw".to_owned());
                plan.auth_pass = plan.password.clone();
                plan.lines = lines(&[
                    "requirepass sentinel-pw",
                    "sentinel sentinel-pass sentinel-pw",
                ]);
                plan.login = Some(Login::new("default", "sentinel-pw"));
            }
            Access::Users => {
                let mut application = APPLICATION.to_owned();
                if daemon == Daemon::Reference {
                    // New in 7.2: the installed one would not start with it.
                    application = application.replace(" +client|setinfo", "");
                }
                let operator = "user operator on >operator-pw ~* &* +@all";
                plan.server_lines = lines(&[
                    "user default off",
                    operator,
                    WATCHER,
                    "user copier on >copier-pw -@all +psync +replconf +ping",
                    "user app on >app-pw ~* resetchannels -@all +@read +@write +@connection +info +role",
                    "masteruser copier",
                    "masterauth copier-pw",
                ]);
                plan.server_login = Some(Login::new("operator", "operator-pw"));
                plan.auth_pass = Some("watcher-pw".to_owned());
                plan.lines = lines(&[
                    &format!("sentinel auth-user {MASTER} watcher"),
                    "user default off",
                    operator,
                    PEER,
                    &application,
                    "sentinel sentinel-user peer",
                    "sentinel sentinel-pass peer-pw",
                ]);
                plan.login = plan.server_login.clone();
            }
        }
        plan
    }

    /// What an application logs in with there.
    pub fn credentials(self) -> Credentials {
        match self {
            Access::Open => Credentials::default(),
            Access::Password => Credentials {
                sentinel_password: Some("sentinel-pw"),
                password: Some("server-pw"),
                ..Credentials::default()
            },
            Access::Users => Credentials {
                sentinel_user: Some("app"),
                sentinel_password: Some("app-pw"),
                user: Some("app"),
                password: Some("app-pw"),
            },
        }
    }
}
