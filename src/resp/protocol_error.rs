//! What a client is told when its bytes are not a request. After one of these the connection is
//! closed; the texts are wire format.

use std::fmt;

use bytes::{BufMut, BytesMut};

/// Why the input can not be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ProtocolError {
    UnbalancedQuotes,
    InlineTooBig,
    CountTooBig,
    InvalidCount,
    UnauthenticatedCount,
    LengthTooBig,
    /// The byte that stood where a `$` had to.
    ExpectedDollar(u8),
    InvalidLength,
    UnauthenticatedLength,
}

impl ProtocolError {
    /// Writes the whole error line, CRLF included. The offending byte goes out as it came, CR and
    /// LF as a space; a NUL ends the text.
    pub fn encode(self, out: &mut BytesMut) {
        out.put_slice(b"-ERR Protocol error: ");
        match self {
            ProtocolError::ExpectedDollar(byte) => {
                out.put_slice(b"expected '$', got '");
                match byte {
                    0 => {}
                    b'\r' | b'\n' => out.put_slice(b" '"),
                    _ => out.put_slice(&[byte, b'\'']),
                }
            }
            other => out.put_slice(other.text().as_bytes()),
        }
        out.put_slice(b"\r\n");
    }

    fn text(self) -> &'static str {
        match self {
            ProtocolError::UnbalancedQuotes => "unbalanced quotes in request",
            ProtocolError::InlineTooBig => "too big inline request",
            ProtocolError::CountTooBig => "too big mbulk count string",
            ProtocolError::InvalidCount => "invalid multibulk length",
            ProtocolError::UnauthenticatedCount => "unauthenticated multibulk length",
            ProtocolError::LengthTooBig => "too big bulk count string",
            ProtocolError::ExpectedDollar(_) => "expected '$'",
            ProtocolError::InvalidLength => "invalid bulk length",
            ProtocolError::UnauthenticatedLength => "unauthenticated bulk length",
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for ProtocolError {}
