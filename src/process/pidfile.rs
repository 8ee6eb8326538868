//! The file that holds the process id.

use std::fs;
use std::io;
use std::path::PathBuf;

/// Where a daemonized process without `pidfile` leaves its id: what the reference uses.
const DEFAULT_WHEN_DAEMONIZED: &str = "/var/run/redis.pid";

/// The pid file to write: the configured one (also in the foreground), or the default when
/// daemonized, or none.
pub fn path_for(configured: Option<String>, daemonized: bool) -> Option<String> {
    configured
        .filter(|path| !path.is_empty())
        .or_else(|| daemonized.then(|| DEFAULT_WHEN_DAEMONIZED.to_owned()))
}

/// A pid file this process wrote, or tried to. Removed only by [`PidFile::remove`]: a crash
/// leaves it, as service scripts expect.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    content: String,
}

impl PidFile {
    /// Writes `<pid>\n`, truncating. The outcome of writing is the second part: a failure is
    /// worth a warning, not the end.
    pub fn write(path: PathBuf) -> (Self, io::Result<()>) {
        let content = format!("{}\n", std::process::id());
        let written = fs::write(&path, &content);
        (PidFile { path, content }, written)
    }

    /// Removes the file, unless another instance has put its own id into it meanwhile: then
    /// it is that one's file.
    pub fn remove(self) {
        if fs::read_to_string(&self.path).is_ok_and(|now| now == self.content) {
            // Best effort, as for writing: nothing depends on it any more.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_holds_the_pid_and_a_newline_and_goes_at_removal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.pid");
        fs::write(&path, "some longer old content\n").unwrap();
        let (file, written) = PidFile::write(path.clone());
        written.unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            format!("{}\n", std::process::id())
        );
        file.remove();
        assert!(!path.exists());
    }

    #[test]
    fn a_pid_file_overwritten_by_another_instance_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.pid");
        let (file, _) = PidFile::write(path.clone());
        fs::write(&path, "1\n").unwrap();
        file.remove();
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n");
    }

    #[test]
    fn a_pid_file_that_cannot_be_written_is_reported_and_not_fatal() {
        let (file, written) = PidFile::write(PathBuf::from("/nonexistent/dir/s.pid"));
        assert_eq!(written.unwrap_err().kind(), io::ErrorKind::NotFound);
        file.remove();
    }

    #[test]
    fn a_foreground_process_writes_a_pid_file_only_if_one_is_configured() {
        let chosen = |configured: Option<&str>, daemonized| {
            path_for(configured.map(str::to_owned), daemonized)
        };
        assert_eq!(chosen(None, false), None);
        assert_eq!(chosen(Some(""), false), None);
        assert_eq!(chosen(Some("/a"), false).as_deref(), Some("/a"));
        assert_eq!(chosen(Some("/a"), true).as_deref(), Some("/a"));
        assert_eq!(chosen(None, true).as_deref(), Some("/var/run/redis.pid"));
    }
}
