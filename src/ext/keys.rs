//! All keys of rsentinel.toml. Add a key in two places here, its field and its row in [`KEYS`],
//! and describe it in `docs/rsentinel-toml.md` (a test compares the two).

use serde::Deserialize;

/// What rsentinel.toml says. Without the file: every default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Ext {
    /// Where the state is kept instead of in sentinel.conf; relative to the folder of
    /// rsentinel.toml.
    pub state_file: Option<String>,
    /// `[log]`
    pub log: Log,
    /// `[tls]`
    pub tls: Tls,
}

/// `[log]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// As redis-sentinel writes it.
    #[default]
    Reference,
    /// One JSON object a line.
    Json,
    /// Time, level and text.
    Compact,
}

/// `[tls]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Tls {
    /// `[tls.to-servers]`: connections to masters and replicas.
    pub to_servers: Outgoing,
    /// `[tls.to-sentinels]`: connections to the other sentinels.
    pub to_sentinels: Outgoing,
}

/// What is different for outgoing connections of one direction; what is not said is as the
/// `tls-…` lines of sentinel.conf say.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Outgoing {
    /// Whether to use TLS; unset: what `tls-replication` says.
    pub enabled: Option<bool>,
    /// Whether the certificate must be for the name or address that is connected to.
    pub verify_name: bool,
    /// The name to ask for (SNI) and to verify, instead of the one that is connected to.
    pub server_name: Option<String>,
}

/// A key by its full name.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// With dots.
    pub name: &'static str,
    /// A whole text that sets it to something else than its default.
    pub example: &'static str,
}

const fn key(name: &'static str, example: &'static str) -> Key {
    Key { name, example }
}

/// Every key.
pub const KEYS: &[Key] = &[
    key("state-file", "state-file = '/var/lib/rsentinel/state.conf'"),
    key("log.format", "log.format = 'json'"),
    key("tls.to-servers.enabled", "tls.to-servers.enabled = true"),
    key(
        "tls.to-servers.verify-name",
        "tls.to-servers.verify-name = true",
    ),
    key(
        "tls.to-servers.server-name",
        "tls.to-servers.server-name = 'redis.example'",
    ),
    key(
        "tls.to-sentinels.enabled",
        "tls.to-sentinels.enabled = false",
    ),
    key(
        "tls.to-sentinels.verify-name",
        "tls.to-sentinels.verify-name = true",
    ),
    key(
        "tls.to-sentinels.server-name",
        "tls.to-sentinels.server-name = 'sentinel.example'",
    ),
];

impl Ext {
    /// What contradicts itself though each value is of its kind.
    pub(super) fn contradiction(&self) -> Option<String> {
        let empty = |text: &Option<String>| text.as_deref() == Some("");
        let texts = [
            ("state-file", &self.state_file),
            (
                "tls.to-servers.server-name",
                &self.tls.to_servers.server_name,
            ),
            (
                "tls.to-sentinels.server-name",
                &self.tls.to_sentinels.server_name,
            ),
        ];
        let (name, _) = texts.into_iter().find(|(_, text)| empty(text))?;
        Some(format!("'{name}' must not be empty: leave the key out"))
    }
}
