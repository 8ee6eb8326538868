//! PING, how its reply reads, and SCRIPT KILL, which a BUSY reply may call for.

use super::command::{Renames, write};
use super::frame::{Frame, shown};
use super::types::PingVerdict;

/// Appends `PING`.
pub fn encode(words: &Renames, out: &mut Vec<u8>) {
    write(words, "PING", &[], out);
}

/// Appends `SCRIPT KILL`.
pub fn encode_script_kill(words: &Renames, out: &mut Vec<u8>) {
    write(words, "SCRIPT", &[b"KILL"], out);
}

/// Classifies a reply to PING by its case-sensitive prefix, which is all that the field looks
/// at: `+PONGX` is valid. A reply that is neither status nor error is `Other`.
pub fn classify(reply: &Frame) -> PingVerdict {
    let (Frame::Status(text) | Frame::Error(text)) = reply else {
        return PingVerdict::Other(reply.kind().to_owned());
    };
    match text {
        _ if text.starts_with(b"PONG") => PingVerdict::Pong,
        _ if text.starts_with(b"LOADING") => PingVerdict::Loading,
        _ if text.starts_with(b"MASTERDOWN") => PingVerdict::MasterDown,
        _ if text.starts_with(b"BUSY") => PingVerdict::Busy,
        _ => PingVerdict::Other(shown(text)),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn ping_and_script_kill_are_spelled_plainly() {
        let mut out = Vec::new();
        encode(&Renames::new(), &mut out);
        encode_script_kill(&Renames::new(), &mut out);
        assert_eq!(
            out,
            b"*1\r\n$4\r\nPING\r\n*2\r\n$6\r\nSCRIPT\r\n$4\r\nKILL\r\n"
        );
    }

    #[test]
    fn the_prefix_of_a_status_or_error_decides() {
        let table = [
            ("PONG", PingVerdict::Pong),
            ("PONGX", PingVerdict::Pong),
            ("pong", PingVerdict::Other("pong".into())),
            (
                "LOADING Redis is loading the dataset in memory",
                PingVerdict::Loading,
            ),
            (
                "MASTERDOWN Link with MASTER is down",
                PingVerdict::MasterDown,
            ),
            ("BUSYX", PingVerdict::Busy),
            ("BUS", PingVerdict::Other("BUS".into())),
            ("", PingVerdict::Other(String::new())),
            (
                "NOAUTH Authentication required.",
                PingVerdict::Other("NOAUTH Authentication required.".into()),
            ),
        ];
        for (text, verdict) in table {
            let text = Bytes::from_static(text.as_bytes());
            assert_eq!(classify(&Frame::Status(text.clone())), verdict);
            assert_eq!(classify(&Frame::Error(text)), verdict);
        }
    }

    #[test]
    fn a_reply_of_another_type_is_not_valid() {
        let pong = Bytes::from_static(b"PONG");
        for reply in [
            Frame::Bulk(pong.clone()),
            Frame::Array(vec![Frame::Status(pong)]),
        ] {
            assert!(matches!(classify(&reply), PingVerdict::Other(_)));
        }
        assert!(matches!(
            classify(&Frame::Integer(1)),
            PingVerdict::Other(_)
        ));
        assert!(matches!(classify(&Frame::Null), PingVerdict::Other(_)));
    }
}
