//! Finding and reading rsentinel.toml.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use super::errno::errno_text;
use super::fatal::FatalStart;
use crate::ext::{self, Ext, Fault};

/// Its name when it lies beside the configuration file.
pub const NAME: &str = "rsentinel.toml";

/// Reads the settings: from the file named on the command line, which must exist, or from the one
/// beside the configuration file, if there is one. Paths in the result are absolute.
///
/// # Errors
/// The file cannot be read, or its text is wrong; the report names all that is.
pub fn load(named: Option<&Path>, conf_file: Option<&Path>) -> Result<Ext, FatalStart> {
    let beside = || conf_file.and_then(Path::parent).map(|dir| dir.join(NAME));
    let Some(path) = named.map(Path::to_owned).or_else(beside) else {
        return Ok(Ext::default());
    };
    let text = match fs::read_to_string(&path) {
        Err(error) if is_absent(&error) && named.is_none() => return Ok(Ext::default()),
        other => other.map_err(|error| {
            FatalStart::Logged(format!(
                "Fatal error, can't open settings file '{}': {}",
                path.display(),
                errno_text(&error)
            ))
        })?,
    };
    let mut ext =
        ext::read(&text).map_err(|faults| FatalStart::Config(report(&path, &text, &faults)))?;
    let dir = path.parent().unwrap_or(Path::new("/"));
    if let Some(file) = &mut ext.state_file {
        *file = dir.join(&file).to_string_lossy().into_owned();
    }
    Ok(ext)
}

/// No such file, or the "folder" is none.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// In the form in which faults of the configuration file are reported.
fn report(path: &Path, text: &str, faults: &[Fault]) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut report = format!(
        "\n*** FATAL CONFIG FILE ERROR (rsentinel {version}) ***\nFile: {}",
        path.display()
    );
    for fault in faults {
        // Writing to a text cannot fail.
        let _ = match fault.line {
            Some(line) => write!(
                report,
                "\nReading the configuration file, at line {line}\n>>> '{}'\n{}",
                key_part(text, line),
                fault.message
            ),
            None => write!(report, "\n{}", fault.message),
        };
    }
    report
}

/// The line up to its value, which may be a password.
fn key_part(text: &str, line: usize) -> &str {
    let line = text.lines().nth(line - 1).unwrap_or_default().trim();
    line.split_once('=').map_or(line, |(key, _)| key.trim_end())
}
