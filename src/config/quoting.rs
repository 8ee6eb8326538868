//! When a word needs quotes to be read back as it is.

use crate::types::{quote, split_args};

/// The word bare if it is text that reads back identically, else in double quotes.
pub fn word(word: &[u8]) -> Vec<u8> {
    // Nearly all words: what splitting would find out costs more than all the rest of a rewrite.
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(byte);
    if !word.is_empty() && word.iter().all(plain) {
        return word.to_vec();
    }
    let printable = std::str::from_utf8(word).is_ok_and(|text| !text.contains(char::is_control));
    let same = |words: Vec<Vec<u8>>| words.len() == 1 && words[0] == word;
    if printable && split_args(word).is_ok_and(same) {
        word.to_vec()
    } else {
        quote(word)
    }
}

/// Several words, each quoted only where needed, with single blanks between.
pub fn words<'a>(all: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    all.into_iter().map(word).collect::<Vec<_>>().join(&b' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_words_are_read_back_as_they_were_written(
            all in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..12), 0..5)
        ) {
            let line = words(all.iter().map(Vec::as_slice));
            prop_assert!(!line.contains(&b'\n'));
            prop_assert_eq!(split_args(&line), Ok(all));
        }
    }

    #[test]
    fn a_plain_word_stays_bare() {
        assert_eq!(word(b"s3cr3t"), b"s3cr3t");
        assert_eq!(word("h\u{e9}".as_bytes()), "h\u{e9}".as_bytes());
        assert_eq!(word(b"a b"), b"\"a b\"");
        assert_eq!(word(b""), b"\"\"");
    }
}
