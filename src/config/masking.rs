//! Configuration lines as they may be shown: without passwords.

use crate::types::split_args;

const MASK: &str = "******";

/// The line with every password replaced by `******`.
///
/// A line is taken to hold a password when its directive is known to, or has `pass` in its name
/// (so that a mistyped directive does not show one).
pub fn mask_line(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line.trim_ascii()).into_owned();
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let sentinel = words.first().is_some_and(|word| word.eq_ignore_ascii_case("sentinel"));
    let head_at = usize::from(sentinel);
    let Some(head) = words.get(head_at).map(|word| word.to_ascii_lowercase()) else {
        return text;
    };
    if !sentinel && head == "user" {
        return mask_user(&words);
    }
    if !holds_password(&head) {
        return text;
    }
    // A head with a quote in it has swallowed the value: show nothing of it.
    let clean = head.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let mut shown = words[..head_at].join(" ");
    if !shown.is_empty() {
        shown.push(' ');
    }
    if !clean {
        return shown + MASK;
    }
    shown += words[head_at];
    let arguments = &words[head_at + 1..];
    // `auth-pass <master> <password>`: the name helps, but only if it surely is one.
    let named = sentinel && head == "auth-pass" && split_args(line).is_ok_and(|w| w.len() == 4);
    if named && !arguments[0].contains(['"', '\'']) {
        shown = format!("{shown} {}", arguments[0]);
    }
    if arguments.is_empty() { shown } else { format!("{shown} {MASK}") }
}

fn holds_password(head: &str) -> bool {
    head.contains("pass") || matches!(head, "masterauth" | "primaryauth" | "auth")
}

/// `user <name> <rules>`: rules that add or remove a password start with one of four marks. A
/// quoted rule could hide one, so it is masked as well.
fn mask_user(words: &[&str]) -> String {
    let mut hidden = false;
    let shown = words.iter().map(|word| {
        hidden |= word.starts_with(['>', '<', '#', '!']) && word.contains(['"', '\'']);
        let secret = word.starts_with(['>', '<', '#', '!']) || word.contains(['"', '\'']);
        if secret || hidden { MASK } else { *word }
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::mask_line;

    #[test]
    fn passwords_are_masked_in_every_line_that_may_hold_one() {
        let table: &[(&str, &str)] = &[
            ("sentinel auth-pass mymaster s3cr3t", "sentinel auth-pass mymaster ******"),
            ("sentinel auth-pass s3cr3t", "sentinel auth-pass ******"),
            ("SENTINEL AUTH-PASS m s3 cr", "SENTINEL AUTH-PASS ******"),
            ("sentinel authpass m s3cr3t", "sentinel authpass ******"),
            ("sentinel sentinel-pass \"a b\"", "sentinel sentinel-pass ******"),
            ("requirepass a b", "requirepass ******"),
            ("requirepass", "requirepass"),
            ("requirepass\"s3cr3t\" x", "******"),
            ("masterauth x y", "masterauth ******"),
            ("tls-key-file-pass x y", "tls-key-file-pass ******"),
            ("user bob on >s3cr3t ~* bogus", "user bob on ****** ~* bogus"),
            ("user bob on >\"a b\" ~*", "user bob on ****** ****** ******"),
            ("user bob on \">a b\" ~*", "user bob on ****** ****** ~*"),
            ("sentinel monitor m 1.2.3.4 1 0", "sentinel monitor m 1.2.3.4 1 0"),
            ("port  7x", "port  7x"),
        ];
        for (line, shown) in table {
            assert_eq!(mask_line(line.as_bytes()), *shown, "{line}");
        }
    }
}
