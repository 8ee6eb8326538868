//! Getting the configuration text: the file, standard input, the options of the command line.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use nix::unistd::{AccessFlags, access};

use super::errno::errno_text;
use super::fatal::FatalStart;
use super::logging;
use crate::core::notice::Level;

/// The most bytes read of the file, and of standard input: far beyond any configuration, so
/// that a wrong path (`/dev/zero`) ends in an error and not in all memory.
const MAX_TEXT: u64 = 256 << 20;

/// Reads the whole configuration text: the file, then standard input if asked for, then a
/// newline and the option lines. Later lines win over earlier ones, so options beat standard
/// input beat the file.
///
/// # Errors
/// The file cannot be opened or read. A directory is no error: it reads as empty text.
pub fn read(file: Option<&Path>, stdin: bool, option_lines: &str) -> Result<Vec<u8>, FatalStart> {
    let mut text = match file {
        Some(path) => read_file(path).map_err(|error| {
            FatalStart::Logged(format!(
                "Fatal error, can't open config file '{}': {}",
                path.display(),
                errno_text(&error)
            ))
        })?,
        None => Vec::new(),
    };
    if stdin {
        logging::line(Level::Notice, "Reading config from stdin");
        io::stdin()
            .lock()
            .take(MAX_TEXT)
            .read_to_end(&mut text)
            .map_err(|e| {
                FatalStart::Logged(format!("Fatal error, can't read stdin: {}", errno_text(&e)))
            })?;
    }
    if !option_lines.is_empty() {
        text.push(b'\n');
        text.extend_from_slice(option_lines.as_bytes());
    }
    Ok(text)
}

/// The content of the file; a directory reads as empty text.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    match File::open(path).and_then(|file| file.take(MAX_TEXT).read_to_end(&mut text)) {
        Err(error) if error.kind() != io::ErrorKind::IsADirectory => Err(error),
        _ => Ok(text),
    }
}

/// Refuses to run without a file in which votes and epochs can be remembered. Called after
/// the whole configuration was parsed, so that the line reaches a configured log file.
///
/// # Errors
/// No file was given, or this process may not write it. A file whose directory is not writable
/// passes: then every save fails, and the daemon says so and goes on.
pub fn check_writable(file: Option<&Path>) -> Result<&Path, FatalStart> {
    let path = check_given(file)?;
    let written = access(path, AccessFlags::W_OK);
    written.map(|()| path).map_err(|errno| {
        let what = format!("Sentinel config file {} is not writable", path.display());
        exiting(&what, &errno.into())
    })
}

/// The configuration file of the command line.
///
/// # Errors
/// No file was given.
pub fn check_given(file: Option<&Path>) -> Result<&Path, FatalStart> {
    file.ok_or_else(|| {
        FatalStart::Logged(
            "Sentinel needs config file on disk to save state. Exiting...".to_owned(),
        )
    })
}

/// The text of the state file; empty if there is none yet and it can be made.
///
/// # Errors
/// It cannot be read or written, or is the configuration file, which is never written then.
pub fn read_state(path: &Path, conf_file: &Path) -> Result<Vec<u8>, FatalStart> {
    let shown = path.display();
    let is_same = || Some(path.canonicalize().ok()? == conf_file.canonicalize().ok()?);
    if is_same() == Some(true) {
        return Err(FatalStart::Logged(format!(
            "The state file {shown} is the configuration file. Name another file, or leave the setting out to keep \
             the state in the configuration file. Exiting..."
        )));
    }
    let not_writable = |errno: nix::errno::Errno| {
        exiting(
            &format!("The state file {shown} is not writable"),
            &errno.into(),
        )
    };
    let mut text = Vec::new();
    match File::open(path).and_then(|file| file.take(MAX_TEXT).read_to_end(&mut text)) {
        Ok(_) => access(path, AccessFlags::W_OK).map_err(not_writable)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let dir = path.parent().unwrap_or(Path::new("/"));
            access(dir, AccessFlags::W_OK | AccessFlags::X_OK).map_err(not_writable)?;
        }
        Err(error) => {
            return Err(exiting(
                &format!("The state file {shown} cannot be read"),
                &error,
            ));
        }
    }
    Ok(text)
}

fn exiting(what: &str, error: &io::Error) -> FatalStart {
    FatalStart::Logged(format!("{what}: {}. Exiting...", errno_text(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_lines_follow_the_file_after_one_newline() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.conf");
        std::fs::write(&path, "port 1\n").unwrap();
        let text = read(Some(&path), false, "port \"2\"").unwrap();
        assert_eq!(text, b"port 1\n\nport \"2\"");
        assert_eq!(read(Some(&path), false, "").unwrap(), b"port 1\n");
    }

    #[test]
    fn a_missing_file_is_fatal_and_named_with_the_reason() {
        assert_eq!(
            read(Some(Path::new("/nonexistent/s.conf")), false, ""),
            Err(FatalStart::Logged(
                "Fatal error, can't open config file '/nonexistent/s.conf': No such file or directory"
                    .to_owned()
            ))
        );
    }

    #[test]
    fn a_directory_reads_as_an_empty_configuration() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(Some(dir.path()), false, "").unwrap(), b"");
    }

    #[test]
    fn a_start_without_a_file_is_refused() {
        assert_eq!(
            check_writable(None),
            Err(FatalStart::Logged(
                "Sentinel needs config file on disk to save state. Exiting...".to_owned()
            ))
        );
    }

    #[test]
    fn a_file_that_vanished_is_not_writable() {
        let Err(FatalStart::Logged(text)) = check_writable(Some(Path::new("/nonexistent/x")))
        else {
            panic!("passed");
        };
        assert_eq!(
            text,
            "Sentinel config file /nonexistent/x is not writable: No such file or directory. Exiting..."
        );
    }
}
