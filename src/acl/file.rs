//! The ACL file: one line a user, nothing else.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use super::error::{RuleError, SetUserError};
use super::rule_book::RuleBook;
use super::user::User;
use super::user_name::UserName;
use super::users::Users;
use super::words::masked;

/// How the report on a file with faults ends.
pub const NO_CHANGE: &str =
    "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";

/// The users of a file's text. `path` is how the file is called in the report of faults, which
/// names them all on one line and shows no password.
pub fn read_file(path: &str, text: &[u8], book: &Arc<RuleBook>) -> Result<Users, String> {
    let mut users = Users::new(Arc::clone(book));
    let mut seen: BTreeSet<UserName> = BTreeSet::new();
    let mut faults = String::new();
    for (index, line) in text.split(|b| *b == b'\n').enumerate() {
        let number = index + 1;
        let words = words_of(line);
        let (name, rules) = match words.as_slice() {
            [] => continue,
            [b"user", name, rules @ ..] => (*name, rules),
            _ => {
                fault(
                    &mut faults,
                    format_args!(
                        "{path}:{number} should start with user keyword followed by the username. "
                    ),
                );
                continue;
            }
        };
        let Some(name) = UserName::new(name) else {
            fault(
                &mut faults,
                format_args!("{path}:{number}: {}. ", RuleError::Syntax),
            );
            continue;
        };
        if !seen.insert(name.clone()) {
            let shown = name.to_text();
            fault(
                &mut faults,
                format_args!("WARNING: Duplicate user '{shown}' found on line {number}. "),
            );
            continue;
        }
        match User::new(name, book).edited(rules, book) {
            Ok(user) => drop(users.put(user)),
            Err(SetUserError::Rule(rule, why @ RuleError::UnknownCommandOrCategory)) => {
                let rule = masked(&rule);
                fault(
                    &mut faults,
                    format_args!("{path}:{number}: Error in applying operation '{rule}': {why}. "),
                );
            }
            Err(SetUserError::Rule(_, why)) => {
                fault(&mut faults, format_args!("{path}:{number}: {why}. "));
            }
            Err(SetUserError::Unmatched(_)) => {
                fault(
                    &mut faults,
                    format_args!("{path}:{number}: Unmatched parenthesis in acl selector. "),
                );
            }
            Err(SetUserError::Name) => {
                fault(
                    &mut faults,
                    format_args!("{path}:{number}: {}. ", RuleError::Syntax),
                );
            }
        }
    }
    if faults.is_empty() {
        Ok(users)
    } else {
        Err(faults + NO_CHANGE)
    }
}

/// The text of a file with these users.
pub fn write_file(users: &Users) -> Vec<u8> {
    let mut text = Vec::new();
    for user in users.iter() {
        text.extend(user.line());
        text.push(b'\n');
    }
    text
}

/// Words end at spaces alone, and quotes mean nothing (measured). Two spaces in a row make an
/// empty word, which a rule may be and a name not.
fn words_of(line: &[u8]) -> Vec<&[u8]> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Vec::new();
    }
    line.split(|b| *b == b' ').collect()
}

fn fault(faults: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _ = faults.write_fmt(text);
}
