//! Replies as a tree, so that parts of them can be put aside before they are compared.

use std::fmt;

/// A reply of either protocol, as it came: two that are encoded differently are not equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reply {
    /// One line, with its first byte: status, error, integer, double, null.
    Line(String),
    /// A bulk string or verbatim text (`$`, `=`).
    Bulk(char, String),
    /// An array, map, set or push (`*`, `%`, `~`, `>`); a map's keys and values alternate.
    Many(char, Vec<Reply>),
    /// The connection was closed.
    Closed,
    /// Neither a reply nor an end for a long time.
    Silence,
}

impl Reply {
    /// The text of a bulk string.
    pub fn text(&self) -> Option<&str> {
        match self {
            Reply::Bulk(_, text) => Some(text),
            _ => None,
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Line(text) => write!(f, "{}", text.escape_debug()),
            Reply::Bulk(kind, text) => write!(f, "{kind}\"{}\"", text.escape_debug()),
            Reply::Many(kind, items) => {
                write!(f, "{kind}[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
                }
                write!(f, "]")
            }
            Reply::Closed => write!(f, "closed"),
            Reply::Silence => write!(f, "silence"),
        }
    }
}

/// All the replies in these bytes, which hold whole ones only.
pub fn read_all(bytes: &[u8]) -> Vec<Reply> {
    let mut rest = bytes;
    let mut all = Vec::new();
    while !rest.is_empty() {
        all.push(read(&mut rest));
    }
    all
}

fn read(rest: &mut &[u8]) -> Reply {
    let line = line(rest);
    let kind = line.chars().next().expect("no empty line");
    let number = || line[1..].parse::<usize>();
    match kind {
        '$' | '=' if number().is_ok() => {
            let length = number().expect("checked");
            let (body, after) = rest.split_at(length);
            *rest = after.strip_prefix(b"\r\n").expect("a line end");
            Reply::Bulk(kind, latin1(body))
        }
        '*' | '~' | '>' | '%' if number().is_ok() => {
            let count = number().expect("checked") * if kind == '%' { 2 } else { 1 };
            Reply::Many(kind, (0..count).map(|_| read(rest)).collect())
        }
        '+' | '-' | ':' | '_' | ',' | '$' | '*' => Reply::Line(line),
        _ => panic!("no reply: {line:?}"),
    }
}

fn line(rest: &mut &[u8]) -> String {
    let end = rest
        .windows(2)
        .position(|two| two == b"\r\n")
        .unwrap_or_else(|| panic!("no line end in {:?}", latin1(rest)));
    let line = latin1(&rest[..end]);
    *rest = &rest[end + 2..];
    line
}

/// Each byte a character, so that no byte is lost.
pub fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}
