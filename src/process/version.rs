//! The names and numbers under which the program presents itself.

/// Our own version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The redis-sentinel whose behaviour we offer: what `INFO` calls `redis_version`, and what
/// tools that choose features by version should see.
pub use crate::commands::REDIS_VERSION;

/// The answer to `-v`.
///
/// Scripts take the version out of it in two ways: the third word (`awk '{print $3}'`), or
/// whatever follows `v=` (`sed 's/.*v=\([0-9.]*\).*/\1/'`, which takes the last one). Both must
/// find the compatible version, so the line keeps the known shape and its first `v=` is its
/// only one; our own version stands at the end under another name.
pub fn version_line() -> String {
    format!(
        "rsentinel server v={REDIS_VERSION} sha=00000000:0 malloc=libc bits={} build=0 rsentinel={VERSION}",
        usize::BITS
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_word_of_the_version_line_is_the_compatible_version() {
        let line = version_line();
        assert_eq!(
            line.split(' ').nth(2),
            Some(format!("v={REDIS_VERSION}").as_str())
        );
        assert_eq!(line.matches("v=").count(), 1);
    }
}
