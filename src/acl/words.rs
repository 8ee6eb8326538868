//! The words that rules are made of: blanks, and selectors that span several words.

use crate::types::{quote, split_args};

use super::error::SetUserError;

/// Bytes that no name, pattern or first argument may hold: they would end the word where it is
/// written.
pub fn is_blank_or_nul(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0)
}

/// The rules of these words: a word that opens a parenthesis and those up to the one that closes
/// it are one rule. Empty words are no rules.
pub fn join_selectors<W: AsRef<[u8]>>(words: &[W]) -> Result<Vec<Vec<u8>>, SetUserError> {
    let mut rules = Vec::new();
    let mut words = words.iter().map(AsRef::as_ref);
    while let Some(word) = words.next() {
        let mut rule = word.to_vec();
        if word.starts_with(b"(") {
            // The error names the last word that opens one.
            let mut opening = word;
            while !rule.ends_with(b")") {
                let Some(next) = words.next() else {
                    return Err(SetUserError::Unmatched(opening.to_vec()));
                };
                if next.starts_with(b"(") {
                    opening = next;
                }
                rule.push(b' ');
                rule.extend(next);
            }
        }
        if !rule.is_empty() {
            rules.push(rule);
        }
    }
    Ok(rules)
}

/// The rules inside `(…)`; `None` when quotes in it are not balanced.
pub fn inside(selector: &[u8]) -> Option<Vec<Vec<u8>>> {
    let inner = selector.strip_prefix(b"(")?.strip_suffix(b")")?;
    split_args(inner).ok()
}

/// A rule as a log may show it: a selector with what could be a password, which has no place in
/// it, is masked.
pub fn masked(rule: &[u8]) -> String {
    if rule.starts_with(b"(") && rule.iter().any(|b| b"><#!".contains(b)) {
        return "(******)".to_owned();
    }
    String::from_utf8_lossy(rule).into_owned()
}

/// A rule as it is written inside a selector, where quotes are read: bare if that reads back. A
/// parenthesis at its end would close the selector, so it goes into quotes as well.
pub fn quoted(rule: &[u8]) -> Vec<u8> {
    let same = |words: Vec<Vec<u8>>| words.len() == 1 && words[0] == rule;
    if !rule.ends_with(b")") && split_args(rule).is_ok_and(same) {
        rule.to_vec()
    } else {
        quote(rule)
    }
}
