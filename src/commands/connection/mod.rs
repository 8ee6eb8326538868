//! Commands about the connection itself.

pub mod auth;
pub mod client;
pub mod hello;
pub mod ping;

/// The error for a name that CLIENT LIST could not show unambiguously.
pub const BAD_NAME: &str =
    "ERR Client names cannot contain spaces, newlines or special characters.";

/// A name of bytes `!` to `~` only; empty means none.
pub fn printable(name: &[u8]) -> Option<Option<String>> {
    if !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let text = String::from_utf8_lossy(name).into_owned();
    Some((!text.is_empty()).then_some(text))
}
