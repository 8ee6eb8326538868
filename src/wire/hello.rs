//! The hello: how sentinels find each other and spread a master's address. Published on the
//! channel `__sentinel__:hello` of every server, and directly to every peer.

use std::fmt::{self, Write};

use crate::types::{Epoch, MasterName, RunId};

use super::command::{Renames, write};
use super::frame::Frame;
use super::number::leading_i64;

/// The channel.
pub const CHANNEL: &[u8] = b"__sentinel__:hello";

/// A longer payload is cut to this many bytes.
pub const MAX_PAYLOAD: usize = 1069;

/// The eight fields of a hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The sender's announced host; any text.
    pub ip: String,
    /// The sender's announced port; not range-checked.
    pub port: i64,
    /// The sender's id; any text.
    pub id: RunId,
    /// The sender's current epoch.
    pub current_epoch: Epoch,
    /// The master it speaks of.
    pub master: MasterName,
    /// That master's effective host in the sender's announce form.
    pub master_host: String,
    /// That master's effective port; not range-checked.
    pub master_port: i64,
    /// The epoch of that configuration.
    pub config_epoch: Epoch,
}

/// The eight fields as they stand in a payload: to see what is new before anything is kept.
#[derive(Clone, Copy, Debug)]
pub struct HelloText<'a> {
    /// See [`Hello::ip`].
    pub ip: &'a str,
    /// See [`Hello::port`].
    pub port: i64,
    /// See [`Hello::id`].
    pub id: &'a str,
    /// See [`Hello::current_epoch`].
    pub current_epoch: Epoch,
    /// See [`Hello::master`].
    pub master: &'a str,
    /// See [`Hello::master_host`].
    pub master_host: &'a str,
    /// See [`Hello::master_port`].
    pub master_port: i64,
    /// See [`Hello::config_epoch`].
    pub config_epoch: Epoch,
}

impl<'a> HelloText<'a> {
    /// Reads a payload; see [`Hello::parse`].
    pub fn parse(text: &'a str) -> Option<Self> {
        if text.len() > MAX_PAYLOAD {
            return None;
        }
        let mut fields = [""; 8];
        let (mut field, mut start) = (0, 0);
        for (at, byte) in text.bytes().enumerate() {
            if byte == b',' {
                *fields.get_mut(field)? = &text[start..at];
                (field, start) = (field + 1, at + 1);
            }
        }
        *fields.get_mut(field)? = &text[start..];
        if field != 7 {
            return None;
        }
        let [ip, port, id, current, master, host, master_port, config] = fields;
        Some(HelloText {
            ip,
            port: leading_i64(port),
            id,
            current_epoch: Epoch::parse_lenient(current)?,
            master,
            master_host: host,
            master_port: leading_i64(master_port),
            config_epoch: Epoch::parse_lenient(config)?,
        })
    }
}

impl Hello {
    /// Reads a payload; `None` when it is malformed: longer than [`MAX_PAYLOAD`], which no
    /// sentinel sends (and what a hello names is kept), not exactly eight comma-separated fields, or
    /// an epoch that is negative or above 2^63−1 (no sentinel sends one, and adopting one would
    /// poison the epochs of all). Numbers are otherwise read leniently: the leading integer
    /// counts, garbage is 0.
    pub fn parse(text: &str) -> Option<Self> {
        let fields = HelloText::parse(text)?;
        Some(Hello {
            ip: fields.ip.to_owned(),
            port: fields.port,
            id: RunId::new(fields.id),
            current_epoch: fields.current_epoch,
            master: MasterName::new(fields.master),
            master_host: fields.master_host.to_owned(),
            master_port: fields.master_port,
            config_epoch: fields.config_epoch,
        })
    }

    /// The payload, cut at [`MAX_PAYLOAD`] bytes (or just before the character that this would
    /// split). A cut hello is malformed to its receivers; so is one of a name with a comma. Half
    /// of the last number would be another epoch: then the whole field goes.
    pub fn payload(&self) -> String {
        let names = [
            self.ip.len(),
            self.id.as_str().len(),
            self.master.as_str().len(),
        ];
        let mut text =
            String::with_capacity(names.iter().sum::<usize>() + self.master_host.len() + 48);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{},{},{},{},{},{},{},{}",
            self.ip,
            self.port,
            self.id,
            self.current_epoch,
            self.master,
            self.master_host,
            self.master_port,
            self.config_epoch,
        );
        if text.len() > MAX_PAYLOAD {
            let whole = (0..=MAX_PAYLOAD)
                .rev()
                .find(|&end| text.is_char_boundary(end));
            text.truncate(whole.unwrap_or(0));
            if let Some(last) = text.rfind(',').filter(|_| text.matches(',').count() == 7) {
                text.truncate(last);
            }
        }
        text
    }
}

/// The payload as it goes out.
impl fmt::Display for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.payload())
    }
}

/// Appends `PUBLISH __sentinel__:hello payload`.
pub fn encode(words: &Renames, payload: &str, out: &mut Vec<u8>) {
    write(words, "PUBLISH", &[CHANNEL, payload.as_bytes()], out);
}

/// The payload, if this element of a subscribed connection is a message on the hello channel.
/// Bytes that are not UTF-8 are replaced: they cannot be part of a name that we monitor.
pub fn heard(element: &Frame) -> Option<String> {
    let Frame::Array(items) = element else {
        return None;
    };
    let [
        Frame::Bulk(kind),
        Frame::Bulk(channel),
        Frame::Bulk(payload),
    ] = items.as_slice()
    else {
        return None;
    };
    let is_hello = kind.as_ref() == b"message" && channel.as_ref() == CHANNEL;
    is_hello.then(|| String::from_utf8_lossy(payload).into_owned())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "10.0.0.1,26379,0123456789abcdef,7,mymaster,10.0.0.2,6379,5";

    fn epoch(n: u64) -> Epoch {
        Epoch::new(n).unwrap()
    }

    #[test]
    fn the_eight_fields_are_read_and_written_in_order() {
        let hello = Hello {
            ip: "10.0.0.1".into(),
            port: 26379,
            id: RunId::new("0123456789abcdef"),
            current_epoch: epoch(7),
            master: MasterName::new("mymaster"),
            master_host: "10.0.0.2".into(),
            master_port: 6379,
            config_epoch: epoch(5),
        };
        assert_eq!(Hello::parse(TEXT), Some(hello.clone()));
        assert_eq!(hello.to_string(), TEXT);
    }

    #[test]
    fn only_exactly_eight_fields_make_a_hello() {
        for text in [
            "",
            "a",
            "1,2,3,4,5,6,7",
            "1,2,3,4,5,6,7,8,9",
            "1,2,3,4,5,6,7,8,",
        ] {
            assert_eq!(Hello::parse(text), None, "{text:?}");
        }
        assert!(Hello::parse(",,,,,,,").is_some());
    }

    #[test]
    fn garbage_numbers_are_zero_and_trailing_garbage_is_dropped() {
        let hello = Hello::parse("h,x,i,,m,mh,-5z,3x").unwrap();
        assert_eq!((hello.port, hello.master_port), (0, -5));
        assert_eq!(
            (hello.current_epoch, hello.config_epoch),
            (epoch(0), epoch(3))
        );
    }

    #[test]
    fn an_epoch_that_is_negative_or_above_the_signed_range_makes_it_malformed() {
        for bad in [
            "-1",
            "9223372036854775808",
            "18446744073709551615",
            "99999999999999999999",
        ] {
            assert_eq!(
                Hello::parse(&format!("h,1,i,{bad},m,mh,2,3")),
                None,
                "{bad}"
            );
            assert_eq!(
                Hello::parse(&format!("h,1,i,3,m,mh,2,{bad}")),
                None,
                "{bad}"
            );
        }
        assert!(Hello::parse("h,1,i,9223372036854775807,m,mh,2,3").is_some());
    }

    #[test]
    fn a_payload_is_cut_at_1069_bytes_without_splitting_a_character() {
        let mut hello = Hello::parse(TEXT).unwrap();
        hello.master = MasterName::new(&"x".repeat(2000));
        assert_eq!(hello.payload().len(), 1069);
        hello.master = MasterName::new(&"é".repeat(1000));
        assert!((1068..=1069).contains(&hello.payload().len()));
    }

    #[test]
    fn a_payload_cut_within_its_last_number_is_no_hello_at_all() {
        let mut hello = Hello::parse(TEXT).unwrap();
        hello.config_epoch = epoch(123_456);
        hello.master = MasterName::new(&"x".repeat(8 + MAX_PAYLOAD - TEXT.len()));
        assert_eq!(Hello::parse(&hello.payload()), None);
    }

    #[test]
    fn a_payload_that_no_sentinel_sends_is_no_hello() {
        let of_length =
            |length: usize| TEXT.replace("mymaster", &"x".repeat(8 + length - TEXT.len()));
        assert!(Hello::parse(&of_length(MAX_PAYLOAD)).is_some());
        assert!(Hello::parse(&of_length(MAX_PAYLOAD + 1)).is_none());
    }

    #[test]
    fn publish_names_the_channel_and_the_payload() {
        let mut out = Vec::new();
        encode(&Renames::new(), "a,b", &mut out);
        assert_eq!(
            out,
            b"*3\r\n$7\r\nPUBLISH\r\n$18\r\n__sentinel__:hello\r\n$3\r\na,b\r\n"
        );
    }

    #[test]
    fn only_a_message_on_the_hello_channel_is_heard() {
        let bulk = |text: &'static [u8]| Frame::Bulk(Bytes::from_static(text));
        let push = |kind, channel, text| Frame::Array(vec![bulk(kind), bulk(channel), bulk(text)]);
        assert_eq!(
            heard(&push(b"message", CHANNEL, b"a,b")),
            Some("a,b".into())
        );
        assert_eq!(
            heard(&push(b"message", CHANNEL, b"\xff")),
            Some("\u{fffd}".into())
        );
        assert_eq!(heard(&push(b"message", b"other", b"a,b")), None);
        assert_eq!(heard(&push(b"pmessage", CHANNEL, b"a,b")), None);
        let confirmation = vec![bulk(b"subscribe"), bulk(CHANNEL), Frame::Integer(1)];
        assert_eq!(heard(&Frame::Array(confirmation)), None);
        assert_eq!(heard(&bulk(b"message")), None);
    }

    proptest! {
        #[test]
        fn any_text_reads_without_panic_and_what_is_written_reads_back(text in "\\PC{0,60}|[-+,0-9a ]{0,60}") {
            if let Some(hello) = Hello::parse(&text) {
                prop_assert_eq!(Hello::parse(&hello.payload()), Some(hello));
            }
        }
    }
}
