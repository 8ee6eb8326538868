//! Client bytes inside error texts. Errors quote what a client sent, which need not be UTF-8;
//! bytes that are not are carried through the text as characters of a range that nobody uses, and
//! leave as the bytes they were.

use std::borrow::Cow;

/// What is added to a byte above 0x7f: the last 128 code points of Unicode's last private plane.
/// No character stands for an ASCII byte, so none can end a line.
const FIRST: u32 = 0x10_ff00;

/// A text in which every byte is preserved.
pub fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|c| byte_of(c).is_some()) => Cow::Borrowed(text),
        _ => Cow::Owned(carried(bytes)),
    }
}

fn carried(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match byte_of(c) {
                // A client's own character of that range, or it would leave as another byte.
                Some(_) => carry(c.encode_utf8(&mut [0; 4]).as_bytes(), &mut text),
                None => text.push(c),
            }
        }
        carry(chunk.invalid(), &mut text);
    }
    text
}

fn carry(bytes: &[u8], text: &mut String) {
    text.extend(
        bytes
            .iter()
            .filter_map(|&byte| char::from_u32(FIRST + u32::from(byte))),
    );
}

/// The byte above 0x7f that a character stands for, if it stands for one.
pub fn byte_of(c: char) -> Option<u8> {
    u8::try_from(u32::from(c).checked_sub(FIRST)?)
        .ok()
        .filter(|byte| !byte.is_ascii())
}
