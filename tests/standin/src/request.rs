//! Bytes to requests: RESP arrays of bulk strings, and inline words.

use bytes::{Buf, Bytes, BytesMut};

/// The greatest number of arguments and bytes per argument; far above what sentinels send.
const MAX_ARGUMENTS: usize = 1024;
const MAX_ARGUMENT_BYTES: usize = 1 << 20;
/// The longest line: an inline request or a length.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// One complete request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The command word and its arguments; empty for an empty line.
    pub words: Vec<Bytes>,
    /// How many bytes of the stream it took.
    pub size: u64,
}

/// The stream cannot be understood; the connection ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Takes the next complete request off the front of `buffer`; `None` when more bytes are needed.
pub(crate) fn take_request(buffer: &mut BytesMut) -> Result<Option<Request>, Malformed> {
    let Some((words, size)) = scan(buffer)? else {
        return Ok(None);
    };
    buffer.advance(size);
    Ok(Some(Request {
        words,
        size: size as u64,
    }))
}

fn scan(input: &[u8]) -> Result<Option<(Vec<Bytes>, usize)>, Malformed> {
    let Some((line, mut at)) = line_at(input, 0)? else {
        return Ok(None);
    };
    if line.first() != Some(&b'*') {
        let words = line
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        return Ok(Some((words.map(Bytes::copy_from_slice).collect(), at)));
    }
    let count = number(&line[1..], MAX_ARGUMENTS)?;
    let mut words = Vec::with_capacity(count.min(16));
    for _ in 0..count {
        let Some((line, next)) = line_at(input, at)? else {
            return Ok(None);
        };
        let (Some(b'$'), length) = (line.first(), line.get(1..).unwrap_or_default()) else {
            return Err(Malformed);
        };
        let end = next + number(length, MAX_ARGUMENT_BYTES)?;
        if input.len() < end + 2 {
            return Ok(None);
        }
        words.push(Bytes::copy_from_slice(&input[next..end]));
        at = end + 2;
    }
    Ok(Some((words, at)))
}

/// The line that starts at `from`, without its end, and where the next one starts.
fn line_at(input: &[u8], from: usize) -> Result<Option<(&[u8], usize)>, Malformed> {
    let rest = &input[from..];
    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
        return if rest.len() > MAX_LINE_BYTES {
            Err(Malformed)
        } else {
            Ok(None)
        };
    };
    let line = &rest[..end];
    Ok(Some((
        line.strip_suffix(b"\r").unwrap_or(line),
        from + end + 1,
    )))
}

fn number(digits: &[u8], most: usize) -> Result<usize, Malformed> {
    let text = std::str::from_utf8(digits).map_err(|_| Malformed)?;
    text.parse()
        .ok()
        .filter(|value| *value <= most)
        .ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(request: &Request) -> Vec<&[u8]> {
        request.words.iter().map(|word| &word[..]).collect()
    }

    #[test]
    fn a_request_is_taken_only_once_it_is_complete() {
        let whole = b"*2\r\n$4\r\nECHO\r\n$2\r\n\r\n\r\nPING x\r\n";
        let first = whole.len() - b"PING x\r\n".len();
        for cut in 0..first {
            assert_eq!(
                take_request(&mut BytesMut::from(&whole[..cut])),
                Ok(None),
                "cut at {cut}"
            );
        }
        let mut buffer = BytesMut::from(&whole[..]);
        let request = take_request(&mut buffer).unwrap().unwrap();
        assert_eq!(
            (words(&request), request.size),
            (vec![&b"ECHO"[..], b"\r\n"], first as u64)
        );
        let request = take_request(&mut buffer).unwrap().unwrap();
        assert_eq!(words(&request), [&b"PING"[..], b"x"]);
        assert!(buffer.is_empty());
    }

    #[test]
    fn a_length_that_is_no_number_ends_the_stream() {
        assert_eq!(
            take_request(&mut BytesMut::from(&b"*x\r\n"[..])),
            Err(Malformed)
        );
        assert_eq!(
            take_request(&mut BytesMut::from(&b"*1\r\n$-1\r\n"[..])),
            Err(Malformed)
        );
        assert_eq!(
            take_request(&mut BytesMut::from(&b"*1\r\n:1\r\n"[..])),
            Err(Malformed)
        );
    }
}
