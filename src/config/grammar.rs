//! Lines and words of a configuration text.

use crate::types::split_args;

/// A trimmed line, understood as far as its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Nothing on it.
    Blank,
    /// Starts with `#`. Anywhere else a `#` is an ordinary character.
    Comment,
    /// Quotes that do not match.
    Broken,
    /// A directive and its arguments.
    Words {
        /// The first word in lower case.
        directive: String,
        /// The other words.
        arguments: Vec<Vec<u8>>,
    },
}

/// The trimmed lines of a text, at least one.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n').map(trim)
}

/// Reads a trimmed line.
pub fn read_line(line: &[u8]) -> Line {
    match line.first() {
        None => return Line::Blank,
        Some(b'#') => return Line::Comment,
        _ => {}
    }
    let Ok(words) = split_args(line) else {
        return Line::Broken;
    };
    let mut words = words.into_iter();
    let Some(first) = words.next() else {
        return Line::Blank;
    };
    let directive = String::from_utf8_lossy(&first).to_ascii_lowercase();
    Line::Words { directive, arguments: words.collect() }
}

fn trim(line: &[u8]) -> &[u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
    let start = line.iter().position(|b| !blank(b)).unwrap_or(line.len());
    let end = line.iter().rposition(|b| !blank(b)).map_or(start, |last| last + 1);
    &line[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_trimmed_and_only_a_leading_hash_is_a_comment() {
        let text = b"  PORT 1\r\n\t# x\n\nport 1 # x\na \"b";
        let read: Vec<Line> = lines(text).map(read_line).collect();
        let words = |arguments: &[&str]| Line::Words {
            directive: "port".to_owned(),
            arguments: arguments.iter().map(|a| a.as_bytes().to_vec()).collect(),
        };
        let expected =
            [words(&["1"]), Line::Comment, Line::Blank, words(&["1", "#", "x"]), Line::Broken];
        assert_eq!(read, expected);
    }
}
