//! Which commands a selector permits: everything or nothing, and rules in the order given, of
//! which the last one that is about a command counts. The text of the rules is all there is, so
//! that what is shown cannot differ from what is enforced.

use super::error::RuleError;
use super::rule_book::{CommandFacts, RuleBook};
use super::words::is_blank_or_nul;

/// The commands of a selector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commands {
    all: bool,
    rules: Vec<CommandRule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct CommandRule {
    allow: bool,
    subject: Subject,
}

/// What a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    Category(&'static str),
    /// A command with all its subcommands, or one subcommand.
    Command(&'static str),
    /// A command that has no subcommands, when this is its first argument (lower case).
    FirstArgument(&'static str, Vec<u8>),
}

impl Subject {
    fn holds(&self, command: &CommandFacts, first_argument: Option<&[u8]>) -> bool {
        match self {
            Subject::Category(name) => command.categories.contains(name),
            Subject::Command(name) => command.name == *name || command.container == Some(name),
            Subject::FirstArgument(name, wanted) => {
                command.name == *name
                    && first_argument.is_some_and(|given| given.eq_ignore_ascii_case(wanted))
            }
        }
    }

    /// Whether a rule about this makes an earlier one about `other` idle.
    fn covers(&self, other: &Subject) -> bool {
        let Subject::Command(name) = self else {
            return self == other;
        };
        match other {
            Subject::Command(other) => {
                other == name || other.split_once('|').is_some_and(|(c, _)| c == *name)
            }
            Subject::FirstArgument(other, _) => other == name,
            Subject::Category(_) => false,
        }
    }
}

impl Commands {
    /// `allcommands` or `nocommands`.
    pub fn reset(&mut self, all: bool) {
        *self = Commands {
            all,
            rules: Vec::new(),
        };
    }

    /// Whether nothing is forbidden.
    pub fn are_all(&self) -> bool {
        self.all && self.rules.is_empty()
    }

    /// Applies a rule `+what` or `-what`.
    pub fn apply(&mut self, allow: bool, what: &[u8], book: &RuleBook) -> Result<(), RuleError> {
        if what.eq_ignore_ascii_case(b"@all") {
            self.reset(allow);
            return Ok(());
        }
        let subject = read(allow, what, book)?;
        self.rules.retain(|rule| !subject.covers(&rule.subject));
        self.rules.push(CommandRule { allow, subject });
        Ok(())
    }

    /// Whether a command may be run with this first argument.
    pub fn permit(&self, command: &CommandFacts, first_argument: Option<&[u8]>) -> bool {
        let mut latest = self.rules.iter().rev();
        let about = latest.find(|rule| rule.subject.holds(command, first_argument));
        about.map_or(self.all, |rule| rule.allow)
    }

    /// The rules that make it.
    pub fn rules(&self) -> Vec<Vec<u8>> {
        let base = if self.all { "+@all" } else { "-@all" };
        let mut rules = vec![base.as_bytes().to_vec()];
        rules.extend(self.rules.iter().map(CommandRule::text));
        rules
    }
}

impl CommandRule {
    fn text(&self) -> Vec<u8> {
        let sign: &[u8] = if self.allow { b"+" } else { b"-" };
        match &self.subject {
            Subject::Category(name) => [sign, b"@", name.as_bytes()].concat(),
            Subject::Command(name) => [sign, name.as_bytes()].concat(),
            Subject::FirstArgument(name, argument) => {
                [sign, name.as_bytes(), b"|", argument].concat()
            }
        }
    }
}

fn read(allow: bool, what: &[u8], book: &RuleBook) -> Result<Subject, RuleError> {
    let unknown = RuleError::UnknownCommandOrCategory;
    if let Some(category) = what.strip_prefix(b"@") {
        return book
            .category(category)
            .map(Subject::Category)
            .ok_or(unknown);
    }
    if let Some(command) = book.command(what) {
        return Ok(Subject::Command(book.first_name(command).name));
    }
    // Not a name as it stands: perhaps a command and its first argument.
    let bar = what.iter().position(|b| *b == b'|');
    let (name, argument) = bar
        .map(|at| (&what[..at], &what[at + 1..]))
        .ok_or(unknown)?;
    let command = book.command(name).ok_or(unknown)?;
    // Single first arguments can be allowed, never taken away.
    if !allow {
        return Err(unknown);
    }
    if let Some(at) = argument.iter().position(|b| *b == b'|') {
        let sub = [name, b"|", &argument[..at]].concat();
        return Err(match book.command(&sub) {
            Some(_) => RuleError::FirstArgumentOfSubcommand,
            None => unknown,
        });
    }
    match argument {
        [] => Err(RuleError::Syntax),
        _ if command.has_subcommands => Err(unknown),
        _ if argument.iter().any(|b| is_blank_or_nul(*b)) => Err(RuleError::Syntax),
        _ => Ok(Subject::FirstArgument(
            command.name,
            argument.to_ascii_lowercase(),
        )),
    }
}
