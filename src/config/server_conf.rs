//! The generic directives as values: what the process is set up from.

use std::collections::BTreeMap;

use crate::types::{Secret, split_args};

use super::directives::Directive;
use super::error::Complaint;
use super::output_limits::OutputLimits;
use super::users::UserLine;
use super::value::Value;

/// The most addresses a `bind` line may hold (measured).
const MAX_BIND: usize = 16;

/// Everything the generic directives say.
///
/// What is in it when the store is given it is what the rewritten file will say: set `pidfile`
/// and `supervised` to the effective values first, leave `maxclients` as it was configured.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerConf {
    /// 0 … 65535; 0: no plain TCP listener.
    pub port: u16,
    /// Where to listen; empty: no TCP at all.
    pub bind: Vec<BindAddress>,
    /// Refuse clients from elsewhere while the default user needs no password.
    pub protected_mode: bool,
    /// The working directory as it was written; `None`: stay where the process was started.
    pub dir: Option<String>,
    /// Empty: standard output.
    pub logfile: String,
    /// The least level that is logged.
    pub loglevel: LogLevel,
    /// The password for outgoing authentication to peers, and the only one of the user `default`
    /// if `users` does not say otherwise.
    pub requirepass: Option<Secret>,
    /// The most clients at a time.
    pub maxclients: u32,
    /// Seconds between keep-alive probes on accepted sockets, 0 = off.
    pub tcp_keepalive: u32,
    /// The backlog of listen(2).
    pub tcp_backlog: u32,
    /// Seconds after which an idle client is closed, 0 = never.
    pub timeout: u32,
    /// Whether to go to the background.
    pub daemonize: bool,
    /// Where the process id is written.
    pub pidfile: Option<String>,
    /// Who supervises the process.
    pub supervised: Supervised,
    /// Path of the unix socket.
    pub unixsocket: Option<String>,
    /// Its mode; 0: what the umask leaves.
    pub unixsocketperm: u32,
    /// How much may wait for a client.
    pub output_limits: OutputLimits,
    /// Bytes of a client's unprocessed input.
    pub client_query_buffer_limit: u64,
    /// Bytes of one argument.
    pub proto_max_bulk_len: u64,
    /// The source address of outgoing connections.
    pub bind_source_addr: Option<String>,
    /// Path of the ACL file. While it is set, no `user` lines are written.
    pub aclfile: Option<String>,
    /// The `user` lines, in file order.
    pub users: Vec<UserLine>,
    /// The `rename-command` lines, in file order: the word for a command, and the new one.
    pub renames: Vec<(Vec<u8>, Vec<u8>)>,
    /// All other directives that were given.
    pub(super) kept: BTreeMap<&'static str, Value>,
}

/// One word of a `bind` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindAddress {
    /// A literal, a name, or `*` (any IPv4) or `::*` (any IPv6).
    pub host: String,
    /// Written with a leading `-`: an address that does not exist here is no error.
    pub optional: bool,
}

/// The least level that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum LogLevel {
    Debug,
    Verbose,
    Notice,
    Warning,
    Nothing,
}

/// Who supervises the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Supervised {
    No,
    Auto,
    Systemd,
    Upstart,
}

impl LogLevel {
    /// The word of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Debug => "debug",
            LogLevel::Verbose => "verbose",
            LogLevel::Notice => "notice",
            LogLevel::Warning => "warning",
            LogLevel::Nothing => "nothing",
        }
    }

    /// The level of this word, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        use LogLevel::{Debug, Nothing, Notice, Verbose, Warning};
        [Debug, Verbose, Notice, Warning, Nothing]
            .into_iter()
            .find(|level| level.as_str().eq_ignore_ascii_case(word))
    }
}

impl Supervised {
    /// The word of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Supervised::No => "no",
            Supervised::Auto => "auto",
            Supervised::Systemd => "systemd",
            Supervised::Upstart => "upstart",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [
            Supervised::No,
            Supervised::Auto,
            Supervised::Systemd,
            Supervised::Upstart,
        ]
        .into_iter()
        .find(|mode| mode.as_str() == word)
    }
}

impl Default for ServerConf {
    fn default() -> Self {
        let any = |host: &str, optional| BindAddress {
            host: host.to_owned(),
            optional,
        };
        ServerConf {
            port: 26379,
            bind: vec![any("*", false), any("::*", true)],
            protected_mode: false,
            dir: None,
            logfile: String::new(),
            loglevel: LogLevel::Notice,
            requirepass: None,
            maxclients: 10_000,
            tcp_keepalive: 300,
            tcp_backlog: 511,
            timeout: 0,
            daemonize: false,
            pidfile: None,
            supervised: Supervised::No,
            unixsocket: None,
            unixsocketperm: 0,
            output_limits: OutputLimits::default(),
            client_query_buffer_limit: 1 << 30,
            proto_max_bulk_len: 512 << 20,
            bind_source_addr: None,
            aclfile: None,
            users: Vec::new(),
            renames: Vec::new(),
            kept: BTreeMap::new(),
        }
    }
}

impl ServerConf {
    /// The value of a directive that has no field of its own, if a line gave one.
    pub fn kept(&self, name: &str) -> Option<&Value> {
        self.kept.get(name)
    }

    /// Takes a directive's value over.
    pub(super) fn set(
        &mut self,
        directive: &'static Directive,
        value: Value,
    ) -> Result<(), Complaint> {
        match (directive.name, value) {
            ("protected-mode", Value::Bool(v)) => self.protected_mode = v,
            ("daemonize", Value::Bool(v)) => self.daemonize = v,
            ("port", Value::Int(v)) => self.port = narrow(v)?,
            ("maxclients", Value::Int(v)) => self.maxclients = narrow(v)?,
            ("timeout", Value::Int(v)) => self.timeout = narrow(v)?,
            ("tcp-keepalive", Value::Int(v)) => self.tcp_keepalive = narrow(v)?,
            ("tcp-backlog", Value::Int(v)) => self.tcp_backlog = narrow(v)?,
            ("client-query-buffer-limit", Value::Memory(v)) => self.client_query_buffer_limit = v,
            ("proto-max-bulk-len", Value::Memory(v)) => self.proto_max_bulk_len = v,
            ("unixsocketperm", Value::Octal(v)) => self.unixsocketperm = v,
            ("supervised", Value::Word(w)) => {
                self.supervised = Supervised::from_word(w).unwrap_or(self.supervised);
            }
            ("loglevel", Value::Word(w)) => {
                self.loglevel = LogLevel::from_word(w).unwrap_or(self.loglevel);
            }
            ("logfile", Value::Text(v)) => self.logfile = text(v)?,
            ("dir", Value::Text(v)) => self.dir = Some(text(v)?),
            ("pidfile", Value::Text(v)) => self.pidfile = unless_empty(v)?,
            ("unixsocket", Value::Text(v)) => self.unixsocket = unless_empty(v)?,
            ("bind-source-addr", Value::Text(v)) => self.bind_source_addr = unless_empty(v)?,
            ("aclfile", Value::Text(v)) => self.aclfile = unless_empty(v)?,
            ("requirepass", Value::Password(v)) => {
                self.requirepass = (!v.reveal().is_empty()).then_some(v);
            }
            ("bind", Value::Words(words)) => self.bind = bind_addresses(words)?,
            // Clamped, not refused (measured).
            ("hz", Value::Int(v)) => {
                self.kept.insert("hz", Value::Int(v.clamp(1, 500)));
            }
            (name, value) => {
                self.kept.insert(name, value);
            }
        }
        Ok(())
    }

    /// A directive's value as the file should show it; `None`: unset, or not known here.
    pub(super) fn current(&self, directive: &Directive) -> Option<Value> {
        let set = |text: &Option<String>| text.as_ref().map(|t| Value::Text(t.clone().into()));
        match directive.name {
            "protected-mode" => Some(Value::Bool(self.protected_mode)),
            "daemonize" => Some(Value::Bool(self.daemonize)),
            "port" => Some(Value::Int(self.port.into())),
            "maxclients" => Some(Value::Int(self.maxclients.into())),
            "timeout" => Some(Value::Int(self.timeout.into())),
            "tcp-keepalive" => Some(Value::Int(self.tcp_keepalive.into())),
            "tcp-backlog" => Some(Value::Int(self.tcp_backlog.into())),
            "client-query-buffer-limit" => Some(Value::Memory(self.client_query_buffer_limit)),
            "proto-max-bulk-len" => Some(Value::Memory(self.proto_max_bulk_len)),
            "unixsocketperm" => Some(Value::Octal(self.unixsocketperm)),
            "supervised" => Some(Value::Word(self.supervised.as_str())),
            "loglevel" => Some(Value::Word(self.loglevel.as_str())),
            "logfile" => Some(Value::Text(self.logfile.clone().into())),
            "dir" => set(&self.dir),
            "pidfile" => set(&self.pidfile),
            "unixsocket" => set(&self.unixsocket),
            "bind-source-addr" => set(&self.bind_source_addr),
            "aclfile" => set(&self.aclfile),
            "requirepass" => self.requirepass.clone().map(Value::Password),
            "bind" => Some(Value::Words(
                self.bind.iter().map(BindAddress::word).collect(),
            )),
            name => self
                .kept
                .get(name)
                .cloned()
                .or_else(|| default_value(directive)),
        }
    }
}

/// The value of a directive without a line.
pub(super) fn default_value(directive: &Directive) -> Option<Value> {
    let words = split_args(directive.default?.as_bytes()).ok()?;
    directive.kind.read(&words).ok()
}

impl BindAddress {
    fn word(&self) -> Vec<u8> {
        let mark = if self.optional { "-" } else { "" };
        format!("{mark}{}", self.host).into_bytes()
    }
}

fn bind_addresses(words: Vec<Vec<u8>>) -> Result<Vec<BindAddress>, Complaint> {
    if words.len() > MAX_BIND {
        return Err(Complaint::TooManyAddresses);
    }
    let read = |word: Vec<u8>| {
        let word = text(word)?;
        Ok(match word.strip_prefix('-') {
            Some(host) => BindAddress {
                host: host.to_owned(),
                optional: true,
            },
            None => BindAddress {
                host: word,
                optional: false,
            },
        })
    };
    words
        .into_iter()
        .filter(|word| !word.is_empty())
        .map(read)
        .collect()
}

fn text(bytes: Vec<u8>) -> Result<String, Complaint> {
    String::from_utf8(bytes).map_err(|_| Complaint::NotUtf8)
}

fn unless_empty(bytes: Vec<u8>) -> Result<Option<String>, Complaint> {
    Ok(Some(text(bytes)?).filter(|text| !text.is_empty()))
}

fn narrow<T: TryFrom<i64>>(number: i64) -> Result<T, Complaint> {
    T::try_from(number).map_err(|_| Complaint::NotInteger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directives;

    #[test]
    fn the_defaults_of_the_table_are_the_defaults_of_the_fields() {
        let conf = ServerConf::default();
        for directive in directives::all() {
            assert_eq!(
                conf.current(directive),
                default_value(directive),
                "{}",
                directive.name
            );
        }
    }

    #[test]
    fn what_is_set_is_what_is_shown() {
        let mut conf = ServerConf::default();
        for directive in directives::all() {
            let Some(mut value) = default_value(directive) else {
                continue;
            };
            if let Value::Int(number) = &mut value {
                *number += 1;
            }
            conf.set(directive, value.clone()).unwrap();
            assert_eq!(conf.current(directive), Some(value), "{}", directive.name);
        }
    }
}
