//! `user` lines: a name and rules. What the rules mean is not known here.

use std::fmt;

use super::quoting;

/// A user as the file has it.
#[derive(Clone, PartialEq, Eq)]
pub struct UserLine {
    /// The user's name.
    pub name: Vec<u8>,
    /// The rules, one a word; they may contain passwords.
    pub rules: Vec<Vec<u8>>,
}

impl UserLine {
    /// The line as it is written.
    pub(super) fn write(&self) -> Vec<u8> {
        let words = [b"user", self.name.as_slice()];
        quoting::words(
            words
                .into_iter()
                .chain(self.rules.iter().map(Vec::as_slice)),
        )
    }
}

impl fmt::Debug for UserLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserLine")
            .field("name", &String::from_utf8_lossy(&self.name))
            .field("rules", &self.rules.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::split_args;

    fn line(name: &str, rules: &[&str]) -> UserLine {
        UserLine {
            name: name.into(),
            rules: rules.iter().map(|rule| rule.as_bytes().to_vec()).collect(),
        }
    }

    #[test]
    fn a_written_user_line_reads_back_as_the_same_words() {
        let line = line(
            "b\"b",
            &["on", ">a b", "(~x", "&y)", "~\"", "#00", "~\u{e9}"],
        );
        let words = split_args(&line.write()).unwrap();
        assert_eq!(
            (&words[1], &words[2..]),
            (&line.name, line.rules.as_slice())
        );
    }

    #[test]
    fn the_debug_form_of_a_user_line_shows_no_rule() {
        let shown = format!("{:?}", line("bob", &[">s3cr3t"]));
        assert!(
            shown.contains("bob") && !shown.contains("s3cr3t"),
            "{shown}"
        );
    }
}
