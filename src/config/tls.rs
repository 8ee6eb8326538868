//! What the `tls-*` directives say, taken together.

use crate::types::Secret;

use super::server_conf::ServerConf;
use super::value::Value;

/// How connections are encrypted. There is none while nothing asks for TLS; the directives are
/// then not even looked at, as in the reference.
#[derive(Clone, Debug, PartialEq)]
pub struct TlsConf {
    /// Who we are to clients, and to servers and peers if `client_identity` is not set.
    pub identity: Identity,
    /// Who we are to servers and peers.
    pub client_identity: Option<Identity>,
    /// A file of certificates of authorities that are trusted.
    pub ca_cert_file: Option<String>,
    /// A folder of such files, named by hash as `openssl rehash` does.
    pub ca_cert_dir: Option<String>,
    /// Whether clients have to show a certificate.
    pub auth_clients: AuthClients,
    /// The versions that may be spoken.
    pub protocols: Protocols,
    /// Ciphers up to TLS 1.2, in OpenSSL's grammar; `None`: the library's choice.
    pub ciphers: Option<String>,
    /// Cipher suites of TLS 1.3; `None`: the library's choice.
    pub ciphersuites: Option<String>,
    /// Our order of ciphers counts rather than the client's.
    pub prefer_server_ciphers: bool,
    /// A file of Diffie-Hellman parameters; `None`: chosen to fit the key.
    pub dh_params_file: Option<String>,
    /// How clients may resume a session; `None`: they may not.
    pub session_cache: Option<SessionCache>,
}

/// A certificate and its key.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// A PEM file: the certificate, then its chain.
    pub cert_file: String,
    /// A PEM file.
    pub key_file: String,
    /// What the key is encrypted with.
    pub key_pass: Option<Secret>,
}

/// Whether clients have to show a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthClients {
    /// They are not asked for one.
    No,
    /// They need one.
    Yes,
    /// One that is shown is verified.
    Optional,
}

/// The versions of TLS that may be spoken; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocols {
    /// TLSv1.
    pub tls1: bool,
    /// TLSv1.1.
    pub tls1_1: bool,
    /// TLSv1.2.
    pub tls1_2: bool,
    /// TLSv1.3.
    pub tls1_3: bool,
}

/// How clients may resume a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionCache {
    /// The most sessions that are kept; 0: no limit.
    pub size: u32,
    /// How long one may be resumed.
    pub timeout_s: u32,
}

impl ServerConf {
    /// 0: no TLS listener.
    pub fn tls_port(&self) -> u16 {
        match self.kept("tls-port") {
            Some(Value::Int(port)) => u16::try_from(*port).unwrap_or(0),
            _ => 0,
        }
    }

    /// Whether all connections to servers and peers use TLS.
    pub fn tls_replication(&self) -> bool {
        self.says_yes("tls-replication", false)
    }

    /// The port that other sentinels are told, unless `announce-port` says otherwise; `encrypted`:
    /// sentinels speak TLS with each other.
    pub fn announced_port(&self, encrypted: bool) -> u16 {
        let tls_port = self.tls_port();
        if tls_port != 0 && (encrypted || self.port == 0) {
            tls_port
        } else {
            self.port
        }
    }

    /// What the directives say, for when something asks for TLS; `outgoing`: connections to servers
    /// or sentinels do.
    ///
    /// # Errors
    /// The line for the log that says why TLS cannot be set up.
    pub fn tls(&self, outgoing: bool) -> Result<TlsConf, String> {
        let needed = |name: &str| {
            let given = self.tls_text(name)?;
            given.ok_or_else(|| format!("No {name} configured!"))
        };
        let identity = Identity {
            cert_file: needed("tls-cert-file")?,
            key_file: needed("tls-key-file")?,
            key_pass: self.tls_pass("tls-key-file-pass"),
        };
        let ca_cert_file = self.tls_text("tls-ca-cert-file")?;
        let ca_cert_dir = self.tls_text("tls-ca-cert-dir")?;
        let auth_clients = match self.kept("tls-auth-clients") {
            Some(Value::Word("no")) => AuthClients::No,
            Some(Value::Word("optional")) => AuthClients::Optional,
            _ => AuthClients::Yes,
        };
        let verifies =
            auth_clients != AuthClients::No || outgoing || self.says_yes("tls-cluster", false);
        if verifies && ca_cert_file.is_none() && ca_cert_dir.is_none() {
            return Err(
                "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, \
                        tls-replication or tls-auth-clients are enabled!"
                    .into(),
            );
        }
        let client_identity = self.tls_client_identity()?;
        Ok(TlsConf {
            identity,
            client_identity,
            ca_cert_file,
            ca_cert_dir,
            auth_clients,
            protocols: Protocols::read(self.tls_text("tls-protocols")?.as_deref())?,
            ciphers: self.tls_text("tls-ciphers")?,
            ciphersuites: self.tls_text("tls-ciphersuites")?,
            prefer_server_ciphers: self.says_yes("tls-prefer-server-ciphers", false),
            dh_params_file: self.tls_text("tls-dh-params-file")?,
            session_cache: self.tls_session_cache(),
        })
    }

    /// The directive that asks for TLS, with its value, if there is one.
    pub fn asks_for_tls(&self) -> Option<String> {
        let port = self.tls_port();
        if port != 0 {
            return Some(format!("tls-port {port}"));
        }
        ["tls-replication", "tls-cluster"]
            .into_iter()
            .find(|name| self.says_yes(name, false))
            .map(|name| format!("{name} yes"))
    }

    /// The identity for outgoing connections, which needs both files.
    fn tls_client_identity(&self) -> Result<Option<Identity>, String> {
        let cert_file = self.tls_text("tls-client-cert-file")?;
        let key_file = self.tls_text("tls-client-key-file")?;
        Ok(cert_file
            .zip(key_file)
            .map(|(cert_file, key_file)| Identity {
                cert_file,
                key_file,
                key_pass: self.tls_pass("tls-client-key-file-pass"),
            }))
    }

    /// What is asked for and has no effect, a line each.
    pub fn tls_without_effect(&self) -> Vec<String> {
        let lone = |given: &str, other: &str| {
            let is_set = |name| matches!(self.tls_text(name), Ok(Some(_)));
            (is_set(given) && !is_set(other)).then(|| {
                format!(
                    "{given} has no effect without {other}: servers and other sentinels are shown \
                     the certificate of tls-cert-file"
                )
            })
        };
        let client = "tls-client-cert-file";
        let key = "tls-client-key-file";
        let mut lines: Vec<String> = [lone(client, key), lone(key, client)]
            .into_iter()
            .flatten()
            .collect();
        if let Some(SessionCache { timeout_s, .. }) = self.tls_session_cache()
            && timeout_s > LONGEST_SESSION_S
        {
            lines.push(format!(
                "tls-session-cache-timeout is {timeout_s}, but sessions are resumed for at most \
                 {LONGEST_SESSION_S} seconds"
            ));
        }
        lines
    }

    fn tls_session_cache(&self) -> Option<SessionCache> {
        let number = |name, default| match self.kept(name) {
            Some(Value::Int(number)) => u32::try_from(*number).unwrap_or(default),
            _ => default,
        };
        let cache = SessionCache {
            size: number("tls-session-cache-size", 20_480),
            timeout_s: number("tls-session-cache-timeout", 300),
        };
        let wanted = self.says_yes("tls-session-caching", true) && cache.timeout_s > 0;
        wanted.then_some(cache)
    }

    fn says_yes(&self, name: &str, default: bool) -> bool {
        match self.kept(name) {
            Some(Value::Bool(yes)) => *yes,
            _ => default,
        }
    }

    /// A text that is not empty.
    fn tls_text(&self, name: &str) -> Result<Option<String>, String> {
        let Some(Value::Text(bytes)) = self.kept(name) else {
            return Ok(None);
        };
        // The library takes C strings, and names of files in UTF-8.
        match String::from_utf8(bytes.clone()) {
            Ok(text) if !text.contains('\0') => Ok(Some(text).filter(|text| !text.is_empty())),
            _ => Err(format!(
                "{name} contains bytes that are not UTF-8, or a NUL"
            )),
        }
    }

    fn tls_pass(&self, name: &str) -> Option<Secret> {
        match self.kept(name) {
            Some(Value::Password(pass)) => Some(pass.clone()).filter(|p| !p.reveal().is_empty()),
            _ => None,
        }
    }
}

/// OpenSSL's own limit for a session.
const LONGEST_SESSION_S: u32 = 7_200;

impl Protocols {
    /// What the reference speaks unless told otherwise.
    const DEFAULT: Protocols = Protocols {
        tls1: false,
        tls1_1: false,
        tls1_2: true,
        tls1_3: true,
    };

    /// Reads the words of `tls-protocols`, in any case.
    fn read(words: Option<&str>) -> Result<Protocols, String> {
        let Some(words) = words else {
            return Ok(Protocols::DEFAULT);
        };
        let mut read = Protocols {
            tls1: false,
            tls1_1: false,
            tls1_2: false,
            tls1_3: false,
        };
        for word in words.split_ascii_whitespace() {
            match word.to_ascii_lowercase().as_str() {
                "tlsv1" => read.tls1 = true,
                "tlsv1.1" => read.tls1_1 = true,
                "tlsv1.2" => read.tls1_2 = true,
                "tlsv1.3" => read.tls1_3 = true,
                _ => return Err(UNKNOWN_PROTOCOL.to_owned()),
            }
        }
        let none = !(read.tls1 || read.tls1_1 || read.tls1_2 || read.tls1_3);
        if none {
            return Err(UNKNOWN_PROTOCOL.to_owned());
        }
        Ok(read)
    }
}

const UNKNOWN_PROTOCOL: &str = "Invalid tls-protocols specified. Use a combination of 'TLSv1', \
                                'TLSv1.1', 'TLSv1.2' and 'TLSv1.3'.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::directives;
    use crate::types::split_args;

    fn conf(lines: &[&str]) -> ServerConf {
        let mut conf = ServerConf::default();
        for line in lines {
            let words = split_args(line.as_bytes()).expect("balanced quotes");
            let name = std::str::from_utf8(&words[0]).expect("UTF-8");
            let directive = directives::find(name).expect("a directive");
            let value = directive.kind.read(&words[1..]).expect("a value");
            conf.set(directive, value).expect("in range");
        }
        conf
    }

    fn refused(lines: &[&str]) -> String {
        let conf = conf(lines);
        conf.tls(conf.tls_replication()).expect_err("refused")
    }

    const BOTH: [&str; 3] = ["tls-port 1", "tls-cert-file c", "tls-key-file k"];

    #[test]
    fn a_port_and_two_switches_ask_for_tls_and_files_do_not() {
        let files = conf(&["tls-cert-file x", "tls-ca-cert-file x", "tls-port 0"]);
        assert_eq!(files.asks_for_tls(), None);
        for asks in ["tls-port 1", "tls-replication yes", "tls-cluster yes"] {
            assert_eq!(conf(&[asks]).asks_for_tls().as_deref(), Some(asks));
            assert_eq!(refused(&[asks]), "No tls-cert-file configured!");
        }
    }

    #[test]
    fn what_is_missing_is_named_in_the_known_order_and_words() {
        assert_eq!(
            refused(&["tls-port 1", "tls-cert-file c"]),
            "No tls-key-file configured!"
        );
        let no_ca = refused(&BOTH);
        assert!(no_ca.starts_with("Either tls-ca-cert-file or"), "{no_ca}");
        let mut lines = BOTH.to_vec();
        lines.push("tls-auth-clients no");
        assert!(conf(&lines).tls(false).is_ok());
        lines.push("tls-replication yes");
        assert_eq!(refused(&lines), no_ca);
    }

    #[test]
    fn protocols_are_words_in_any_case_and_at_least_one() {
        let read = |words| Protocols::read(Some(words));
        assert_eq!(read("TLSv1.3 tlsV1.2"), Ok(Protocols::DEFAULT));
        assert_eq!(read("TLSv1.2 SSLv3"), Err(UNKNOWN_PROTOCOL.to_owned()));
        assert_eq!(read("  "), Err(UNKNOWN_PROTOCOL.to_owned()));
        assert_eq!(Protocols::read(None), Ok(Protocols::DEFAULT));
    }

    #[test]
    fn an_identity_for_outgoing_connections_needs_both_files_and_says_so() {
        let mut lines = [
            &BOTH[..],
            &["tls-ca-cert-file a", "tls-client-cert-file cc"],
        ]
        .concat();
        let lone = conf(&lines);
        let tls = lone.tls(false).expect("complete");
        assert_eq!(tls.client_identity, None);
        assert_eq!(lone.tls_without_effect().len(), 1);
        lines.extend(["tls-client-key-file ck", "tls-client-key-file-pass p"]);
        let both = conf(&lines);
        let tls = both.tls(false).expect("complete");
        let own = tls.client_identity.expect("both files");
        assert_eq!(
            (own.cert_file.as_str(), own.key_file.as_str()),
            ("cc", "ck")
        );
        assert_eq!(own.key_pass, Some(Secret::new(b"p")));
        assert!(both.tls_without_effect().is_empty());
    }

    #[test]
    fn sessions_are_resumed_unless_caching_is_off_or_takes_no_time() {
        let cache = |line| conf(&[line]).tls_session_cache();
        let usual = SessionCache {
            size: 20_480,
            timeout_s: 300,
        };
        assert_eq!(cache("tls-session-caching yes"), Some(usual));
        assert_eq!(cache("tls-session-caching no"), None);
        assert_eq!(cache("tls-session-cache-timeout 0"), None);
        let long = conf(&["tls-session-cache-timeout 86400"]).tls_without_effect();
        assert!(long[0].contains("at most 7200 seconds"), "{long:?}");
    }

    #[test]
    fn a_name_of_a_file_that_the_library_cannot_take_is_refused() {
        let text = refused(&["tls-port 1", "tls-cert-file \"a\\x00b\""]);
        assert!(text.starts_with("tls-cert-file contains"), "{text}");
    }
}
