//! Numbers as configuration lines hold them: strict in generic directives, lax after `sentinel`.

/// A number of a `sentinel` line: leading blanks, sign, digits; stops at the first other byte,
/// no digits are 0, and the result wraps to 32 bits (`1s` is 1, `99999999999` is 1215752191).
pub fn lax_int(text: &[u8]) -> i32 {
    let (negative, digits) = sign_and_digits(text);
    let mut value: i64 = 0;
    for digit in digits {
        let digit = i64::from(digit - b'0');
        value = value.saturating_mul(10);
        value = if negative {
            value.saturating_sub(digit)
        } else {
            value.saturating_add(digit)
        };
    }
    value as i32
}

/// An epoch of a `sentinel` line: lax in the same way, unsigned, 64 bits; a negative one wraps.
pub fn lax_epoch(text: &[u8]) -> u64 {
    let (negative, digits) = sign_and_digits(text);
    let mut value: Option<u64> = Some(0);
    for digit in digits {
        value = value
            .and_then(|v| v.checked_mul(10))
            .and_then(|v| v.checked_add(u64::from(digit - b'0')));
    }
    match value {
        Some(value) if negative => value.wrapping_neg(),
        Some(value) => value,
        None => u64::MAX,
    }
}

/// A number of a generic directive: decimal, the whole word.
pub fn strict_int(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    let decimal = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if decimal { text.parse().ok() } else { None }
}

/// A number of bytes: digits and an optional unit; `k m g` are powers of 1000, `kb mb gb` of
/// 1024.
pub fn memory(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.to_ascii_lowercase();
    let end = text
        .bytes()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len());
    let unit: u64 = match &text[end..] {
        "" | "b" => 1,
        "k" => 1000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    text[..end].parse::<u64>().ok()?.checked_mul(unit)
}

/// The shortest exact form of a number of bytes, as the reference writes it.
pub fn memory_text(bytes: u64) -> String {
    for (unit, name) in [(1 << 30, "gb"), (1 << 20, "mb"), (1 << 10, "kb")] {
        if bytes != 0 && bytes.is_multiple_of(unit) {
            return format!("{}{name}", bytes / unit);
        }
    }
    bytes.to_string()
}

/// An octal number, the whole word.
pub fn octal(text: &[u8]) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(text).ok()?, 8).ok()
}

fn sign_and_digits(text: &[u8]) -> (bool, impl Iterator<Item = u8>) {
    let text = text.trim_ascii_start();
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    (
        negative,
        rest.iter().copied().take_while(u8::is_ascii_digit),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentinel_numbers_are_read_as_leniently_as_the_reference_reads_them() {
        let table: &[(&str, i32)] = &[
            ("1s", 1),
            ("2x", 2),
            ("abc", 0),
            ("", 0),
            (" -7 ", -7),
            ("+9", 9),
            ("99999999999", 1_215_752_191),
            ("99999999999999999999999", -1),
        ];
        for (text, value) in table {
            assert_eq!(lax_int(text.as_bytes()), *value, "{text}");
        }
    }

    #[test]
    fn epochs_wrap_when_negative_and_saturate_when_too_long() {
        assert_eq!(lax_epoch(b"-1"), u64::MAX);
        assert_eq!(lax_epoch(b"abc"), 0);
        assert_eq!(lax_epoch(b"12x"), 12);
        assert_eq!(lax_epoch(b"99999999999999999999999"), u64::MAX);
    }

    #[test]
    fn generic_integers_take_the_whole_word_or_nothing() {
        assert_eq!(strict_int(b"-12"), Some(-12));
        for bad in ["", "1s", "+1", " 1", "1 ", "0x1", "99999999999999999999"] {
            assert_eq!(strict_int(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn memory_units_of_one_letter_are_decimal_and_of_two_letters_binary() {
        assert_eq!(memory(b"1K"), Some(1000));
        assert_eq!(memory(b"1kB"), Some(1024));
        assert_eq!(memory(b"2gb"), Some(2 << 30));
        for bad in ["", "mb", "-1", "1.5mb", "1tb", "99999999999gb"] {
            assert_eq!(memory(bad.as_bytes()), None, "{bad}");
        }
        for (bytes, text) in [
            (1 << 30, "1gb"),
            (1000, "1000"),
            (0, "0"),
            (1536 << 10, "1536kb"),
        ] {
            assert_eq!(memory_text(bytes), text);
        }
    }
}
