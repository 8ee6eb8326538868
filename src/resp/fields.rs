//! The fields of a record in a listing: names and values, encoded as they are listed.

use bytes::BytesMut;

use super::decimal::Decimal;
use super::encode::bulk;

/// The names and values of a [`super::Reply::Fields`], each one a bulk string.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields {
    pub(super) pairs: usize,
    pub(super) encoded: BytesMut,
}

/// What most records of a listing take, in bytes.
const USUAL_FIELDS: usize = 1024;

impl Default for Fields {
    /// None yet.
    fn default() -> Self {
        Fields {
            pairs: 0,
            encoded: BytesMut::with_capacity(USUAL_FIELDS),
        }
    }
}

impl Fields {
    /// Appends a field with a text.
    pub fn text(&mut self, name: &Name, value: &str) {
        self.pairs += 1;
        self.encoded.extend_from_slice(name.encoded());
        bulk(&mut self.encoded, value.as_bytes());
    }

    /// Appends a field with a number.
    pub fn number(&mut self, name: &Name, value: impl Into<i128>) {
        self.pairs += 1;
        self.encoded.extend_from_slice(name.encoded());
        bulk(&mut self.encoded, Decimal::of(value).as_bytes());
    }

    /// The encoded names and values.
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }
}

/// The name of a field, encoded when the program is built.
#[derive(Clone, Copy, Debug)]
pub struct Name {
    encoded: [u8; Name::ROOM],
    length: usize,
}

impl Name {
    const ROOM: usize = 40;

    /// A name of 1 to 32 bytes.
    pub const fn new(name: &str) -> Self {
        let (name, mut length) = (name.as_bytes(), 0);
        let mut encoded = [0; Name::ROOM];
        let count = name.len() as u8;
        let header = [b'$', b'0' + count / 10, b'0' + count % 10, b'\r', b'\n'];
        let mut at = 0;
        while at < header.len() {
            // No leading zero.
            if at != 1 || count >= 10 {
                encoded[length] = header[at];
                length += 1;
            }
            at += 1;
        }
        at = 0;
        while at < name.len() {
            encoded[length] = name[at];
            length += 1;
            at += 1;
        }
        encoded[length] = b'\r';
        encoded[length + 1] = b'\n';
        length += 2;
        Name { encoded, length }
    }

    fn encoded(&self) -> &[u8] {
        &self.encoded[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::{Proto, Reply};

    #[test]
    fn fields_are_a_map_of_bulk_strings() {
        const LONG: Name = Name::new("down-after-milliseconds");
        let mut fields = Fields::default();
        fields.text(&const { Name::new("ip") }, "");
        fields.text(&const { Name::new("name-of-10") }, "x");
        fields.number(&LONG, u64::MAX);
        fields.number(&const { Name::new("link-pen") }, -10_i64);
        let map = Reply::Map(vec![
            (Reply::bulk("ip"), Reply::bulk("")),
            (Reply::bulk("name-of-10"), Reply::bulk("x")),
            (
                Reply::bulk("down-after-milliseconds"),
                Reply::number(u64::MAX),
            ),
            (Reply::bulk("link-pen"), Reply::number(-10)),
        ]);
        for proto in [Proto::Resp2, Proto::Resp3] {
            let fields = Reply::Fields(fields.clone());
            assert_eq!(fields.to_bytes(proto), map.to_bytes(proto));
        }
    }
}
