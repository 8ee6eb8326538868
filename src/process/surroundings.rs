//! What reading a configuration needs of the system: other files, and facts about them.

use std::path::Path;

use nix::unistd::{AccessFlags, access};

use super::errno::errno_text;
use super::{config_file, include_pattern, logging};
use crate::config::IncludeReader;

/// The real file system. A `dir` line changes the directory of the process at once, so that
/// later relative paths follow it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Surroundings;

impl IncludeReader for Surroundings {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        config_file::read_file(Path::new(path)).map_err(|e| errno_text(&e))
    }

    fn glob(&mut self, pattern: &str) -> Vec<String> {
        include_pattern::matching_files(pattern)
    }

    fn change_dir(&mut self, dir: &str) -> Result<(), String> {
        std::env::set_current_dir(dir).map_err(|e| errno_text(&e))
    }

    fn check_log_file(&mut self, path: &str) -> Result<(), String> {
        logging::check_openable(Path::new(path)).map_err(|e| errno_text(&e))
    }

    fn is_executable(&mut self, path: &str) -> bool {
        access(path, AccessFlags::X_OK).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn errors_are_the_texts_of_the_system() {
        let missing = Err("No such file or directory".to_owned());
        assert_eq!(Surroundings.read("/nonexistent/x"), missing);
        assert_eq!(
            Surroundings.change_dir("/nonexistent"),
            Err("No such file or directory".to_owned())
        );
        assert_eq!(
            Surroundings.check_log_file("/"),
            Err("Is a directory".to_owned())
        );
    }

    #[test]
    fn a_script_must_be_executable() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("s.sh");
        std::fs::write(&script, "#!/bin/sh\n").unwrap();
        let name = script.to_str().unwrap();
        assert!(!Surroundings.is_executable(name));
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(Surroundings.is_executable(name));
        assert!(!Surroundings.is_executable("/nonexistent/s.sh"));
    }
}
