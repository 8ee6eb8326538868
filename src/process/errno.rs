//! The operating system's own words for an error, as they stand in log lines.

use std::io;

/// `No such file or directory` and the like: what `strerror` says, without the number that
/// Rust's standard library appends.
pub fn errno_text(error: &io::Error) -> String {
    let text = error.to_string();
    match (error.raw_os_error(), text.rfind(" (os error ")) {
        (Some(_), Some(at)) => text[..at].to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_the_error_is_left_out() {
        assert_eq!(
            errno_text(&io::Error::from_raw_os_error(2)),
            "No such file or directory"
        );
        assert_eq!(
            errno_text(&io::Error::from_raw_os_error(30)),
            "Read-only file system"
        );
    }

    #[test]
    fn an_error_that_is_not_of_the_system_keeps_its_text() {
        assert_eq!(
            errno_text(&io::Error::other("odd (os error 9)")),
            "odd (os error 9)"
        );
    }
}
