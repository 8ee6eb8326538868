//! Names of users.

use std::borrow::{Borrow, Cow};
use std::fmt;

use bytes::Bytes;

/// The name of a user: any bytes but blanks and NUL, and at least one. Case matters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(Bytes);

impl UserName {
    /// The user that every connection belongs to until it authenticates as another.
    pub const DEFAULT: UserName = UserName(Bytes::from_static(b"default"));

    /// A name, if it can be one. The reference also takes the empty name, but cannot read the
    /// file that it then writes.
    pub fn new(name: &[u8]) -> Option<Self> {
        let fits = !name.is_empty() && !name.iter().any(|b| super::words::is_blank_or_nul(*b));
        fits.then(|| UserName(Bytes::copy_from_slice(name)))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }

    /// As text, for lines that are text.
    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

impl Default for UserName {
    fn default() -> Self {
        UserName::DEFAULT
    }
}

impl Borrow<[u8]> for UserName {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_text())
    }
}
