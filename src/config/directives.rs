//! The table of generic directives (all lines but `sentinel …`): name, kind, default, and what
//! becomes of each. Directives that only a data node heeds are in [`super::foreign`].
//!
//! Not in the table, because they are no scalar settings: `include`, `user`, `rename-command`,
//! `client-output-buffer-limit` and names with a dot.

use super::foreign;
use super::value::Kind;

/// A generic directive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Directive {
    /// Lower case.
    pub name: &'static str,
    /// Other names it is read under.
    pub aliases: &'static [&'static str],
    /// What it takes.
    pub kind: Kind,
    /// The value when there is no line, as a line would say it; `None`: unset, or unknown for
    /// directives without meaning here.
    pub default: Option<&'static str>,
    /// What becomes of it.
    pub standing: Standing,
}

/// What becomes of a directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It takes effect.
    Applied,
    /// The reference heeds it and rsentinel does not yet: kept, with a warning unless it says
    /// what happens anyway.
    NotYet,
    /// It has no meaning in Sentinel mode: kept.
    Foreign,
    /// Accepted; the rewritten file does not contain it.
    Dropped,
    /// Accepted; the rewritten file shows it as `# ???`.
    Retired,
}

pub(super) const SECONDS: Kind = Kind::Int(0, i32::MAX as i64);
const PORT: Kind = Kind::Int(0, 65535);
const MB: i64 = 1 << 20;

const LOG_LEVELS: Kind = Kind::OneOf(&["debug", "verbose", "notice", "warning", "nothing"]);
const SUPERVISED: Kind = Kind::OneOf(&["upstart", "systemd", "auto", "no"]);
const FACILITIES: Kind = Kind::OneOf(&[
    "user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
]);

const fn applied(name: &'static str, kind: Kind, default: Option<&'static str>) -> Directive {
    Directive {
        name,
        aliases: &[],
        kind,
        default,
        standing: Standing::Applied,
    }
}

const fn not_yet(name: &'static str, kind: Kind, default: Option<&'static str>) -> Directive {
    Directive {
        name,
        aliases: &[],
        kind,
        default,
        standing: Standing::NotYet,
    }
}

/// The directives that mean something to a sentinel, in the order in which lines are appended.
pub static DIRECTIVES: &[Directive] = &[
    applied("protected-mode", Kind::Bool, Some("no")),
    applied("port", PORT, Some("26379")),
    applied("daemonize", Kind::Bool, Some("no")),
    applied("supervised", SUPERVISED, Some("no")),
    applied("pidfile", Kind::Text, None),
    applied("loglevel", LOG_LEVELS, Some("notice")),
    applied("logfile", Kind::Text, Some("\"\"")),
    applied("dir", Kind::Text, None),
    applied("requirepass", Kind::Password, None),
    applied("maxclients", Kind::Int(1, u32::MAX as i64), Some("10000")),
    applied("timeout", SECONDS, Some("0")),
    applied("tcp-keepalive", SECONDS, Some("300")),
    applied("tcp-backlog", SECONDS, Some("511")),
    applied("client-query-buffer-limit", Kind::Memory(MB), Some("1gb")),
    applied("proto-max-bulk-len", Kind::Memory(MB), Some("512mb")),
    applied("bind-source-addr", Kind::Text, None),
    applied("unixsocket", Kind::Text, None),
    applied("unixsocketperm", Kind::Octal(0o777), Some("0")),
    not_yet("unixsocketgroup", Kind::Text, None),
    applied("aclfile", Kind::Text, None),
    applied("acllog-max-len", Kind::Int(0, i64::MAX), Some("128")),
    applied(
        "acl-pubsub-default",
        Kind::OneOf(&["allchannels", "resetchannels"]),
        Some("resetchannels"),
    ),
    applied("syslog-enabled", Kind::Bool, Some("no")),
    applied("syslog-ident", Kind::Text, Some("redis")),
    applied("syslog-facility", FACILITIES, Some("local0")),
    applied("always-show-logo", Kind::Bool, Some("no")),
    not_yet("set-proc-title", Kind::Bool, Some("yes")),
    not_yet(
        "proc-title-template",
        Kind::TitleTemplate,
        Some("\"{title} {listen-addr} {server-mode}\""),
    ),
    applied("crash-log-enabled", Kind::Bool, Some("yes")),
    not_yet("locale-collate", Kind::Text, Some("\"\"")),
    applied("socket-mark-id", Kind::Int(0, u32::MAX as i64), Some("0")),
    not_yet("log-format", Kind::Opaque, None),
    not_yet("log-timestamp-format", Kind::Opaque, None),
    applied(
        "oom-score-adj",
        Kind::OneOf(&["no", "yes", "relative", "absolute"]),
        Some("no"),
    ),
    applied("oom-score-adj-values", Kind::ScoreAdjust, Some("0 200 800")),
    applied("tls-port", PORT, Some("0")),
    applied("tls-replication", Kind::Bool, Some("no")),
    applied("tls-cluster", Kind::Bool, Some("no")),
    applied("tls-cert-file", Kind::Text, None),
    applied("tls-key-file", Kind::Text, None),
    applied("tls-key-file-pass", Kind::Password, None),
    applied("tls-client-cert-file", Kind::Text, None),
    applied("tls-client-key-file", Kind::Text, None),
    applied("tls-client-key-file-pass", Kind::Password, None),
    applied("tls-ca-cert-file", Kind::Text, None),
    applied("tls-ca-cert-dir", Kind::Text, None),
    applied(
        "tls-auth-clients",
        Kind::OneOf(&["no", "yes", "optional"]),
        Some("yes"),
    ),
    applied("tls-protocols", Kind::Text, None),
    applied("tls-ciphers", Kind::Text, None),
    applied("tls-ciphersuites", Kind::Text, None),
    applied("tls-prefer-server-ciphers", Kind::Bool, Some("no")),
    applied("tls-dh-params-file", Kind::Text, None),
    applied("tls-session-caching", Kind::Bool, Some("yes")),
    applied("tls-session-cache-size", SECONDS, Some("20480")),
    applied("tls-session-cache-timeout", SECONDS, Some("300")),
    // Without meaning here, but the reference always writes it.
    Directive {
        name: "latency-tracking-info-percentiles",
        aliases: &[],
        kind: Kind::Words,
        default: Some("50 99 99.9"),
        standing: Standing::Foreign,
    },
    applied("bind", Kind::Words, Some("* -::*")),
];

/// The directive of this lower-case name or alias.
pub fn find(name: &str) -> Option<&'static Directive> {
    all().find(|directive| directive.name == name || directive.aliases.contains(&name))
}

/// Every directive of both tables.
pub fn all() -> impl Iterator<Item = &'static Directive> {
    DIRECTIVES.iter().chain(foreign::DIRECTIVES)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::types::split_args;

    #[test]
    fn no_name_or_alias_occurs_twice() {
        let mut seen = BTreeSet::new();
        for directive in all() {
            assert!(seen.insert(directive.name), "{}", directive.name);
            for alias in directive.aliases {
                assert!(seen.insert(alias), "{alias}");
            }
        }
    }

    #[test]
    fn every_default_is_a_value_of_its_kind_in_canonical_form() {
        for directive in all() {
            let Some(default) = directive.default else {
                continue;
            };
            let words = split_args(default.as_bytes()).unwrap();
            let value = directive.kind.read(&words);
            assert!(value.is_ok(), "{}: {value:?}", directive.name);
        }
    }
}
