//! What reading a configuration needs from outside: other files, and facts about them.

use super::users::UserLine;

/// The file system as the configuration sees it. Relative paths are relative to the current
/// directory, which a `dir` line changes on the spot.
pub trait IncludeReader {
    /// The content of an included file; an error is the operating system's text.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String>;

    /// The files that match a pattern with `*`, `?` or `[`, in sorted order.
    fn glob(&mut self, pattern: &str) -> Vec<String>;

    /// A `dir` line; an error is the operating system's text.
    fn change_dir(&mut self, dir: &str) -> Result<(), String>;

    /// Whether the log file can be opened for appending; an error is the operating system's
    /// text.
    fn check_log_file(&mut self, path: &str) -> Result<(), String>;

    /// What is wrong with a `user` line, if it can be told without the other lines. The text
    /// shows no password.
    fn fault_of_user(&mut self, _line: &UserLine) -> Option<String> {
        None
    }

    /// Why a `rename-command` line is refused after `earlier` ones, in the words of the report.
    fn fault_of_rename(
        &mut self,
        _earlier: &[(Vec<u8>, Vec<u8>)],
        _from: &[u8],
        _to: &[u8],
    ) -> Option<&'static str> {
        None
    }

    /// Whether this process may execute the file.
    fn is_executable(&mut self, path: &str) -> bool;
}
