//! Where an instance lives: the host as it was written, the IP it resolved to, and the port.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// A host and port, as written and as resolved.
///
/// Port 0 is legal and means "known to be invalid": such an address is never connected.
/// An address whose name has not resolved yet has no IP; two unresolved addresses are never
/// equal by their (missing) IP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    host: Arc<str>,
    ip: Option<IpAddr>,
    port: u16,
    /// The host is an IP literal.
    literal: bool,
    /// The host is how the IP is written.
    canonical: bool,
}

impl Address {
    /// An address written as an IP literal, or a name that still has to be resolved.
    pub fn new(host: &str, port: u16) -> Self {
        let written = parse_literal(host);
        Address {
            host: Arc::from(host),
            ip: written,
            port,
            literal: written.is_some(),
            canonical: is_canonical(written, written),
        }
    }

    /// An address whose host text and IP are both known.
    pub fn resolved(host: &str, ip: IpAddr, port: u16) -> Self {
        let written = parse_literal(host);
        Address {
            host: Arc::from(host),
            ip: Some(ip),
            port,
            literal: written.is_some(),
            canonical: is_canonical(written, Some(ip)),
        }
    }

    /// The host text as it was given.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The IP, when the host is a literal or has been resolved.
    pub fn ip(&self) -> Option<IpAddr> {
        self.ip
    }

    /// The port, 0 when known to be invalid.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// True when the host is a name and not an IP literal.
    pub fn is_name(&self) -> bool {
        !self.literal
    }

    /// Where to connect to, unless unresolved or the port is 0.
    pub fn socket(&self) -> Option<SocketAddr> {
        (self.port != 0)
            .then_some(())
            .and(self.ip)
            .map(|ip| SocketAddr::new(ip, self.port))
    }

    /// The text shown to others: the host when names are announced, else the IP; the host
    /// text stands in for an IP that is not known yet, so that the result is never empty.
    pub fn announced(&self, announce_hostnames: bool) -> String {
        match self.ip {
            Some(ip) if !announce_hostnames && !self.canonical => ip.to_string(),
            _ => self.host.to_string(),
        }
    }

    /// Remembers what the host name resolved to.
    pub fn set_ip(&mut self, ip: IpAddr) {
        self.ip = Some(ip);
        self.canonical = self.literal && is_canonical(parse_literal(&self.host), self.ip);
    }

    /// It is this IP literal, written the same way, and this port.
    pub fn is_literal(&self, host: &str, port: u16) -> bool {
        self.literal && self.port == port && self.host.eq_ignore_ascii_case(host)
    }

    /// It was written with this host text (ignoring case) and has this port.
    pub fn is_named(&self, host: &str, port: u16) -> bool {
        self.port == port && self.host.eq_ignore_ascii_case(host)
    }

    /// Same server: equal ports, and equal IPs or equal host texts (ignoring case).
    pub fn same_as(&self, other: &Address) -> bool {
        self.port == other.port && self.same_host(other)
    }

    /// Equal IPs (both known) or equal host texts, ignoring case.
    pub fn same_host(&self, other: &Address) -> bool {
        let same_ip = self.ip.is_some() && self.ip == other.ip;
        same_ip || self.host.eq_ignore_ascii_case(&other.host)
    }

    /// `host:port`, with brackets around a host that contains a colon.
    pub fn key(&self, announce_hostnames: bool) -> String {
        let host = self.announced(announce_hostnames);
        if host.contains(':') {
            format!("[{host}]:{}", self.port)
        } else {
            format!("{host}:{}", self.port)
        }
    }
}

/// The only way to write an IPv4 address is the one that is accepted; IPv6 ones have many.
fn is_canonical(written: Option<IpAddr>, ip: Option<IpAddr>) -> bool {
    written == ip && matches!(ip, Some(IpAddr::V4(_)))
}

/// An IP literal as the reference accepts it (`inet_pton`-like); names give `None`.
pub fn parse_literal(host: &str) -> Option<IpAddr> {
    host.parse().ok()
}

/// Displays an optional IP as text, empty when unknown.
pub struct IpText(pub Option<IpAddr>);

impl fmt::Display for IpText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(ip) => ip.fmt(f),
            None => Ok(()),
        }
    }
}
