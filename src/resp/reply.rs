//! What is said to a client, before it is encoded for the protocol the client speaks.

use std::borrow::Cow;

use bytes::Bytes;

use super::fields::Fields;

/// The protocol version of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proto {
    /// RESP2: how every connection starts.
    #[default]
    Resp2,
    /// RESP3, after `HELLO 3`.
    Resp3,
}

/// A reply or a push.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// `+text`
    Simple(Cow<'static, str>),
    /// `-text`: the whole line with its code; CR and LF become spaces, cut at a NUL.
    Error(Cow<'static, str>),
    /// `:n`
    Int(i64),
    /// `$n`
    Bulk(Bytes),
    /// `$-1`, RESP3 `_`
    Null,
    /// `*-1`, RESP3 `_`
    NullArray,
    /// `*n`
    Array(Vec<Reply>),
    /// Flat `*2n`, RESP3 `%n`
    Map(Vec<(Reply, Reply)>),
    /// A map of bulk strings that are encoded already: long listings are many of these.
    Fields(Fields),
    /// `*n`, RESP3 `~n`
    Set(Vec<Reply>),
    /// `*n`, RESP3 `>n`
    Push(Vec<Reply>),
    /// Bulk, RESP3 `,x`
    Double(f64),
    /// Bulk, RESP3 `=len txt:…`
    Verbatim(Bytes),
}

impl Reply {
    /// `+OK`
    pub const OK: Reply = Reply::Simple(Cow::Borrowed("OK"));

    /// A bulk string of a text.
    pub fn bulk(text: &str) -> Reply {
        Reply::Bulk(Bytes::copy_from_slice(text.as_bytes()))
    }

    /// A bulk string of a number, as listings show numbers.
    pub fn number(n: impl std::fmt::Display) -> Reply {
        Reply::Bulk(Bytes::from(n.to_string()))
    }

    /// An error whose text already has its code.
    pub fn error(text: impl Into<Cow<'static, str>>) -> Reply {
        Reply::Error(text.into())
    }
}
