//! Numbers as the field reads them: the leading integer counts, garbage is 0.

/// The leading decimal integer of a text, after blanks and an optional sign; saturates at the
/// ends of the range; 0 when there is none.
pub(super) fn leading_i64(text: &str) -> i64 {
    let (negative, digits) = split_sign(text);
    digits.fold(0_i64, |n, d| {
        let d = i64::from(d);
        n.saturating_mul(10)
            .saturating_add(if negative { -d } else { d })
    })
}

/// Like [`leading_i64`] for numbers that cannot be negative: a negative one is 0.
pub(super) fn leading_u64(text: &str) -> u64 {
    let (negative, digits) = split_sign(text);
    if negative {
        return 0;
    }
    digits.fold(0_u64, |n, d| {
        n.saturating_mul(10).saturating_add(u64::from(d))
    })
}

fn split_sign(text: &str) -> (bool, impl Iterator<Item = u8>) {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    (
        negative,
        digits
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .map(|b| b - b'0'),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_leading_integer_counts() {
        let table = [
            ("", 0),
            ("x1", 0),
            ("12", 12),
            ("12abc", 12),
            (" 7", 7),
            ("-1", -1),
            ("+3", 3),
            ("- 1", 0),
            ("99999999999999999999", i64::MAX),
            ("-99999999999999999999", i64::MIN),
            ("-9223372036854775808", i64::MIN),
        ];
        for (text, number) in table {
            assert_eq!(leading_i64(text), number, "{text:?}");
        }
    }

    #[test]
    fn an_unsigned_number_is_never_wrapped() {
        assert_eq!(leading_u64("18446744073709551615"), u64::MAX);
        assert_eq!(leading_u64("18446744073709551616"), u64::MAX);
        assert_eq!(leading_u64("-1"), 0);
        assert_eq!(leading_u64("5;"), 5);
    }
}
