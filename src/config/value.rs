//! The values of generic directives: what kinds there are, how each is read and written.

use crate::types::{Secret, quote, split_args};

use super::error::Complaint;
use super::{numbers, quoting};

/// What a directive takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `yes` or `no`.
    Bool,
    /// One of these words, in any case.
    OneOf(&'static [&'static str]),
    /// A number between these bounds.
    Int(i64, i64),
    /// A number of bytes, at least this.
    Memory(i64),
    /// A file mode, at most this.
    Octal(u32),
    /// Text, written in double quotes.
    Text,
    /// Text that is never shown.
    Password,
    /// Text with `{variables}` of a process title.
    TitleTemplate,
    /// Any number of words, also given as one quoted argument.
    Words,
    /// Three numbers from -2000 to 2000.
    ScoreAdjust,
    /// Exactly one word, taken as it is.
    Opaque,
}

/// A value that a directive was given.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Value {
    Bool(bool),
    Word(&'static str),
    Int(i64),
    Memory(u64),
    Octal(u32),
    Text(Vec<u8>),
    Password(Secret),
    Words(Vec<Vec<u8>>),
}

const TITLE_VARIABLES: [&str; 7] = [
    "title",
    "listen-addr",
    "server-mode",
    "config-file",
    "port",
    "tls-port",
    "unixsocket",
];

impl Kind {
    /// Reads the arguments of a directive of this kind.
    pub fn read(self, arguments: &[Vec<u8>]) -> Result<Value, Complaint> {
        match self {
            Kind::Words => return Ok(Value::Words(several(arguments)?)),
            Kind::ScoreAdjust => return score_adjust(&several(arguments)?),
            _ => {}
        }
        let [word] = arguments else {
            return Err(Complaint::WrongArguments);
        };
        match self {
            Kind::Bool => match word.to_ascii_lowercase().as_slice() {
                b"yes" => Ok(Value::Bool(true)),
                b"no" => Ok(Value::Bool(false)),
                _ => Err(Complaint::NotYesNo),
            },
            Kind::OneOf(choices) => {
                let chosen = choices.iter().find(|c| c.as_bytes().eq_ignore_ascii_case(word));
                chosen.map(|c| Value::Word(c)).ok_or(Complaint::NotOneOf(choices))
            }
            Kind::Int(lo, hi) => match numbers::strict_int(word) {
                None => Err(Complaint::NotInteger),
                Some(number) if (lo..=hi).contains(&number) => Ok(Value::Int(number)),
                Some(_) => Err(Complaint::OutOfRange(lo, hi)),
            },
            Kind::Memory(lo) => match numbers::memory(word) {
                None => Err(Complaint::NotMemory),
                Some(bytes) if i64::try_from(bytes).is_ok_and(|b| b >= lo) => {
                    Ok(Value::Memory(bytes))
                }
                Some(_) => Err(Complaint::OutOfRange(lo, i64::MAX)),
            },
            Kind::Octal(hi) => match numbers::octal(word) {
                None => Err(Complaint::NotOctal),
                Some(mode) if mode <= hi => Ok(Value::Octal(mode)),
                Some(_) => Err(Complaint::OctalOutOfRange(0, hi)),
            },
            Kind::TitleTemplate if !is_title_template(word) => Err(Complaint::TitleTemplate),
            Kind::Password => Ok(Value::Password(Secret::new(word))),
            Kind::Opaque => Ok(Value::Words(vec![word.clone()])),
            Kind::Text | Kind::TitleTemplate | Kind::Words | Kind::ScoreAdjust => {
                Ok(Value::Text(word.clone()))
            }
        }
    }
}

impl Value {
    /// The canonical text after the directive's name.
    pub fn write(&self) -> Vec<u8> {
        match self {
            Value::Bool(true) => b"yes".to_vec(),
            Value::Bool(false) => b"no".to_vec(),
            Value::Word(word) => word.as_bytes().to_vec(),
            Value::Int(number) => number.to_string().into_bytes(),
            Value::Memory(bytes) => numbers::memory_text(*bytes).into_bytes(),
            Value::Octal(mode) => format!("{mode:o}").into_bytes(),
            Value::Text(text) => quote(text),
            Value::Password(secret) => quote(secret.reveal()),
            Value::Words(all) if all.is_empty() => b"\"\"".to_vec(),
            Value::Words(all) => quoting::words(all.iter().map(Vec::as_slice)),
        }
    }
}

/// The words of a directive that takes several; a single argument with blanks is split again.
fn several(arguments: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Complaint> {
    match arguments {
        [only] => split_args(only).map_err(|_| Complaint::UnbalancedQuotes),
        words => Ok(words.to_vec()),
    }
}

fn score_adjust(words: &[Vec<u8>]) -> Result<Value, Complaint> {
    if words.len() != 3 {
        return Err(Complaint::WrongArguments);
    }
    let in_range = |w: &Vec<u8>| numbers::strict_int(w).is_some_and(|n| n.abs() <= 2000);
    if words.iter().all(in_range) {
        Ok(Value::Words(words.to_vec()))
    } else {
        Err(Complaint::ScoreAdjust)
    }
}

fn is_title_template(text: &[u8]) -> bool {
    let Ok(mut rest) = std::str::from_utf8(text) else {
        return !text.contains(&b'{') && !text.contains(&b'}');
    };
    while let Some((_, after)) = rest.split_once('{') {
        match after.split_once('}') {
            Some((name, tail)) if TITLE_VARIABLES.contains(&name) => rest = tail,
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Vec<u8>> {
        split_args(line.as_bytes()).unwrap()
    }

    #[test]
    fn each_kind_is_written_in_its_canonical_form() {
        let table: &[(Kind, &str, &str)] = &[
            (Kind::Bool, "YES", "yes"),
            (Kind::OneOf(&["auto", "no"]), "AUTO", "auto"),
            (Kind::Int(0, 9), "7", "7"),
            (Kind::Memory(0), "1048576", "1mb"),
            (Kind::Octal(0o777), "0700", "700"),
            (Kind::Text, "/a/b", "\"/a/b\""),
            (Kind::Text, "\"h\u{e9}\"", "\"h\\xc3\\xa9\""),
            (Kind::Words, "\"a  b\"", "a b"),
            (Kind::Words, "\"\"", "\"\""),
            (Kind::Words, "", "\"\""),
            (Kind::ScoreAdjust, "0 200 800", "0 200 800"),
            (Kind::Opaque, "5%", "5%"),
        ];
        for (kind, given, written) in table {
            let value = kind.read(&words(given)).unwrap();
            assert_eq!(value.write(), written.as_bytes(), "{given}");
            assert_eq!(kind.read(&words(written)).unwrap(), value, "{given}");
        }
    }

    #[test]
    fn a_title_template_knows_its_variables() {
        assert!(is_title_template(b"{title} {listen-addr} {server-mode}"));
        for bad in ["{titel}", "{title", "{"] {
            assert!(!is_title_template(bad.as_bytes()), "{bad}");
        }
    }
}
