//! How the words of a request read: numbers, yes/no, text, and how they are quoted in errors.

use std::borrow::Cow;

use crate::resp::{Reply, text_of};

/// The longest stretch of a client's bytes that an unknown-command error quotes.
const QUOTED: usize = 128;

/// The default error for a word that should be an integer.
pub const NOT_AN_INTEGER: &str = "ERR value is not an integer or out of range";

/// The error for options that do not fit together.
pub const SYNTAX_ERROR: &str = "ERR syntax error";

/// A strict signed 64-bit decimal: no sign `+`, no leading zero, no blanks.
pub fn integer(word: &[u8]) -> Option<i64> {
    let digits = word.strip_prefix(b"-").unwrap_or(word);
    let negative = digits.len() != word.len();
    match digits {
        b"0" if !negative => Some(0),
        [b'1'..=b'9', rest @ ..] if rest.iter().all(u8::is_ascii_digit) => {
            std::str::from_utf8(word).ok()?.parse().ok()
        }
        _ => None,
    }
}

/// `yes` or `no`, ignoring case.
pub fn yes_no(word: &[u8]) -> Option<bool> {
    if word.eq_ignore_ascii_case(b"yes") {
        Some(true)
    } else if word.eq_ignore_ascii_case(b"no") {
        Some(false)
    } else {
        None
    }
}

/// Whether the word is this one, ignoring case.
pub fn is(word: &[u8], expected: &str) -> bool {
    word.eq_ignore_ascii_case(expected.as_bytes())
}

/// The word as text, if it is UTF-8.
pub fn text(word: &[u8]) -> Option<&str> {
    std::str::from_utf8(word).ok()
}

/// A control character anywhere: bytes 0x00–0x1F and 0x7F.
pub fn has_control(word: &[u8]) -> bool {
    word.iter().any(u8::is_ascii_control)
}

/// The word as errors quote it: cut at the first NUL. CR and LF are left to the encoder.
pub fn shown(word: &[u8]) -> Cow<'_, str> {
    text_of(until_nul(word))
}

/// The word as the unknown-command errors quote it: also cut at 128 bytes.
pub fn shown_short(word: &[u8]) -> Cow<'_, str> {
    let word = until_nul(word);
    text_of(&word[..word.len().min(QUOTED)])
}

/// The arguments as the unknown-command error lists them: each in quotes and followed by a
/// space, until 128 bytes have been produced.
pub fn shown_arguments<W: AsRef<[u8]>>(words: &[W]) -> String {
    let mut out: Vec<u8> = Vec::new();
    for word in words {
        let Some(room) = QUOTED.checked_sub(out.len()).filter(|room| *room > 0) else {
            break;
        };
        let word = until_nul(word.as_ref());
        out.push(b'\'');
        out.extend_from_slice(&word[..word.len().min(room)]);
        out.extend_from_slice(b"' ");
    }
    text_of(&out).into_owned()
}

/// The arity error of a command.
pub fn wrong_arity(full_name: &str) -> Reply {
    Reply::error(format!(
        "ERR wrong number of arguments for '{full_name}' command"
    ))
}

/// The syntax error.
pub fn syntax_error() -> Reply {
    Reply::error(SYNTAX_ERROR)
}

fn until_nul(word: &[u8]) -> &[u8] {
    let end = word.iter().position(|b| *b == 0).unwrap_or(word.len());
    &word[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_strict_decimals() {
        for (word, value) in [
            ("0", 0),
            ("7", 7),
            ("-7", -7),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(integer(word.as_bytes()), Some(value), "{word}");
        }
        assert_eq!(integer(b"-9223372036854775808"), Some(i64::MIN));
        for word in [
            "",
            "-",
            "-0",
            "+5",
            "05",
            "-05",
            " 5",
            "5 ",
            "5x",
            "9223372036854775808",
            "0x1",
        ] {
            assert_eq!(integer(word.as_bytes()), None, "{word:?}");
        }
    }

    #[test]
    fn quoted_arguments_stop_at_128_bytes() {
        let long = "x".repeat(200);
        assert_eq!(
            shown_arguments(&["a", long.as_str(), "c"]),
            format!("'a' '{}' ", "x".repeat(124))
        );
        assert_eq!(shown_arguments::<&str>(&[]), "");
        assert_eq!(shown_arguments(&["a\0b", "c"]), "'a' 'c' ");
    }
}
