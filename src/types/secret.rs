//! Passwords that cannot be printed by accident.

use std::fmt;
use std::sync::Arc;

/// A password: bytes that never show in `Debug` or `Display` output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<[u8]>);

impl Secret {
    /// Wraps a password.
    pub fn new(bytes: &[u8]) -> Self {
        Secret(Arc::from(bytes))
    }

    /// The clear bytes: for the wire and the config file only.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(******)")
    }
}
