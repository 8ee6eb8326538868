//! From a line of the table to the bytes of its steps.

use rsentinel::types::split_args;

/// What the names in braces stand for.
#[derive(Clone, Debug)]
pub struct Names {
    pub id: String,
    pub addr: String,
    pub master_port: String,
}

/// The bytes of each step.
pub fn steps(line: &str, names: &Names) -> Vec<Vec<u8>> {
    line.split(" | ")
        .map(|step| {
            step.split(" ;; ")
                .flat_map(|one| request(one, names))
                .collect()
        })
        .collect()
}

/// A multibulk request of these words.
pub fn multibulk(words: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).into_bytes());
        bytes.extend(word);
        bytes.extend(b"\r\n");
    }
    bytes
}

fn request(text: &str, names: &Names) -> Vec<u8> {
    let text = expand(text, names);
    match text.strip_prefix("raw ") {
        Some(bytes) => unescape(bytes),
        None => multibulk(&split_args(text.as_bytes()).expect("balanced quotes")),
    }
}

/// Replaces what is in braces.
fn expand(text: &str, names: &Names) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once('{') {
        let (inside, after) = inside.split_once('}').expect("a closing brace");
        out.push_str(before);
        match inside {
            "id" => out.push_str(&names.id),
            "addr" => out.push_str(&names.addr),
            "master-port" => out.push_str(&names.master_port),
            _ => {
                let (what, times) = inside.rsplit_once('*').expect("{what*times}");
                out.push_str(&what.repeat(times.parse().expect("a number")));
            }
        }
        rest = after;
    }
    out + rest
}

/// `\r`, `\n`, `\t`, `\\` and `\xhh`.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, more)) = rest.split_first() {
        rest = more;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        let (&kind, more) = rest.split_first().expect("something after a backslash");
        rest = more;
        bytes.push(match kind {
            b'r' => b'\r',
            b'n' => b'\n',
            b't' => b'\t',
            b'\\' => b'\\',
            b'x' => {
                let digits = std::str::from_utf8(&rest[..2]).expect("two digits");
                rest = &rest[2..];
                u8::from_str_radix(digits, 16).expect("hexadecimal")
            }
            other => panic!("\\{}", char::from(other)),
        });
    }
    bytes
}
