//! What goes wrong in TLS, in words.

use std::fmt;
use std::io;

use openssl::error::{Error, ErrorStack};
use openssl::ssl::{self, SslRef};
use openssl::x509::X509VerifyResult;

/// Why there was no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For the log; contains no secret.
    pub reason: String,
    /// The other end went away without a word, as probes of load balancers do.
    pub said_nothing: bool,
}

impl Failure {
    pub(super) fn because(reason: impl Into<String>) -> Self {
        Failure {
            reason: reason.into(),
            said_nothing: false,
        }
    }

    /// What a handshake ended with.
    pub(super) fn of_handshake(error: &ssl::Error, ssl: &SslRef) -> Self {
        let mut reason = reason(error);
        let verified = ssl.verify_result();
        if verified != X509VerifyResult::OK && reason.contains("certificate verify failed") {
            reason = format!("{reason}: {}", verified.error_string());
        }
        Failure::because(reason)
    }
}

/// A fault of an encrypted connection; the text of its `io::Error`.
#[derive(Debug)]
pub struct Broken(String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLS: {}", self.0)
    }
}

impl std::error::Error for Broken {}

/// Whether it is a fault of TLS, not of the socket beneath.
pub fn is_of_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Broken>())
}

/// An error of the library in short words.
pub(super) fn plain(error: io::Error) -> io::Error {
    match of_library(&error) {
        Some(inner) => io::Error::new(error.kind(), Broken(reason(inner))),
        None => error,
    }
}

/// The other end closed the socket without the goodbye of TLS.
pub(super) fn is_sudden_end(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof || of_library(error).is_some_and(is_end)
}

fn of_library(error: &io::Error) -> Option<&ssl::Error> {
    error.get_ref()?.downcast_ref()
}

fn is_end(error: &ssl::Error) -> bool {
    match error.ssl_error() {
        Some(stack) => {
            first(stack).is_some_and(|e| e.reason() == Some("unexpected eof while reading"))
        }
        // Libraries before OpenSSL 3.
        None => error.io_error().is_none(),
    }
}

fn reason(error: &ssl::Error) -> String {
    if is_end(error) {
        return "the other end closed the connection".to_owned();
    }
    if let Some(error) = error.io_error() {
        return os_words(error);
    }
    let words = error
        .ssl_error()
        .and_then(first)
        .and_then(Error::reason)
        .unwrap_or("unknown error");
    match words {
        "wrong version number" | "http request" | "packet length too long" => {
            format!("{words} (the other end does not speak TLS?)")
        }
        words => words.to_owned(),
    }
}

fn os_words(error: &io::Error) -> String {
    let text = error.to_string();
    let plain = text.split(" (os error").next().unwrap_or_default();
    plain.to_owned()
}

/// What went wrong first, as the library prints it: `error:<code>:<library>::<reason>`.
pub(super) fn library_text(stack: &ErrorStack) -> String {
    let Some(error) = first(stack) else {
        return "unknown error".to_owned();
    };
    #[allow(clippy::useless_conversion)] // It has 32 bits on other machines.
    let code = u64::from(error.code());
    if let Some(number) = code.checked_sub(OF_SYSTEM)
        && let Ok(number) = i32::try_from(number)
    {
        return system_text(&io::Error::from_raw_os_error(number));
    }
    let library = error.library().unwrap_or_default();
    let reason = error.reason().unwrap_or_default();
    format!("error:{code:08X}:{library}::{reason}")
}

/// OpenSSL 3 marks the numbers of the operating system with this bit.
const OF_SYSTEM: u64 = 0x8000_0000;

/// The same form for what the operating system says.
pub(super) fn system_text(error: &io::Error) -> String {
    let number = error.raw_os_error().and_then(|n| u64::try_from(n).ok());
    format!(
        "error:{:08X}:system library::{}",
        OF_SYSTEM | number.unwrap_or_default(),
        os_words(error)
    )
}

fn first(stack: &ErrorStack) -> Option<&Error> {
    stack.errors().first()
}
