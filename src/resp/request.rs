//! Bytes from a client -> requests, incrementally. Whatever the chunks, each byte is looked at a
//! bounded number of times, the outcome is the same, and memory follows what has arrived and not
//! what was announced.

use bytes::{Buf, Bytes, BytesMut};

use crate::types::split_args;

use super::limits;
use super::protocol_error::ProtocolError;

/// Limits that the configuration can move; the others are constants in [`limits`].
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `proto-max-bulk-len`: the longest word, in bytes.
    pub max_bulk: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_bulk: limits::DEFAULT_MAX_BULK,
        }
    }
}

/// Reads the requests of one connection.
///
/// Append what arrives to a buffer and call [`RequestReader::read`] until it gives `None`; each
/// call takes at most one request off the front of the buffer. After an error the stream can not
/// be read on: answer it and close.
#[derive(Debug)]
pub struct RequestReader {
    limits: Limits,
    state: State,
    /// Bytes at the front of the buffer known not to hold the end of the line looked for.
    scanned: usize,
    /// Words of the multibulk request being read.
    words: Vec<Bytes>,
    /// What `words` holds, in bytes.
    held: usize,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before the first byte of a request.
    Start,
    /// Before a `$` header, with this many words still to come (at least 1).
    Header { missing: i64 },
    /// Before the body of a word.
    Body { missing: i64, length: usize },
}

impl RequestReader {
    /// A reader at the start of a connection.
    pub fn new(limits: Limits) -> Self {
        RequestReader {
            limits,
            state: State::Start,
            scanned: 0,
            words: Vec::new(),
            held: 0,
        }
    }

    /// Takes the next request off the front of `buffer`: at least one word, the first being the
    /// command. `None` when more bytes are needed. Requests without words are skipped.
    ///
    /// `auth_required` says whether the connection still has to authenticate, which lowers the
    /// limits; it may change between calls.
    pub fn read(
        &mut self,
        buffer: &mut BytesMut,
        auth_required: bool,
    ) -> Result<Option<Vec<Bytes>>, ProtocolError> {
        loop {
            let step = match self.state {
                State::Start => match buffer.first() {
                    None => Step::Starved,
                    Some(b'*') => self.read_count(buffer, auth_required)?,
                    Some(_) => self.read_inline(buffer)?,
                },
                State::Header { missing } => self.read_length(buffer, missing, auth_required)?,
                State::Body { missing, length } => self.read_body(buffer, missing, length),
            };
            match step {
                Step::Starved => return Ok(None),
                Step::Again => {}
                Step::Request(words) => return Ok(Some(words)),
            }
        }
    }

    /// Whether the next byte is the first of a request.
    pub fn is_between_requests(&self) -> bool {
        matches!(self.state, State::Start) && self.scanned == 0
    }

    /// Memory that the words of the unfinished request take, in bytes.
    pub fn held(&self) -> usize {
        self.held
    }

    fn read_inline(&mut self, buffer: &mut BytesMut) -> Result<Step, ProtocolError> {
        let Some(end) = self.find(buffer, b'\n', ProtocolError::InlineTooBig)? else {
            return Ok(Step::Starved);
        };
        let words = split_args(&buffer[..end]).map_err(|_| ProtocolError::UnbalancedQuotes)?;
        self.consume(buffer, end + 1);
        if words.is_empty() {
            return Ok(Step::Again);
        }
        Ok(Step::Request(words.into_iter().map(Bytes::from).collect()))
    }

    fn read_count(
        &mut self,
        buffer: &mut BytesMut,
        auth_required: bool,
    ) -> Result<Step, ProtocolError> {
        let Some(end) = self.find_header(buffer, ProtocolError::CountTooBig)? else {
            return Ok(Step::Starved);
        };
        let count = strict_integer(&buffer[1..end])
            .filter(|&n| n <= limits::MAX_WORDS)
            .ok_or(ProtocolError::InvalidCount)?;
        if auth_required && count > limits::MAX_WORDS_UNAUTHENTICATED {
            return Err(ProtocolError::UnauthenticatedCount);
        }
        self.consume(buffer, end + 2);
        if count > 0 {
            self.state = State::Header { missing: count };
        }
        Ok(Step::Again)
    }

    fn read_length(
        &mut self,
        buffer: &mut BytesMut,
        missing: i64,
        auth_required: bool,
    ) -> Result<Step, ProtocolError> {
        let Some(end) = self.find_header(buffer, ProtocolError::LengthTooBig)? else {
            return Ok(Step::Starved);
        };
        if buffer[0] != b'$' {
            return Err(ProtocolError::ExpectedDollar(buffer[0]));
        }
        let announced = strict_integer(&buffer[1..end]).ok_or(ProtocolError::InvalidLength)?;
        let length = usize::try_from(announced)
            .ok()
            .filter(|&n| n <= self.limits.max_bulk)
            .ok_or(ProtocolError::InvalidLength)?;
        if auth_required && announced > limits::MAX_WORD_UNAUTHENTICATED {
            return Err(ProtocolError::UnauthenticatedLength);
        }
        self.consume(buffer, end + 2);
        self.state = State::Body { missing, length };
        Ok(Step::Again)
    }

    fn read_body(&mut self, buffer: &mut BytesMut, missing: i64, length: usize) -> Step {
        // The two bytes after the body are skipped unread, whatever they are.
        if buffer.len() < length + 2 {
            return Step::Starved;
        }
        let word = if length <= limits::COPY_BELOW {
            let word = Bytes::copy_from_slice(&buffer[..length]);
            buffer.advance(length + 2);
            word
        } else {
            let word = buffer.split_to(length).freeze();
            buffer.advance(2);
            word
        };
        self.held += length + limits::WORD_OVERHEAD;
        self.words.push(word);
        if missing > 1 {
            self.state = State::Header {
                missing: missing - 1,
            };
            return Step::Again;
        }
        self.state = State::Start;
        self.held = 0;
        Step::Request(std::mem::take(&mut self.words))
    }

    /// Where the `\r` of a header is, once the byte after it (skipped unread) is there too.
    fn find_header(
        &mut self,
        buffer: &BytesMut,
        too_big: ProtocolError,
    ) -> Result<Option<usize>, ProtocolError> {
        let end = self.find(buffer, b'\r', too_big)?;
        Ok(end.filter(|end| end + 2 <= buffer.len()))
    }

    /// Where the first `wanted` is, never looking twice at a byte. The limit holds for the line
    /// also when its end is already there, so that chunks do not matter.
    fn find(
        &mut self,
        buffer: &BytesMut,
        wanted: u8,
        too_big: ProtocolError,
    ) -> Result<Option<usize>, ProtocolError> {
        let window = &buffer[..buffer.len().min(limits::MAX_LINE + 1)];
        let from = self.scanned.min(window.len());
        match window[from..].iter().position(|&b| b == wanted) {
            Some(at) => {
                // Found again next time in one step, should the byte after it be missing.
                self.scanned = from + at;
                Ok(Some(from + at))
            }
            None if buffer.len() > limits::MAX_LINE => Err(too_big),
            None => {
                self.scanned = window.len();
                Ok(None)
            }
        }
    }

    fn consume(&mut self, buffer: &mut BytesMut, count: usize) {
        buffer.advance(count);
        self.scanned = 0;
    }
}

enum Step {
    /// More bytes are needed.
    Starved,
    /// Progress; look on.
    Again,
    /// A complete request.
    Request(Vec<Bytes>),
}

/// `0`, or an optional `-` and a non-zero digit and further digits, within 64 signed bits.
fn strict_integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let negative = digits.len() < text.len();
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => {}
        _ => return None,
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
