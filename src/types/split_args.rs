//! Words and quotes, shared by inline requests and configuration lines.

/// Why a line could not be split into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitError {
    /// A quote was not closed, or a closing quote was followed by more text.
    UnbalancedQuotes,
}

/// Splits a line into words.
///
/// Words end at blanks. A quote opens a quoted part, also in the middle of a word; its closing
/// quote must be followed by a blank or the end. Double quotes know `\n \r \t \b \a`, `\xHH`
/// and a backslash before any other character; single quotes know only `\'`.
pub fn split_args(line: &[u8]) -> Result<Vec<Vec<u8>>, SplitError> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return Ok(words);
        }
        let (word, after) = take_word(rest)?;
        words.push(word);
        rest = after;
    }
}

/// Writes a word in double quotes with the escapes that `split_args` reads back.
pub fn quote(word: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for &byte in word {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0x07 => out.extend(b"\\a"),
            0x08 => out.extend(b"\\b"),
            b' '..=b'~' => out.push(byte),
            _ => out.extend(format!("\\x{byte:02x}").into_bytes()),
        }
    }
    out.push(b'"');
    out
}

fn take_word(text: &[u8]) -> Result<(Vec<u8>, &[u8]), SplitError> {
    let mut word = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | 0 => break,
            b'"' | b'\'' => {
                at = take_quoted(text, at + 1, byte, &mut word)?;
                break;
            }
            _ => word.push(byte),
        }
        at += 1;
    }
    Ok((
        word,
        text.get(at..)
            .filter(|rest| rest.first() != Some(&0))
            .unwrap_or_default(),
    ))
}

/// Reads from behind the opening quote; gives the place behind the closing one.
fn take_quoted(
    text: &[u8],
    mut at: usize,
    mark: u8,
    word: &mut Vec<u8>,
) -> Result<usize, SplitError> {
    let double = mark == b'"';
    loop {
        match &text[at.min(text.len())..] {
            [b'\\', b'x', hi, lo, ..]
                if double && hi.is_ascii_hexdigit() && lo.is_ascii_hexdigit() =>
            {
                word.push(hex(*hi) << 4 | hex(*lo));
                at += 4;
            }
            [b'\\', escaped, ..] if double => {
                word.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                at += 2;
            }
            [b'\\', b'\'', ..] if !double => {
                word.push(b'\'');
                at += 2;
            }
            [closing, after @ ..] if *closing == mark => {
                let ends = after.first().is_none_or(|b| b.is_ascii_whitespace());
                return if ends {
                    Ok(at + 1)
                } else {
                    Err(SplitError::UnbalancedQuotes)
                };
            }
            [other, ..] => {
                word.push(*other);
                at += 1;
            }
            [] => return Err(SplitError::UnbalancedQuotes),
        }
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A') + 10,
    }
}
