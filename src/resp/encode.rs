//! Replies -> bytes, in the protocol of the connection.

use std::fmt::Write;

use bytes::{BufMut, Bytes, BytesMut};

use super::decimal::Decimal;
use super::raw_text::byte_of;
use super::reply::{Proto, Reply};

impl Reply {
    /// Appends the reply to `out`.
    ///
    /// Recursion is as deep as the reply, which only our own commands build: a few levels.
    pub fn encode(&self, proto: Proto, out: &mut BytesMut) {
        let resp3 = proto == Proto::Resp3;
        match self {
            Reply::Simple(text) => line(out, b'+', text),
            Reply::Error(text) => line(out, b'-', text),
            Reply::Int(n) => {
                out.put_u8(b':');
                out.put_slice(Decimal::of(*n).as_bytes());
                out.put_slice(b"\r\n");
            }
            Reply::Bulk(bytes) => bulk(out, bytes),
            Reply::Null | Reply::NullArray if resp3 => out.put_slice(b"_\r\n"),
            Reply::Null => out.put_slice(b"$-1\r\n"),
            Reply::NullArray => out.put_slice(b"*-1\r\n"),
            Reply::Array(items) => list(out, b'*', items, proto),
            Reply::Set(items) => list(out, if resp3 { b'~' } else { b'*' }, items, proto),
            Reply::Push(items) => list(out, if resp3 { b'>' } else { b'*' }, items, proto),
            Reply::Map(pairs) => {
                if resp3 {
                    header(out, b'%', pairs.len());
                } else {
                    header(out, b'*', pairs.len() * 2);
                }
                for (key, value) in pairs {
                    key.encode(proto, out);
                    value.encode(proto, out);
                }
            }
            Reply::Fields(fields) => {
                if resp3 {
                    header(out, b'%', fields.pairs);
                } else {
                    header(out, b'*', fields.pairs * 2);
                }
                out.put_slice(&fields.encoded);
            }
            Reply::Double(x) if resp3 => {
                // Writing to a growing buffer cannot fail.
                let _ = write!(out, ",{}\r\n", DoubleText(*x));
            }
            Reply::Double(x) => bulk(out, DoubleText(*x).to_string().as_bytes()),
            Reply::Verbatim(bytes) if resp3 => {
                header(out, b'=', bytes.len() + 4);
                out.put_slice(b"txt:");
                out.put_slice(bytes);
                out.put_slice(b"\r\n");
            }
            Reply::Verbatim(bytes) => bulk(out, bytes),
        }
    }

    /// The bytes of the reply, to be shared between connections of one protocol.
    pub fn to_bytes(&self, proto: Proto) -> Bytes {
        self.to_bytes_of_about(0, proto)
    }

    /// The same for one that takes about so many bytes.
    pub fn to_bytes_of_about(&self, length: usize, proto: Proto) -> Bytes {
        let mut out = BytesMut::with_capacity(length + length / 16);
        self.encode(proto, &mut out);
        out.freeze()
    }
}

/// A double as both protocols write it: the shortest text that reads back as the same number.
struct DoubleText(f64);

impl std::fmt::Display for DoubleText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_nan() {
            f.write_str("nan")
        } else {
            write!(f, "{}", self.0)
        }
    }
}

fn header(out: &mut BytesMut, kind: u8, count: usize) {
    // Nearly all are short, and a long listing has thousands.
    let digit = |n: usize| b'0' + (n % 10) as u8;
    match count {
        0..=9 => out.put_slice(&[kind, digit(count), b'\r', b'\n']),
        10..=99 => out.put_slice(&[kind, digit(count / 10), digit(count), b'\r', b'\n']),
        _ => {
            out.put_u8(kind);
            out.put_slice(Decimal::of(count as u64).as_bytes());
            out.put_slice(b"\r\n");
        }
    }
}

/// A status or error line: one line whatever the text; CR and LF become spaces, a NUL ends it.
fn line(out: &mut BytesMut, kind: u8, text: &str) {
    out.put_u8(kind);
    for c in text.chars().take_while(|&c| c != '\0') {
        match c {
            '\r' | '\n' => out.put_u8(b' '),
            c => match byte_of(c) {
                Some(byte) => out.put_u8(byte),
                None => out.put_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            },
        }
    }
    out.put_slice(b"\r\n");
}

/// Appends the header of an array.
pub fn array(out: &mut BytesMut, count: usize) {
    header(out, b'*', count);
}

/// Appends a bulk string.
pub fn bulk(out: &mut BytesMut, bytes: &[u8]) {
    header(out, b'$', bytes.len());
    out.put_slice(bytes);
    out.put_slice(b"\r\n");
}

fn list(out: &mut BytesMut, kind: u8, items: &[Reply], proto: Proto) {
    header(out, kind, items.len());
    for item in items {
        item.encode(proto, out);
    }
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
