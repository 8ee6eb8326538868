//! Replies to bytes (RESP2).

use bytes::{BufMut, Bytes, BytesMut};

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// `+text`
    Status(&'static str),
    /// `-text`
    Error(String),
    /// `:number`
    Integer(i64),
    /// A bulk string.
    Bulk(Bytes),
    /// The null bulk string.
    Null,
    /// An array.
    Array(Vec<Reply>),
    /// Several replies to one request, as SUBSCRIBE gives them.
    Several(Vec<Reply>),
    /// Bytes as they are: the start of a replication stream.
    Raw(Bytes),
}

impl Reply {
    pub(crate) const OK: Reply = Reply::Status("OK");

    pub(crate) fn error(text: impl Into<String>) -> Self {
        Reply::Error(text.into())
    }

    pub(crate) fn bulk(text: impl AsRef<[u8]>) -> Self {
        Reply::Bulk(Bytes::copy_from_slice(text.as_ref()))
    }

    pub(crate) fn write_to(&self, out: &mut BytesMut) {
        match self {
            Reply::Status(text) => line(out, b'+', text),
            Reply::Error(text) => line(out, b'-', text),
            Reply::Integer(value) => line(out, b':', &value.to_string()),
            Reply::Bulk(bytes) => write_bulk(out, bytes),
            Reply::Null => out.put_slice(b"$-1\r\n"),
            Reply::Array(items) => {
                line(out, b'*', &items.len().to_string());
                items.iter().for_each(|item| item.write_to(out));
            }
            Reply::Several(items) => items.iter().for_each(|item| item.write_to(out)),
            Reply::Raw(bytes) => out.put_slice(bytes),
        }
    }

    pub(crate) fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::new();
        self.write_to(&mut out);
        out.freeze()
    }
}

/// A request as an array of bulk strings: what replication streams consist of.
pub(crate) fn request_bytes(words: &[impl AsRef<[u8]>]) -> Bytes {
    let mut out = BytesMut::new();
    line(&mut out, b'*', &words.len().to_string());
    words
        .iter()
        .for_each(|word| write_bulk(&mut out, word.as_ref()));
    out.freeze()
}

fn line(out: &mut BytesMut, mark: u8, text: &str) {
    out.put_u8(mark);
    out.put_slice(text.as_bytes());
    out.put_slice(b"\r\n");
}

fn write_bulk(out: &mut BytesMut, bytes: &[u8]) {
    line(out, b'$', &bytes.len().to_string());
    out.put_slice(bytes);
    out.put_slice(b"\r\n");
}
