//! The exact limits and errors, and that chunks never matter.

use proptest::prelude::*;

use super::*;

/// What a connection makes of some input: the requests, then how it ended.
#[derive(Debug, PartialEq)]
struct Outcome {
    requests: Vec<Vec<Bytes>>,
    error: Option<ProtocolError>,
}

fn read_chunks<'a>(chunks: impl IntoIterator<Item = &'a [u8]>, auth_required: bool) -> Outcome {
    let mut reader = RequestReader::new(Limits::default());
    let mut buffer = BytesMut::new();
    let mut requests = Vec::new();
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        loop {
            match reader.read(&mut buffer, auth_required) {
                Ok(Some(request)) => requests.push(request),
                Ok(None) => break,
                Err(error) => {
                    return Outcome {
                        requests,
                        error: Some(error),
                    };
                }
            }
        }
    }
    Outcome {
        requests,
        error: None,
    }
}

fn read_all(input: &[u8]) -> Outcome {
    read_chunks([input], false)
}

fn requests(input: &[u8]) -> Vec<Vec<String>> {
    let outcome = read_all(input);
    assert_eq!(outcome.error, None);
    let text = |word: &Bytes| String::from_utf8_lossy(word).into_owned();
    let words = |request: &Vec<Bytes>| request.iter().map(text).collect();
    outcome.requests.iter().map(words).collect()
}

fn error(input: &[u8]) -> String {
    error_when(input, false)
}

fn error_when(input: &[u8], auth_required: bool) -> String {
    let outcome = read_chunks([input], auth_required);
    let mut out = BytesMut::new();
    outcome.error.expect("an error").encode(&mut out);
    String::from_utf8_lossy(&out).trim_end().to_owned()
}

#[test]
fn both_forms_of_request_are_read() {
    assert_eq!(
        requests(b"*2\r\n$4\r\nPING\r\n$2\r\na\n\r\nPING \"x y\"\r\nPING\n"),
        [vec!["PING", "a\n"], vec!["PING", "x y"], vec!["PING"]]
    );
    assert_eq!(requests(b"*1\r\n$0\r\n\r\n"), [[""]]);
}

#[test]
fn requests_without_words_are_skipped() {
    assert_eq!(
        requests(b"\r\n \n*0\r\n*-1\r\n*-100\r\n*-9223372036854775808\r\nPING\r\n"),
        [["PING"]]
    );
}

#[test]
fn the_bytes_after_a_body_and_a_header_return_are_not_looked_at() {
    assert_eq!(
        requests(b"*1\rX$4\rYPINGzz*1\r\n$1\r\nax\n"),
        [["PING"], ["a"]]
    );
}

#[test]
fn counts_and_lengths_are_strict_decimals() {
    for count in [
        "01",
        "+1",
        " 1",
        "",
        "-0",
        "1 ",
        "x",
        "2147483648",
        "9223372036854775808",
    ] {
        assert_eq!(
            error(format!("*{count}\r\n").as_bytes()),
            "-ERR Protocol error: invalid multibulk length",
            "{count}"
        );
    }
    for length in ["01", "+1", "", "-1", "-0", "536870913"] {
        assert_eq!(
            error(format!("*1\r\n${length}\r\n").as_bytes()),
            "-ERR Protocol error: invalid bulk length",
            "{length}"
        );
    }
    assert_eq!(read_all(b"*2147483647\r\n$536870912\r\n").error, None);
}

#[test]
fn a_missing_dollar_is_shown_with_what_stood_there() {
    let wrong = |byte: &[u8]| error(&[b"*1\r\n", byte, b"abc\r\n"].concat());
    assert_eq!(wrong(b"P"), "-ERR Protocol error: expected '$', got 'P'");
    assert_eq!(wrong(b"\r"), "-ERR Protocol error: expected '$', got ' '");
    assert_eq!(wrong(b"\n"), "-ERR Protocol error: expected '$', got ' '");
    assert_eq!(wrong(b"\0"), "-ERR Protocol error: expected '$', got '");
    let mut out = BytesMut::new();
    ProtocolError::ExpectedDollar(0xff).encode(&mut out);
    assert!(out.ends_with(b"got '\xff'\r\n"));
}

#[test]
fn unbalanced_quotes_end_the_connection() {
    assert_eq!(
        error(b"PING \"a\r\n"),
        "-ERR Protocol error: unbalanced quotes in request"
    );
}

#[test]
fn a_line_may_have_65536_bytes_before_its_end_and_no_more() {
    let long = |prefix: &str, length: usize| {
        let mut input = prefix.as_bytes().to_vec();
        input.resize(length, b'1');
        input
    };
    for (start, prefix, text) in [
        ("", "a", "too big inline request"),
        ("", "*", "too big mbulk count string"),
        ("*1\r\n", "$", "too big bulk count string"),
    ] {
        let input = |length| [start.as_bytes(), &long(prefix, length)].concat();
        assert_eq!(read_all(&input(65536)).error, None);
        assert_eq!(error(&input(65537)), format!("-ERR Protocol error: {text}"));
    }
    assert_eq!(requests(&[&long("a", 65536)[..], b"\n"].concat()).len(), 1);
}

#[test]
fn limits_are_lower_before_authentication() {
    assert_eq!(
        error_when(b"*11\r\n", true),
        "-ERR Protocol error: unauthenticated multibulk length"
    );
    assert_eq!(
        error_when(b"*1\r\n$16385\r\n", true),
        "-ERR Protocol error: unauthenticated bulk length"
    );
    assert_eq!(read_chunks([&b"*10\r\n$16384\r\n"[..]], true).error, None);
    assert_eq!(
        read_chunks([&b"a b c d e f g h i j k l\r\n"[..]], true).error,
        None
    );
}

#[test]
fn requests_before_an_error_are_still_delivered() {
    let outcome = read_all(b"PING\r\n*x\r\n");
    assert_eq!(outcome.requests.len(), 1);
    assert_eq!(outcome.error, Some(ProtocolError::InvalidCount));
}

#[test]
fn announced_sizes_reserve_nothing() {
    let mut reader = RequestReader::new(Limits::default());
    let mut buffer = BytesMut::from(&b"*2147483647\r\n$3\r\nabc\r\n$536870912\r\n"[..]);
    assert_eq!(reader.read(&mut buffer, false), Ok(None));
    assert!(reader.words.capacity() < 64);
    assert_eq!(reader.held(), 3 + limits::WORD_OVERHEAD);
    assert!(buffer.capacity() < 4096);
}

#[test]
fn a_long_word_is_not_copied() {
    let body = vec![b'x'; 100_000];
    let mut buffer = BytesMut::from(&b"*1\r\n$100000\r\n"[..]);
    buffer.extend_from_slice(&body);
    buffer.extend_from_slice(b"\r\n");
    let place = buffer[13..].as_ptr();
    let request = RequestReader::new(Limits::default()).read(&mut buffer, false);
    let words = request.expect("valid").expect("complete");
    assert_eq!(words[0].as_ptr(), place);
    assert_eq!(words[0], body);
}

#[test]
fn a_request_of_many_words_in_single_bytes_takes_linear_time() {
    let mut input = b"*20000\r\n".to_vec();
    for _ in 0..20_000 {
        input.extend_from_slice(b"$3\r\nabc\r\n");
    }
    let outcome = read_chunks(input.chunks(1), false);
    assert_eq!(outcome.requests.len(), 1);
    assert_eq!(outcome.requests[0].len(), 20_000);
}

/// Input that often is, or nearly is, a sequence of requests.
fn any_input() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::collection::vec(any::<u8>(), 0..20);
    let multibulk = prop::collection::vec(word, 0..5).prop_map(|words| {
        let mut out = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            out.extend(format!("${}\r\n", word.len()).bytes());
            out.extend(word);
            out.extend(b"\r\n");
        }
        out
    });
    let piece = prop_oneof![
        4 => multibulk,
        2 => "[a-z\"' ]{0,20}\r?\n".prop_map(String::into_bytes),
        1 => "[*$0-9\r\n-]{0,8}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..30),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn the_outcome_does_not_depend_on_the_chunks(
        input in any_input(),
        cuts in prop::collection::vec(1usize..12, 1..40),
        auth_required: bool,
    ) {
        let mut chunks = Vec::new();
        let (mut rest, mut turn) = (&input[..], 0);
        while !rest.is_empty() {
            let (chunk, after) = rest.split_at(cuts[turn % cuts.len()].min(rest.len()));
            chunks.push(chunk);
            rest = after;
            turn += 1;
        }
        prop_assert_eq!(
            read_chunks(chunks, auth_required),
            read_chunks([&input[..]], auth_required)
        );
    }

    #[test]
    fn no_bytes_make_reading_panic(input: Vec<u8>) {
        let _ = read_all(&input);
    }

    #[test]
    fn what_is_written_as_words_reads_back_as_those_words(
        words in prop::collection::vec(any::<Vec<u8>>(), 1..6)
    ) {
        let mut input = format!("*{}\r\n", words.len()).into_bytes();
        for word in &words {
            input.extend(format!("${}\r\n", word.len()).bytes());
            input.extend(word);
            input.extend(b"\r\n");
        }
        prop_assert_eq!(&read_all(&input).requests, &[words]);
    }
}
