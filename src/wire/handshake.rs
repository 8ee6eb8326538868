//! The first words on a fresh connection: AUTH, CLIENT SETNAME, SUBSCRIBE.

use super::command::{Renames, write};
use super::frame::{Frame, shown};
use super::hello::CHANNEL;

/// Appends `AUTH pass`, or `AUTH user pass` when there is a user.
pub fn encode_auth(words: &Renames, user: Option<&str>, pass: &[u8], out: &mut Vec<u8>) {
    match user {
        Some(user) => write(words, "AUTH", &[user.as_bytes(), pass], out),
        None => write(words, "AUTH", &[pass], out),
    }
}

/// Appends `CLIENT SETNAME name`.
pub fn encode_set_name(words: &Renames, name: &str, out: &mut Vec<u8>) {
    write(words, "CLIENT", &[b"SETNAME", name.as_bytes()], out);
}

/// Appends `SUBSCRIBE __sentinel__:hello`.
pub fn encode_subscribe(words: &Renames, out: &mut Vec<u8>) {
    write(words, "SUBSCRIBE", &[CHANNEL], out);
}

/// Reads the reply to AUTH: the error text if it was refused.
///
/// A server that does not know the word AUTH quotes its arguments in the error, and so the
/// password; what follows the first quote is therefore left out of the text.
pub fn read_auth(reply: &Frame) -> Result<(), String> {
    let Frame::Error(text) = reply else {
        return Ok(());
    };
    let quote = text.iter().position(|b| matches!(b, b'\'' | b'`' | b'"'));
    Err(shown(text[..quote.unwrap_or(text.len())].trim_ascii_end()))
}

/// Reads the reply to a request for which only an error matters: the error text.
pub fn read_refusal(reply: &Frame) -> Result<(), String> {
    reply.error_text().map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn bytes(encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        encode(&mut out);
        out
    }

    fn error(text: &'static str) -> Frame {
        Frame::Error(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn the_first_words_are_spelled_as_the_field_spells_them() {
        let none = Renames::new();
        assert_eq!(
            bytes(|out| encode_auth(&none, None, b"s3", out)),
            b"*2\r\n$4\r\nAUTH\r\n$2\r\ns3\r\n"
        );
        assert_eq!(
            bytes(|out| encode_auth(&none, Some("bob"), b"s3", out)),
            b"*3\r\n$4\r\nAUTH\r\n$3\r\nbob\r\n$2\r\ns3\r\n"
        );
        assert_eq!(
            bytes(|out| encode_set_name(&none, "sentinel-01234567-cmd", out)),
            b"*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$21\r\nsentinel-01234567-cmd\r\n"
        );
        assert_eq!(
            bytes(|out| encode_subscribe(&none, out)),
            b"*2\r\n$9\r\nSUBSCRIBE\r\n$18\r\n__sentinel__:hello\r\n"
        );
    }

    #[test]
    fn a_password_quoted_by_the_server_does_not_reach_the_text() {
        let refused = "ERR unknown command 'AUTH', with args beginning with: 'hunter2' ";
        assert_eq!(
            read_auth(&error(refused)),
            Err("ERR unknown command".into())
        );
        let old = "ERR unknown command `AUTH`, with args beginning with: `hunter2`, ";
        assert_eq!(read_auth(&error(old)), Err("ERR unknown command".into()));
    }

    #[test]
    fn a_wrong_password_keeps_its_text() {
        let text = "WRONGPASS invalid username-password pair or user is disabled.";
        assert_eq!(read_auth(&error(text)), Err(text.into()));
        assert_eq!(read_auth(&Frame::Status(Bytes::from_static(b"OK"))), Ok(()));
    }
}
