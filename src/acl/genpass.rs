//! Passwords out of random bytes.

use std::fmt::Write;

/// How many random bytes the longest password needs: 4096 bits.
pub const GENPASS_BYTES: usize = 512;

/// A password of this many bits, 1 … 4096, rounded up to a whole hexadecimal digit.
pub fn genpass(bits: u16, random: &[u8; GENPASS_BYTES]) -> String {
    let digits = usize::from(bits).div_ceil(4);
    let mut text = String::with_capacity(GENPASS_BYTES * 2);
    for byte in random {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.truncate(digits);
    text
}
