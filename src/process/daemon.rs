//! Going into the background.

use std::io;

/// Forks once; the parent exits with status 0 at once. The child leads a new session, its
/// standard streams are `/dev/null`, its directory and umask stay. The pid changes.
///
/// To be called while the process has a single thread: no other thread lives on in the child.
///
/// # Errors
/// The fork failed, or `/dev/null` could not be opened.
pub fn daemonize() -> io::Result<()> {
    let keep_directory = true;
    let keep_streams = false;
    nix::unistd::daemon(keep_directory, keep_streams).map_err(io::Error::from)
}
