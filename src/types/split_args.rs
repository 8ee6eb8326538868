//! Words and quotes, shared by inline requests and configuration lines.

/// Why a line could not be split into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitError {
    /// A quote was not closed, or a closing quote was followed by more text.
    UnbalancedQuotes,
}

/// Splits a line into words at space, tab, CR, LF and NUL.
///
/// A quote may open anywhere in a word. `"…"` knows `\n \r \t \b \a`, `\xHH` and a backslash
/// before any other byte; `'…'` knows only `\'`. A closing quote must be followed by white space
/// or the end of the line.
pub fn split_args(line: &[u8]) -> Result<Vec<Vec<u8>>, SplitError> {
    let mut words = Vec::new();
    let mut at = 0;
    loop {
        while line.get(at).is_some_and(|&b| is_blank(b)) {
            at += 1;
        }
        if at >= line.len() {
            return Ok(words);
        }
        let mut word = Vec::new();
        at = read_word(line, at, &mut word)?;
        words.push(word);
    }
}

/// Reads one word that starts at `at`; gives where it ended.
fn read_word(line: &[u8], mut at: usize, word: &mut Vec<u8>) -> Result<usize, SplitError> {
    while let Some(&byte) = line.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | 0 => break,
            b'"' => return close(line, read_double(line, at + 1, word)?),
            b'\'' => return close(line, read_single(line, at + 1, word)?),
            _ => word.push(byte),
        }
        at += 1;
    }
    Ok(at)
}

/// Reads up to and including the closing `"`.
fn read_double(line: &[u8], mut at: usize, word: &mut Vec<u8>) -> Result<usize, SplitError> {
    loop {
        match line.get(at).ok_or(SplitError::UnbalancedQuotes)? {
            b'"' => return Ok(at + 1),
            b'\\' => {
                if let Some(byte) = hex_escape(&line[at..]) {
                    word.push(byte);
                    at += 4;
                    continue;
                }
                let escaped = line.get(at + 1).ok_or(SplitError::UnbalancedQuotes)?;
                word.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    &other => other,
                });
                at += 2;
            }
            &byte => {
                word.push(byte);
                at += 1;
            }
        }
    }
}

/// Reads up to and including the closing `'`.
fn read_single(line: &[u8], mut at: usize, word: &mut Vec<u8>) -> Result<usize, SplitError> {
    loop {
        match line.get(at).ok_or(SplitError::UnbalancedQuotes)? {
            b'\'' => return Ok(at + 1),
            b'\\' if line.get(at + 1) == Some(&b'\'') => {
                word.push(b'\'');
                at += 2;
            }
            &byte => {
                word.push(byte);
                at += 1;
            }
        }
    }
}

/// Checks what follows a closing quote.
fn close(line: &[u8], at: usize) -> Result<usize, SplitError> {
    match line.get(at) {
        Some(&b) if !is_blank(b) => Err(SplitError::UnbalancedQuotes),
        _ => Ok(at),
    }
}

/// What may stand between words. Vertical tab and form feed do not end a word (measured).
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0 | 0x0b | 0x0c)
}

/// The byte of a `\xHH` at the start of `text`.
fn hex_escape(text: &[u8]) -> Option<u8> {
    let [b'\\', b'x', high, low, ..] = text else {
        return None;
    };
    let digit = |d: u8| char::from(d).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

/// Writes a word in double quotes with the escapes that [`split_args`] reads back: `\" \\ \n \r
/// \t \a \b`, and `\xhh` for every other byte that is not printable ASCII.
pub fn quote(word: &[u8]) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut out = Vec::with_capacity(word.len() + 2);
    out.push(b'"');
    for &byte in word {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            0x07 => out.extend(b"\\a"),
            0x08 => out.extend(b"\\b"),
            b' '..=b'~' => out.push(byte),
            _ => {
                let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
                out.extend([b'\\', b'x', digits[0], digits[1]]);
            }
        }
    }
    out.push(b'"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(line: &str) -> Vec<String> {
        let words = split_args(line.as_bytes()).expect("balanced");
        words
            .into_iter()
            .map(|w| String::from_utf8(w).expect("utf8"))
            .collect()
    }

    #[test]
    fn words_end_at_blanks_and_nul() {
        assert_eq!(words("PING  a\tb\r\nc\0d "), ["PING", "a", "b", "c", "d"]);
        assert_eq!(words("  \t "), Vec::<String>::new());
        assert_eq!(words("\u{b}a\u{b}b"), ["a\u{b}b"]);
    }

    #[test]
    fn quotes_may_open_inside_a_word() {
        assert_eq!(words(r#"33"230""#), ["33230"]);
        assert_eq!(words(r#"a"b c" 'd e' """#), ["ab c", "d e", ""]);
    }

    #[test]
    fn each_kind_of_quote_has_its_own_escapes() {
        assert_eq!(
            words(r#""\n\r\t\b\a\x41\xZZ\q\"""#),
            ["\n\r\t\u{8}\u{7}AxZZq\""]
        );
        assert_eq!(words(r"'\n\'x'"), [r"\n'x"]);
        assert_eq!(words(r"\x41"), [r"\x41"]);
    }

    #[test]
    fn open_quotes_and_text_after_a_closing_quote_are_refused() {
        for line in [r#"PING "a"#, r#""a"b"#, "'a'b", "'a", r#""a\"#, r#""a\""#] {
            assert_eq!(
                split_args(line.as_bytes()),
                Err(SplitError::UnbalancedQuotes),
                "{line}"
            );
        }
    }

    #[test]
    fn quoting_uses_the_canonical_escapes() {
        assert_eq!(quote("h\u{e9}".as_bytes()), br#""h\xc3\xa9""#);
        assert_eq!(quote(b"a\"\\\n\r\t\x07\x08\0"), br#""a\"\\\n\r\t\a\b\x00""#);
        assert_eq!(quote(b""), b"\"\"");
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_back_as_one_word(word: Vec<u8>) {
            prop_assert_eq!(split_args(&quote(&word)), Ok(vec![word]));
        }

        #[test]
        fn no_line_makes_splitting_panic(line: Vec<u8>) {
            let _ = split_args(&line);
        }
    }
}
