//! Cutting the bytes of a server into replies (RESP2).
//!
//! A guard measures a reply before it is decoded: how long it is, how deep it nests, how many
//! elements it has. So a hostile server can neither overflow the stack of the recursive decoder
//! nor make us hold more than [`MAX_REPLY`] bytes, and a reply that arrives in many pieces is
//! looked at once, not once per piece.

use std::fmt;

use bytes::{Bytes, BytesMut};
use redis_protocol::resp2::decode::decode_range;
use redis_protocol::resp2::types::RangeFrame;

/// The longest reply that is read, in bytes. The longest legitimate one is INFO of a master: one
/// line of about 100 bytes for each replica, so this leaves room for over 100,000 replicas.
pub const MAX_REPLY: usize = 16 << 20;

/// The longest line (status, error, number, length) that is read, in bytes. Servers cut the
/// arguments they quote in errors to some hundred bytes.
pub const MAX_LINE: usize = 64 << 10;

/// How deep arrays may nest. No reply to what a sentinel asks nests deeper than 1.
pub const MAX_DEPTH: usize = 8;

/// How many elements a reply may have. The widest reply to what a sentinel asks has 5.
pub const MAX_ELEMENTS: usize = 1024;

/// One reply or push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// `+…`; not necessarily UTF-8.
    Status(Bytes),
    /// `-…`; not necessarily UTF-8.
    Error(Bytes),
    /// `:…`
    Integer(i64),
    /// `$…`
    Bulk(Bytes),
    /// `*…`
    Array(Vec<Frame>),
    /// `$-1` or `*-1`
    Null,
}

impl Frame {
    /// The error's text for people, if this is an error: see [`shown`].
    pub fn error_text(&self) -> Option<String> {
        match self {
            Frame::Error(text) => Some(shown(text)),
            _ => None,
        }
    }

    /// What kind of reply it is, for texts about unexpected ones.
    pub fn kind(&self) -> &'static str {
        match self {
            Frame::Status(_) => "a status",
            Frame::Error(_) => "an error",
            Frame::Integer(_) => "an integer",
            Frame::Bulk(_) => "a bulk string",
            Frame::Array(_) => "an array",
            Frame::Null => "a null",
        }
    }
}

/// A server's text made fit for a log line: valid UTF-8, no control characters, at most about
/// 300 characters.
pub fn shown(text: &[u8]) -> String {
    const MAX_SHOWN: usize = 300;
    let cut = &text[..text.len().min(4 * MAX_SHOWN)];
    let clean = String::from_utf8_lossy(cut);
    clean
        .chars()
        .take(MAX_SHOWN)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Why a server's bytes cannot be read on. The connection is of no more use then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// Longer than [`MAX_REPLY`] or [`MAX_LINE`].
    TooLong,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// More than [`MAX_ELEMENTS`] elements.
    TooMany,
    /// Not RESP2.
    Malformed,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FrameError::TooLong => "protocol error: reply too long",
            FrameError::TooDeep => "protocol error: reply nested too deeply",
            FrameError::TooMany => "protocol error: reply has too many elements",
            FrameError::Malformed => "protocol error: not a RESP2 reply",
        })
    }
}

impl std::error::Error for FrameError {}

/// Collects bytes as they arrive and gives whole replies. Between replies it holds no memory.
#[derive(Debug, Default)]
pub struct FrameReader {
    buffer: BytesMut,
    guard: Guard,
}

impl FrameReader {
    /// Adds bytes as received.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole reply; `None` until more bytes arrive. After an error, only more errors
    /// can follow.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
            return Ok(None);
        }
        let Some(len) = self.guard.measure(&self.buffer)? else {
            return Ok(None);
        };
        self.guard = Guard::default();
        decode(&self.buffer.split_to(len).freeze()).map(Some)
    }
}

/// Decodes exactly one reply that the guard has measured.
fn decode(reply: &Bytes) -> Result<Frame, FrameError> {
    match decode_range(reply) {
        Ok(Some((ranges, len))) if len == reply.len() => Ok(build(reply, ranges)),
        _ => Err(FrameError::Malformed),
    }
}

/// Fills in the bytes. (The library's own frames demand UTF-8 in errors; servers do not.)
fn build(reply: &Bytes, ranges: RangeFrame) -> Frame {
    let cut = |(from, to): (usize, usize)| reply.slice(from..to);
    match ranges {
        RangeFrame::SimpleString(range) => Frame::Status(cut(range)),
        RangeFrame::Error(range) => Frame::Error(cut(range)),
        RangeFrame::Integer(n) => Frame::Integer(n),
        RangeFrame::BulkString(range) => Frame::Bulk(cut(range)),
        RangeFrame::Array(items) => {
            Frame::Array(items.into_iter().map(|item| build(reply, item)).collect())
        }
        RangeFrame::Null => Frame::Null,
    }
}

/// Where in a growing buffer the measuring of one reply stands.
#[derive(Debug, Default)]
struct Guard {
    /// Where the next element begins.
    at: usize,
    /// Up to where the search for the end of its first line has found nothing.
    searched: usize,
    /// How many elements each open array still lacks.
    open: Vec<usize>,
    /// How many elements were seen.
    elements: usize,
}

impl Guard {
    /// The length of the first reply in `buffer`, once it is whole. Called again with the same
    /// bytes and more behind them, it goes on where it stopped.
    fn measure(&mut self, buffer: &[u8]) -> Result<Option<usize>, FrameError> {
        loop {
            let Some(line_end) = self.line_end(buffer)? else {
                return Ok(None);
            };
            let line = &buffer[self.at..line_end];
            let mut end = line_end + 2;
            match line.first() {
                Some(b'+' | b'-' | b':') => {}
                Some(b'$') => {
                    if let Some(len) = length(&line[1..])? {
                        end += len + 2;
                        if end > MAX_REPLY {
                            return Err(FrameError::TooLong);
                        }
                        if buffer.len() < end {
                            return Ok(None);
                        }
                        if &buffer[end - 2..end] != b"\r\n" {
                            return Err(FrameError::Malformed);
                        }
                    }
                }
                Some(b'*') => {
                    if let Some(len @ 1..) = length(&line[1..])? {
                        self.enter(len)?;
                        self.advance_to(end)?;
                        continue;
                    }
                }
                _ => return Err(FrameError::Malformed),
            }
            self.advance_to(end)?;
            if self.close_element() {
                return Ok(Some(end));
            }
        }
    }

    /// Where the first line of the current element ends (at its CR).
    fn line_end(&mut self, buffer: &[u8]) -> Result<Option<usize>, FrameError> {
        let from = self.searched.max(self.at);
        let found = buffer[from..].windows(2).position(|pair| pair == b"\r\n");
        let seen = found.map_or(buffer.len(), |n| from + n);
        if seen - self.at > MAX_LINE {
            return Err(FrameError::TooLong);
        }
        // The last byte may be the CR of a CRLF still to come.
        self.searched = if found.is_some() {
            seen
        } else {
            from.max(buffer.len().max(1) - 1)
        };
        Ok(found.map(|_| seen))
    }

    fn enter(&mut self, len: usize) -> Result<(), FrameError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(FrameError::TooDeep);
        }
        if len > MAX_ELEMENTS {
            return Err(FrameError::TooMany);
        }
        self.open.push(len);
        Ok(())
    }

    fn advance_to(&mut self, end: usize) -> Result<(), FrameError> {
        self.at = end;
        self.elements += 1;
        match () {
            () if end > MAX_REPLY => Err(FrameError::TooLong),
            () if self.elements > MAX_ELEMENTS => Err(FrameError::TooMany),
            () => Ok(()),
        }
    }

    /// Counts a whole element; true when it was the last one of the reply.
    fn close_element(&mut self) -> bool {
        while let Some(lacking) = self.open.last_mut() {
            *lacking -= 1;
            if *lacking > 0 {
                return false;
            }
            self.open.pop();
        }
        true
    }
}

/// A length after `$` or `*`: `None` for −1.
fn length(digits: &[u8]) -> Result<Option<usize>, FrameError> {
    let text = std::str::from_utf8(digits).map_err(|_| FrameError::Malformed)?;
    match text.parse::<i64>() {
        Ok(-1) => Ok(None),
        Ok(n) => match usize::try_from(n) {
            Ok(n) if n <= MAX_REPLY => Ok(Some(n)),
            Ok(_) => Err(FrameError::TooLong),
            Err(_) => Err(FrameError::Malformed),
        },
        Err(_) => Err(FrameError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<Frame>, FrameError> {
        let mut reader = FrameReader::default();
        reader.push(bytes);
        drain(&mut reader)
    }

    fn drain(reader: &mut FrameReader) -> Result<Vec<Frame>, FrameError> {
        let mut frames = Vec::new();
        while let Some(frame) = reader.next_frame()? {
            frames.push(frame);
        }
        Ok(frames)
    }

    fn status(text: &'static str) -> Frame {
        Frame::Status(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn every_type_of_reply_is_read() {
        let bytes = b"+OK\r\n-ERR x\r\n:-5\r\n$3\r\na\r\n\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n*2\r\n:1\r\n*1\r\n+a\r\n";
        let frames = read(bytes).unwrap();
        let expected = vec![
            status("OK"),
            Frame::Error(Bytes::from_static(b"ERR x")),
            Frame::Integer(-5),
            Frame::Bulk(Bytes::from_static(b"a\r\n")),
            Frame::Bulk(Bytes::new()),
            Frame::Null,
            Frame::Null,
            Frame::Array(vec![]),
            Frame::Array(vec![Frame::Integer(1), Frame::Array(vec![status("a")])]),
        ];
        assert_eq!(frames, expected);
    }

    #[test]
    fn a_reply_cut_anywhere_is_read_when_the_rest_arrives() {
        let bytes = b"*3\r\n$7\r\nmessage\r\n$2\r\n\r\n\r\n*2\r\n:10\r\n-E \xff\r\n+PONG\r\n";
        let whole = read(bytes).unwrap();
        assert_eq!(whole.len(), 2);
        for cut in 0..bytes.len() {
            let mut reader = FrameReader::default();
            reader.push(&bytes[..cut]);
            let mut frames = drain(&mut reader).unwrap();
            reader.push(&bytes[cut..]);
            frames.extend(drain(&mut reader).unwrap());
            assert_eq!(frames, whole, "cut at {cut}");
        }
    }

    #[test]
    fn an_error_that_is_not_utf8_is_still_a_reply() {
        let frames = read(b"-ERR \xff\xfe\r\n+PONG\r\n").unwrap();
        assert_eq!(frames[0].error_text().unwrap(), "ERR \u{fffd}\u{fffd}");
        assert_eq!(frames[1], status("PONG"));
    }

    #[test]
    fn deep_nesting_is_refused_before_it_is_decoded() {
        assert_eq!(read(&b"*1\r\n".repeat(30_000)), Err(FrameError::TooDeep));
    }

    #[test]
    fn a_reply_with_too_many_elements_is_refused() {
        assert_eq!(read(b"*100000\r\n"), Err(FrameError::TooMany));
        let many = b"*1000\r\n:1\r\n".repeat(2);
        let mut bytes = b"*2\r\n".to_vec();
        for _ in 0..2 {
            bytes.extend_from_slice(b"*600\r\n");
            bytes.extend_from_slice(&b":1\r\n".repeat(600));
        }
        assert_eq!(read(&bytes), Err(FrameError::TooMany));
        assert_eq!(read(&many), Ok(vec![]));
    }

    #[test]
    fn an_oversized_reply_is_refused_at_its_header() {
        assert_eq!(read(b"$16777217\r\n"), Err(FrameError::TooLong));
        assert_eq!(read(b"$16777216\r\n"), Err(FrameError::TooLong));
        assert_eq!(read(b"$99999999999\r\n"), Err(FrameError::TooLong));
    }

    #[test]
    fn an_endless_line_is_refused() {
        assert_eq!(read(&[b'+'; MAX_LINE + 2]), Err(FrameError::TooLong));
    }

    #[test]
    fn what_is_not_resp2_is_refused() {
        for bytes in [
            &b"HTTP/1.1 400\r\n"[..],
            b"\r\n",
            b"$-2\r\n",
            b"$x\r\n",
            b"*-7\r\n",
            b":1x\r\n",
            b"$1\r\nabc",
            b"%1\r\n+a\r\n+b\r\n",
        ] {
            assert_eq!(read(bytes), Err(FrameError::Malformed), "{bytes:?}");
        }
    }

    #[test]
    fn a_shown_text_has_no_control_characters_and_an_end() {
        assert_eq!(shown(b"a\nb\x1b[1mc"), "a b [1mc");
        assert_eq!(shown(&[b'x'; 5000]).len(), 300);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_neither_panic_nor_read_differently(
            bytes in proptest::collection::vec(
                prop_oneof![
                    proptest::sample::select(&b"+-:$*\r\n0123456789a"[..]),
                    any::<u8>(),
                ],
                0..200,
            ),
            piece in 1_usize..20,
        ) {
            let whole = read(&bytes);
            let mut reader = FrameReader::default();
            let mut frames = Ok(Vec::new());
            for chunk in bytes.chunks(piece) {
                reader.push(chunk);
                match (drain(&mut reader), &mut frames) {
                    (Ok(more), Ok(all)) => all.extend(more),
                    (Err(error), Ok(_)) => { frames = Err(error); break }
                    (_, Err(_)) => break,
                }
            }
            prop_assert_eq!(frames, whole);
        }
    }
}
