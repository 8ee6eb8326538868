//! What stands in for TLS in a build without the feature `tls`: it cannot be set up, and says so.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;

use crate::config::TlsConf;
use crate::core::notice::LogLine;

/// Where log lines would go.
pub type Log = Arc<dyn Fn(&LogLine) + Send + Sync>;

/// What an encrypted connection would be.
pub type TlsStream = TcpStream;

/// Both directions; there never is one.
pub struct Tls {
    /// For the listeners.
    pub clients: Accepting,
    /// For the links to servers and other sentinels.
    pub links: Connecting,
}

/// Whether this build has TLS.
///
/// # Errors
/// It has not; which one has.
pub fn is_built() -> Result<(), &'static str> {
    Err(
        "this rsentinel was built without TLS. Build it with the feature 'tls', which a plain \
         'cargo build --release' has (it needs OpenSSL's headers and pkg-config), or with \
         '--features tls-vendored', which builds OpenSSL too.",
    )
}

/// Nothing is to be known.
///
/// # Errors
/// Always.
pub fn check(_conf: &TlsConf) -> Result<Vec<String>, String> {
    is_built().map_err(str::to_owned)?;
    Ok(Vec::new())
}

/// Not to be called: see [`is_built`].
///
/// # Errors
/// Always.
pub fn start(_conf: TlsConf, _log: Log) -> Result<Tls, String> {
    is_built().map_err(str::to_owned)?;
    Err("TLS is not built".to_owned())
}

/// Why there was no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For the log.
    pub reason: String,
    /// The other end went away without a word.
    pub said_nothing: bool,
}

/// Our end of handshakes that clients would begin.
#[derive(Clone)]
pub struct Accepting(Infallible);

impl Accepting {
    /// Never called.
    ///
    /// # Errors
    /// None.
    pub async fn accept(&self, _stream: TcpStream) -> Result<TlsStream, Failure> {
        match self.0 {}
    }
}

/// Our end of handshakes that we would begin.
#[derive(Clone)]
pub struct Connecting(Infallible);

/// What the other end would be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    /// Its certificate has to be for its name.
    pub verify: bool,
    /// Its name.
    pub name: Option<Arc<str>>,
}

impl Connecting {
    /// Never called.
    pub fn named(self, _naming: Naming) -> Self {
        self
    }

    /// Never called.
    ///
    /// # Errors
    /// None.
    pub async fn connect(
        &self,
        _stream: TcpStream,
        _host: &Arc<str>,
    ) -> Result<TlsStream, Failure> {
        match self.0 {}
    }

    /// Never called.
    pub fn failed(&self, _to: SocketAddr, _reason: &str) {
        match self.0 {}
    }

    /// Never called.
    pub fn worked(&self, _to: SocketAddr) {
        match self.0 {}
    }
}

/// Nothing is.
pub fn is_of_tls(_error: &io::Error) -> bool {
    false
}
