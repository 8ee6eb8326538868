//! Writing a request: an array of bulk strings whose first word may have been renamed.

use std::collections::BTreeMap;

/// The command words that were renamed on the servers of a master: original word in upper
/// case -> word to use.
pub type Renames = BTreeMap<String, String>;

/// Appends one request. `word` is the original command word; what `words` has for it (ignoring
/// case) is sent instead.
pub fn write(words: &Renames, word: &str, args: &[&[u8]], out: &mut Vec<u8>) {
    header(b'*', args.len() + 1, out);
    bulk(spelling(words, word).as_bytes(), out);
    for arg in args {
        bulk(arg, out);
    }
}

/// The word to use for a command.
fn spelling<'a>(words: &'a Renames, word: &'a str) -> &'a str {
    let exact = words.get(word);
    let renamed = exact.or_else(|| {
        words
            .iter()
            .find_map(|(old, new)| old.eq_ignore_ascii_case(word).then_some(new))
    });
    renamed.map_or(word, String::as_str)
}

fn bulk(bytes: &[u8], out: &mut Vec<u8>) {
    header(b'$', bytes.len(), out);
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

fn header(kind: u8, count: usize, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(count.to_string().as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(words: &Renames, word: &str, args: &[&[u8]]) -> String {
        let mut out = Vec::new();
        write(words, word, args, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_request_is_an_array_of_bulk_strings() {
        let text = written(&Renames::new(), "CONFIG", &[b"REWRITE"]);
        assert_eq!(text, "*2\r\n$6\r\nCONFIG\r\n$7\r\nREWRITE\r\n");
    }

    #[test]
    fn arguments_may_hold_any_bytes() {
        let mut out = Vec::new();
        write(&Renames::new(), "AUTH", &[b"\r\n\xff\0"], &mut out);
        assert_eq!(out, b"*2\r\n$4\r\nAUTH\r\n$4\r\n\r\n\xff\0\r\n");
    }

    #[test]
    fn a_renamed_word_is_sent_in_its_new_spelling() {
        let words = Renames::from([("PING".into(), "p-1".into())]);
        assert_eq!(written(&words, "PING", &[]), "*1\r\n$3\r\np-1\r\n");
        assert_eq!(written(&words, "INFO", &[]), "*1\r\n$4\r\nINFO\r\n");
    }

    #[test]
    fn a_rename_given_in_lower_case_is_found() {
        let words = Renames::from([("config".into(), "CF".into())]);
        assert_eq!(written(&words, "CONFIG", &[]), "*1\r\n$2\r\nCF\r\n");
    }
}
