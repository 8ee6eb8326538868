//! The file system as the configuration needs it while it is read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use crate::commands::{RenameError, Renames, fault_of_line};
use crate::config::{IncludeReader, UserLine};
use crate::types::glob_matches;

/// Reads files relative to the current directory of the process, which a `dir` line changes.
#[derive(Debug, Default)]
pub struct ConfFiles;

impl IncludeReader for ConfFiles {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        // What is read is at most a directory here; the reference takes that for an empty file.
        match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => Ok(Vec::new()),
            other => other.map_err(|error| os_text(&error)),
        }
    }

    fn glob(&mut self, pattern: &str) -> Vec<String> {
        let start = if pattern.starts_with('/') {
            PathBuf::from("/")
        } else {
            PathBuf::new()
        };
        let mut found = vec![start];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            found = found.iter().flat_map(|dir| step(dir, part)).collect();
        }
        found.retain(|path| path.exists());
        let mut paths: Vec<String> = found
            .into_iter()
            .filter_map(|path| path.into_os_string().into_string().ok())
            .collect();
        paths.sort();
        paths
    }

    fn change_dir(&mut self, dir: &str) -> Result<(), String> {
        std::env::set_current_dir(dir).map_err(|error| os_text(&error))
    }

    fn check_log_file(&mut self, path: &str) -> Result<(), String> {
        let opened = fs::OpenOptions::new().append(true).create(true).open(path);
        opened.map(drop).map_err(|error| os_text(&error))
    }

    fn fault_of_user(&mut self, line: &UserLine) -> Option<String> {
        fault_of_line(line)
    }

    fn fault_of_rename(
        &mut self,
        earlier: &[(Vec<u8>, Vec<u8>)],
        from: &[u8],
        to: &[u8],
    ) -> Option<&'static str> {
        let refused = Renames::of(earlier).add(from, to).err();
        refused.map(RenameError::as_str)
    }

    fn is_executable(&mut self, path: &str) -> bool {
        is_executable(path)
    }
}

/// The same for somebody who only looks: no file is made.
#[derive(Debug, Default)]
pub struct OnlyLooking;

impl IncludeReader for OnlyLooking {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        ConfFiles.read(path)
    }

    fn glob(&mut self, pattern: &str) -> Vec<String> {
        ConfFiles.glob(pattern)
    }

    fn change_dir(&mut self, dir: &str) -> Result<(), String> {
        ConfFiles.change_dir(dir)
    }

    fn check_log_file(&mut self, path: &str) -> Result<(), String> {
        match fs::OpenOptions::new().append(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let dir = Path::new(path).parent().unwrap_or(Path::new("/"));
                let dir = if dir.as_os_str().is_empty() {
                    Path::new(".")
                } else {
                    dir
                };
                access(dir, AccessFlags::W_OK | AccessFlags::X_OK)
                    .map_err(|errno| os_text(&errno.into()))
            }
            other => other.map(drop).map_err(|error| os_text(&error)),
        }
    }

    fn fault_of_user(&mut self, line: &UserLine) -> Option<String> {
        ConfFiles.fault_of_user(line)
    }

    fn fault_of_rename(
        &mut self,
        earlier: &[(Vec<u8>, Vec<u8>)],
        from: &[u8],
        to: &[u8],
    ) -> Option<&'static str> {
        ConfFiles.fault_of_rename(earlier, from, to)
    }

    fn is_executable(&mut self, path: &str) -> bool {
        is_executable(path)
    }
}

/// The content of the ACL file, or what the system says.
pub fn read_acl_file(path: &str) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| os_text(&error))
}

/// Whether this process may execute a file.
pub fn is_executable(path: &str) -> bool {
    access(path, AccessFlags::X_OK).is_ok()
}

/// What the system says about an error, as strerror(3) words it.
pub fn os_text(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((message, _)) => message.to_owned(),
        None => text,
    }
}

/// The entries of a directory that match one part of a pattern; hidden ones only if it begins
/// with a dot.
fn step(dir: &Path, part: &str) -> Vec<PathBuf> {
    if !part.contains(['*', '?', '[']) {
        return vec![dir.join(part)];
    }
    let listed = if dir.as_os_str().is_empty() {
        Path::new(".")
    } else {
        dir
    };
    let names = fs::read_dir(listed)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.file_name());
    names
        .filter(|name| {
            let bytes = name.as_encoded_bytes();
            (part.starts_with('.') || !bytes.starts_with(b"."))
                && glob_matches(part.as_bytes(), bytes, false)
        })
        .map(|name| dir.join(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_part_by_part_in_sorted_order_and_skips_hidden_files() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_str().unwrap();
        for name in ["b/2.conf", "b/1.conf", "a/3.conf", "a/.4.conf", "a/5.txt"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = ConfFiles.glob(&format!("{root}/[ab]/*.conf"));
        let expected = ["a/3.conf", "b/1.conf", "b/2.conf"].map(|name| format!("{root}/{name}"));
        assert_eq!(found, expected);
        assert!(ConfFiles.glob(&format!("{root}/c*/x")).is_empty());
    }

    #[test]
    fn errors_are_the_texts_of_the_system() {
        let missing = "No such file or directory".to_owned();
        assert_eq!(ConfFiles.read("/nonexistent/x"), Err(missing.clone()));
        assert_eq!(ConfFiles.change_dir("/nonexistent"), Err(missing));
        let directory = "Is a directory".to_owned();
        assert_eq!(ConfFiles.check_log_file("/"), Err(directory));
        assert_eq!(ConfFiles.read("/"), Ok(Vec::new()));
    }
}
