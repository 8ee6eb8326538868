//! A client that speaks TLS, as its settings say.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use openssl::ssl::{
    HandshakeError, SslContext, SslContextBuilder, SslFiletype, SslMethod, SslStream, SslVerifyMode,
};

use crate::authority::Issued;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a client shakes hands.
pub struct Manner(SslContextBuilder);

impl Manner {
    /// Trusts the certificates in this file.
    pub fn trusting(authority: &Path) -> Manner {
        let mut context = SslContext::builder(SslMethod::tls_client()).unwrap();
        context.set_ca_file(authority).unwrap();
        context.set_verify(SslVerifyMode::PEER);
        Manner(context)
    }

    /// Shows this certificate.
    pub fn showing(mut self, own: &Issued) -> Manner {
        self.0.set_certificate_chain_file(&own.cert).unwrap();
        self.0
            .set_private_key_file(&own.key, SslFiletype::PEM)
            .unwrap();
        self
    }

    /// Whatever else OpenSSL can be told.
    pub fn with(mut self, set: impl FnOnce(&mut SslContextBuilder)) -> Manner {
        set(&mut self.0);
        self
    }

    /// Connects to a loopback port and shakes hands; the text of the error says why not.
    pub fn connect(self, port: u16) -> Result<SecureClient, String> {
        self.connect_to(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    /// The same with any address.
    pub fn connect_to(self, address: SocketAddr) -> Result<SecureClient, String> {
        let stream = connect_to(address);
        let ssl = openssl::ssl::Ssl::new(&self.0.build()).unwrap();
        match ssl.connect(stream) {
            Ok(stream) => Ok(SecureClient(stream)),
            Err(HandshakeError::Failure(failed)) => Err(failed.error().to_string()),
            Err(other) => Err(other.to_string()),
        }
    }
}

/// A connected client.
pub struct SecureClient(pub SslStream<TcpStream>);

impl SecureClient {
    /// Sends one inline request and reads what comes, up to the end of a line.
    pub fn ask(&mut self, request: &str) -> io::Result<String> {
        self.0.write_all(format!("{request}\r\n").as_bytes())?;
        self.line()
    }

    /// Reads a line.
    pub fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        let mut byte = [0];
        while byte != *b"\n" {
            if self.0.read(&mut byte)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            line.push(byte[0]);
        }
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}

/// A TCP connection to a loopback port.
pub fn connect(port: u16) -> TcpStream {
    connect_to(SocketAddr::from(([127, 0, 0, 1], port)))
}

fn connect_to(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("somebody listens");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}
