//! `rename-command`: other words for commands, or none at all. Rules of users and everything that
//! is shown keep the own names.

use std::collections::BTreeMap;

use super::table;

/// Which words mean which commands, where that is not as in the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renames {
    /// A word in lower case, and the own name of the command it means, if any.
    words: BTreeMap<Vec<u8>, Option<&'static str>>,
}

/// Why a renaming is refused. The texts are those of the reference (measured).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenameError {
    /// Nothing is called that.
    NoSuchCommand,
    /// Something else is called that.
    TargetExists,
}

impl RenameError {
    /// The text of the error report.
    pub fn as_str(self) -> &'static str {
        match self {
            RenameError::NoSuchCommand => "No such command in rename-command",
            RenameError::TargetExists => "Target command name already exists",
        }
    }
}

impl Renames {
    /// All lines of a configuration in their order; those that would be refused do nothing.
    pub fn of(lines: &[(Vec<u8>, Vec<u8>)]) -> Self {
        let mut renames = Renames::default();
        for (from, to) in lines {
            // Refused when the configuration was read.
            let _checked = renames.add(from, to);
        }
        renames
    }

    /// One more line: what is called `from` is called `to`, or cannot be called if that is empty.
    pub fn add(&mut self, from: &[u8], to: &[u8]) -> Result<(), RenameError> {
        let command = self.meant_by(from).ok_or(RenameError::NoSuchCommand)?;
        let mut words = self.words.clone();
        words.insert(from.to_ascii_lowercase(), None);
        let mut renamed = Renames { words };
        if !to.is_empty() {
            if renamed.meant_by(to).is_some() {
                return Err(RenameError::TargetExists);
            }
            renamed.words.insert(to.to_ascii_lowercase(), Some(command));
        }
        *self = renamed;
        Ok(())
    }

    /// The own name of the command that a client means by this word.
    pub fn meant_by(&self, word: &[u8]) -> Option<&'static str> {
        match self.words.get(&word.to_ascii_lowercase()) {
            Some(renamed) => *renamed,
            None => table::by_full_name(word)
                .map(|row| row.name)
                .filter(|name| !name.contains('|')),
        }
    }

    /// Nothing is renamed.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_command_goes_by_its_new_name_only() {
        let mut renames = Renames::default();
        assert_eq!(renames.add(b"PING", b"Knock"), Ok(()));
        assert_eq!(renames.meant_by(b"knocK"), Some("ping"));
        assert_eq!(renames.meant_by(b"ping"), None);
        assert_eq!(renames.meant_by(b"info"), Some("info"));
        // The old word is free, the new one can be renamed again, and to nothing.
        assert_eq!(renames.add(b"info", b"ping"), Ok(()));
        assert_eq!(renames.meant_by(b"PING"), Some("info"));
        assert_eq!(renames.add(b"knock", b""), Ok(()));
        assert_eq!(renames.meant_by(b"knock"), None);
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let mut renames = Renames::default();
        assert_eq!(
            renames.add(b"flushall", b""),
            Err(RenameError::NoSuchCommand)
        );
        assert_eq!(
            renames.add(b"ping", b"Subscribe"),
            Err(RenameError::TargetExists)
        );
        assert_eq!(
            renames.add(b"client|list", b"x"),
            Err(RenameError::NoSuchCommand)
        );
        assert!(renames.is_empty());
        assert_eq!(renames.meant_by(b"ping"), Some("ping"));
    }
}
