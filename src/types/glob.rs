//! Glob patterns of the Redis dialect.
//!
//! `*` any run of bytes, `?` one byte, `[abc]`, `[a-z]`, `[^…]`, `\x` the byte `x`. An
//! unterminated `[` ends with the pattern. Every part but `*` takes exactly one byte, so going
//! back to the latest `*` is enough, and a match costs at most pattern length × text length.

/// True when `pattern` matches all of `text`. A pattern never matches an empty text unless it is
/// itself empty (the reference's rule, also for `*`). `ignore_case` is ASCII only.
pub fn glob_matches(pattern: &[u8], text: &[u8], ignore_case: bool) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut p, mut t) = (0, 0);
    // After the latest `*`: where the pattern goes on, and how much text the star has taken.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            star = Some((p, t));
            continue;
        }
        if let Some(next) = match_one(pattern, p, text[t], ignore_case) {
            p = next;
            t += 1;
            continue;
        }
        let Some((after, taken)) = star else {
            return false;
        };
        p = after;
        t = taken + 1;
        star = Some((after, t));
    }
    pattern[p..].iter().all(|&b| b == b'*')
}

/// Matches one byte against the part at `at`, which is not a `*`; gives where the next part
/// starts, or `None` for no match or no part left.
fn match_one(pattern: &[u8], at: usize, byte: u8, ignore_case: bool) -> Option<usize> {
    match *pattern.get(at)? {
        b'?' => Some(at + 1),
        b'[' => match_class(pattern, at + 1, byte, ignore_case),
        b'\\' if at + 1 < pattern.len() => {
            same(pattern[at + 1], byte, ignore_case).then_some(at + 2)
        }
        literal => same(literal, byte, ignore_case).then_some(at + 1),
    }
}

/// Matches one byte against the class whose first byte after the `[` is at `at`.
fn match_class(pattern: &[u8], mut at: usize, byte: u8, ignore_case: bool) -> Option<usize> {
    let negated = pattern.get(at) == Some(&b'^');
    if negated {
        at += 1;
    }
    let mut found = false;
    while let Some(&first) = pattern.get(at) {
        match first {
            b']' => {
                at += 1;
                break;
            }
            b'\\' if at + 1 < pattern.len() => {
                // An escaped byte inside a class is compared as it is, whatever the case rule.
                found |= pattern[at + 1] == byte;
                at += 2;
            }
            _ if pattern.get(at + 1) == Some(&b'-') && at + 2 < pattern.len() => {
                found |= in_range(first, pattern[at + 2], byte, ignore_case);
                at += 3;
            }
            _ => {
                found |= same(first, byte, ignore_case);
                at += 1;
            }
        }
    }
    (found != negated).then_some(at)
}

fn in_range(a: u8, b: u8, byte: u8, ignore_case: bool) -> bool {
    let (low, high) = (a.min(b), a.max(b));
    if ignore_case {
        return (low.to_ascii_lowercase()..=high.to_ascii_lowercase())
            .contains(&byte.to_ascii_lowercase());
    }
    (low..=high).contains(&byte)
}

fn same(a: u8, b: u8, ignore_case: bool) -> bool {
    a == b || (ignore_case && a.eq_ignore_ascii_case(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        glob_matches(pattern.as_bytes(), text.as_bytes(), false)
    }

    #[test]
    fn stars_and_question_marks_match_as_documented() {
        for (pattern, text) in [
            ("*", "x"),
            ("m*", "mymaster"),
            ("*master", "mymaster"),
            ("m*a*r", "mymaster"),
            ("my?aster", "mymaster"),
            ("a**", "a"),
            ("**a", "a"),
            ("a*b*c", "aXbXbYc"),
            ("\\*", "*"),
            ("\\?x", "?x"),
            ("a\\", "a\\"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("?", "xy"),
            ("a*b", "abc"),
            ("\\*", "x"),
            ("ab", "a"),
            ("a", "ab"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn only_the_empty_pattern_matches_the_empty_text() {
        assert!(matches("", ""));
        for pattern in ["*", "?", "**", "[^a]"] {
            assert!(!matches(pattern, ""), "{pattern}");
        }
        assert!(!matches("", "x"));
    }

    #[test]
    fn classes_know_ranges_negation_and_missing_ends() {
        for (pattern, text) in [
            ("[abc]", "b"),
            ("[a-c]", "b"),
            ("[c-a]", "b"),
            ("[^a-c]", "x"),
            ("[\\]]", "]"),
            ("[ab", "b"),
            ("[^", "x"),
            ("[^]", "x"),
            ("h[ae]llo", "hallo"),
            ("[a-]", "^"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("[abc]", "d"), ("[]x]", "x"), ("[", "["), ("[^a-c]", "b")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn case_matters_unless_ignored() {
        assert!(!matches("ANNOUNCE-*", "announce-ip"));
        assert!(glob_matches(b"ANNOUNCE-*", b"announce-ip", true));
        assert!(glob_matches(b"[A-C]x", b"bX", true));
    }

    #[test]
    fn a_hostile_pattern_costs_no_more_than_its_length_times_the_text() {
        let pattern = "*a".repeat(200) + "b";
        let text = "a".repeat(2000);
        // A matcher that tries every way would not end within the life of this machine.
        assert!(!matches(&pattern, &text));
    }
}
