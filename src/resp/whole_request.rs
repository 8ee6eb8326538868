//! A short request that has come as a whole, read where it lies: no memory is taken for it.

/// The most words of such a request.
const MAX_WORDS: usize = 4;
/// The most bytes of each.
pub const LONGEST_SHORT_WORD: usize = 99;

/// A request at the front of the input.
#[derive(Clone, Copy, Debug)]
pub struct WholeRequest<'a> {
    words: [&'a [u8]; MAX_WORDS],
    count: usize,
    /// Bytes that it takes.
    pub length: usize,
}

impl<'a> WholeRequest<'a> {
    /// Its words.
    pub fn words(&self) -> &[&'a [u8]] {
        &self.words[..self.count]
    }
}

/// Reads a request of a few short words, written as every client library writes it.
///
/// A word has at most [`LONGEST_SHORT_WORD`] bytes. `None` says nothing about what has come:
/// [`super::RequestReader`] can tell, and reads all of them.
pub fn whole_request(input: &[u8]) -> Option<WholeRequest<'_>> {
    let (count, mut rest) = header(b'*', input)?;
    if count == 0 || count > MAX_WORDS {
        return None;
    }
    let mut words: [&[u8]; MAX_WORDS] = [&[]; MAX_WORDS];
    for word in &mut words[..count] {
        let (length, body) = header(b'$', rest)?;
        *word = body.get(..length)?;
        // Whatever the line end is: it is skipped unread.
        rest = body.get(length + 2..)?;
    }
    Some(WholeRequest {
        words,
        count,
        length: input.len() - rest.len(),
    })
}

/// A header with a number of one or two digits, and what is behind it.
fn header(kind: u8, input: &[u8]) -> Option<(usize, &[u8])> {
    let digit = |byte: u8| usize::from(byte - b'0');
    match input {
        [mark, a @ b'0'..=b'9', b'\r', b'\n', rest @ ..] if *mark == kind => {
            Some((digit(*a), rest))
        }
        [
            mark,
            a @ b'1'..=b'9',
            b @ b'0'..=b'9',
            b'\r',
            b'\n',
            rest @ ..,
        ] if *mark == kind => Some((digit(*a) * 10 + digit(*b), rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use proptest::prelude::*;

    use super::*;
    use crate::resp::{Limits, RequestReader};

    /// What the reader of all requests makes of it, and what it takes.
    fn read(input: &[u8]) -> Option<(Vec<Vec<u8>>, usize)> {
        let mut buffer = BytesMut::from(input);
        let words = RequestReader::new(Limits::default())
            .read(&mut buffer, false)
            .ok()??;
        let words = words.iter().map(|word| word.to_vec()).collect();
        Some((words, input.len() - buffer.len()))
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_the_reader_of_all_requests_reads(
            input in "(\\*[0-4]\r\n)?(\\$[0-9]{1,2}\r\n[a-z$*]{0,11}(\r\n)?){0,4}"
        ) {
            if let Some(request) = whole_request(input.as_bytes()) {
                let words = request.words().iter().map(|word| word.to_vec()).collect();
                prop_assert_eq!(read(input.as_bytes()), Some((words, request.length)));
            }
        }
    }

    #[test]
    fn a_request_is_read_up_to_its_end() {
        let input = b"*2\r\n$4\r\nPING\r\n$11\r\nhello world\r\n*1\r\n";
        let request = whole_request(input).expect("a whole request");
        assert_eq!(request.words(), [&b"PING"[..], b"hello world"]);
        assert_eq!(request.length, input.len() - 4);
        for short in 0..request.length {
            assert!(whole_request(&input[..short]).is_none());
        }
    }
}
