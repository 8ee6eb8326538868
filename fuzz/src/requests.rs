//! Requests of clients.
//!
//! The first byte of the input chooses the limits (`0` … `3`), the second how it is cut.

use bytes::{Bytes, BytesMut};
use rsentinel::resp::{Limits, ProtocolError, RequestReader, limits::MAX_LINE, whole_request};
use rsentinel::types::quote;

use super::memory::bounded;

/// What a connection makes of its input: the requests, then how it ended.
#[derive(Debug, PartialEq)]
struct Outcome {
    requests: Vec<Vec<Bytes>>,
    error: Option<ProtocolError>,
}

/// The same requests and the same end however the bytes are cut, or when the first one is read where
/// it lies; what was read, written again, reads the same.
pub fn judge(data: &[u8]) {
    let [mode, cuts, input @ ..] = data else {
        return;
    };
    let limits = match mode & 2 {
        0 => Limits::default(),
        _ => Limits { max_bulk: 16 },
    };
    // The connection authenticates with its second request, or was authenticated all along.
    let authenticates_at = usize::from(mode & 1) * 2;
    let whole = bounded(input.len(), 160, || {
        read(&[input], limits, authenticates_at)
    });
    let pieces = cut(input, *cuts);
    assert_eq!(read(&pieces, limits, authenticates_at), whole);
    if input.len() <= 1024 {
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(read(&bytes, limits, authenticates_at), whole);
    }
    if let (0, Some(request)) = (mode & 3, whole_request(input)) {
        let words: Vec<&[u8]> = whole.requests[0].iter().map(|word| &word[..]).collect();
        assert_eq!(request.words(), words);
    }
    for request in &whole.requests {
        assert!(!request.is_empty());
        reads_back(request);
    }
    if let Some(error) = whole.error {
        is_one_line(error);
    }
}

fn read(chunks: &[&[u8]], limits: Limits, authenticates_at: usize) -> Outcome {
    let mut reader = RequestReader::new(limits);
    let mut buffer = BytesMut::new();
    let mut requests = Vec::new();
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        loop {
            match reader.read(&mut buffer, requests.len() < authenticates_at) {
                Ok(Some(request)) => requests.push(request),
                Ok(None) => break,
                Err(error) => {
                    let error = Some(error);
                    return Outcome { requests, error };
                }
            }
        }
    }
    Outcome {
        requests,
        error: None,
    }
}

/// Pieces of 1 to 64 bytes; their lengths follow from `seed`.
fn cut(mut input: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut state = u32::from(seed);
    let mut pieces = Vec::new();
    while !input.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let length = 1 + (state >> 26) as usize;
        let (piece, rest) = input.split_at(length.min(input.len()));
        pieces.push(piece);
        input = rest;
    }
    pieces
}

/// Both forms of a request read as the words they were made of.
fn reads_back(words: &[Bytes]) {
    let mut multibulk = format!("*{}\r\n", words.len()).into_bytes();
    let mut inline = Vec::new();
    for word in words {
        multibulk.extend(format!("${}\r\n", word.len()).bytes());
        multibulk.extend(word);
        multibulk.extend(b"\r\n");
        inline.extend(quote(word));
        inline.push(b' ');
    }
    let expected = Outcome {
        requests: vec![words.to_vec()],
        error: None,
    };
    assert_eq!(read(&[&multibulk], Limits::default(), 0), expected);
    if inline.len() <= MAX_LINE {
        inline.extend(b"\r\n");
        assert_eq!(read(&[&inline], Limits::default(), 0), expected);
    }
}

fn is_one_line(error: ProtocolError) {
    let mut out = BytesMut::new();
    error.encode(&mut out);
    assert!(out.starts_with(b"-ERR Protocol error: "), "{out:?}");
    let text = out.strip_suffix(b"\r\n").expect("an end");
    assert!(!text.iter().any(|b| matches!(b, b'\r' | b'\n')), "{out:?}");
}
