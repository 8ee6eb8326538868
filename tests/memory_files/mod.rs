//! A file system in memory for configuration tests.
#![allow(dead_code)] // not every test file uses every part

use std::collections::BTreeMap;

use rsentinel::acl::Users;
use rsentinel::commands::{RenameError, Renames, fault_of_line, settle_users};
use rsentinel::config::{Conf, ConfigError, IncludeReader, RewriteFacts, ServerConf, UserLine};
use rsentinel::config::{SentinelConf, parse, rewrite};
use rsentinel::core::notice::LogLine;

/// Files by path; `dir` lines are only noted.
#[derive(Default)]
pub struct MemoryFiles {
    pub files: BTreeMap<String, String>,
    pub dirs: Vec<String>,
}

impl MemoryFiles {
    pub fn with(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| (path.to_string(), text.to_string()));
        MemoryFiles {
            files: files.collect(),
            dirs: Vec::new(),
        }
    }
}

impl IncludeReader for MemoryFiles {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let found = self.files.get(path).map(|text| text.clone().into_bytes());
        found.ok_or_else(|| "No such file or directory".to_owned())
    }

    fn glob(&mut self, pattern: &str) -> Vec<String> {
        let prefix = pattern.split('*').next().unwrap_or_default();
        self.files
            .keys()
            .filter(|path| path.starts_with(prefix))
            .cloned()
            .collect()
    }

    fn change_dir(&mut self, dir: &str) -> Result<(), String> {
        if dir.starts_with("/missing") {
            return Err("No such file or directory".to_owned());
        }
        self.dirs.push(dir.to_owned());
        Ok(())
    }

    fn check_log_file(&mut self, path: &str) -> Result<(), String> {
        if path.starts_with("/missing") {
            Err("No such file or directory".to_owned())
        } else {
            Ok(())
        }
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
        path.ends_with(".sh")
    }
}

/// Reads a text that includes nothing.
pub fn read(text: &str) -> Result<Conf, ConfigError> {
    parse(text.as_bytes(), &mut MemoryFiles::default())
}

/// Reads a text that must be right, and settles who may do what, as every start does.
pub fn conf(text: &str) -> Conf {
    with_users(text, &mut MemoryFiles::default()).0
}

/// The same with other files, and with the users and the lines for the log.
pub fn with_users(text: &str, files: &mut MemoryFiles) -> (Conf, Users, Vec<LogLine>) {
    let read = parse(text.as_bytes(), files);
    let mut conf = read.unwrap_or_else(|error| panic!("{error}\nin\n{text}"));
    let settled = settle_users(&mut conf.server, |path| files.read(path));
    let (users, log) = settled.unwrap_or_else(|refused| panic!("{refused:?}\nin\n{text}"));
    (conf, users, log)
}

/// Rewrites a text in the directory `/tmp`.
pub fn rewritten(old: &str, server: &ServerConf, state: &SentinelConf) -> String {
    let facts = RewriteFacts {
        current_dir: "/tmp".to_owned(),
    };
    String::from_utf8(rewrite(old.as_bytes(), server, state, &facts)).unwrap()
}
