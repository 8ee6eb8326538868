//! Glob patterns of the Redis dialect.

/// Placeholder until the real matcher lands.
pub fn glob_matches(pattern: &[u8], text: &[u8], ignore_case: bool) -> bool {
    let _ = ignore_case;
    pattern == b"*" || pattern == text
}
