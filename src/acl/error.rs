//! What is wrong with a rule, in the words operators know (measured).

use std::fmt;

/// Why a rule cannot be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RuleError {
    Syntax,
    UnknownCommandOrCategory,
    PatternAfterAllKeys,
    PatternAfterAllChannels,
    NoSuchPassword,
    BadHash,
    FirstArgumentOfSubcommand,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RuleError::Syntax => "Syntax error",
            RuleError::UnknownCommandOrCategory => "Unknown command or category name in ACL",
            RuleError::PatternAfterAllKeys => {
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any \
                 effect. Try 'resetkeys' to start with an empty list of patterns"
            }
            RuleError::PatternAfterAllChannels => {
                "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have \
                 any effect. Try 'resetchannels' to start with an empty list of channels"
            }
            RuleError::NoSuchPassword => {
                "The password you are trying to remove from the user does not exist"
            }
            RuleError::BadHash => {
                "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
            }
            RuleError::FirstArgumentOfSubcommand => {
                "Allowing first-arg of a subcommand is not supported"
            }
        })
    }
}

/// Why a user cannot be made of these words.
#[derive(Clone, PartialEq, Eq)]
pub enum SetUserError {
    /// The name is empty or has a blank or a NUL in it.
    Name,
    /// A selector that begins with this word is not closed.
    Unmatched(Vec<u8>),
    /// This rule, and why. It may hold a password: only its author may see it.
    Rule(Vec<u8>, RuleError),
}

impl fmt::Debug for SetUserError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetUserError::Name => f.write_str("Name"),
            SetUserError::Unmatched(_) => f.write_str("Unmatched"),
            SetUserError::Rule(_, why) => f.debug_tuple("Rule").field(why).finish(),
        }
    }
}
