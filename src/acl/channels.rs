//! Channel patterns: what a user may subscribe and publish to.

use crate::types::glob_matches;

use super::error::RuleError;
use super::rule_book::NewChannels;
use super::words::is_blank_or_nul;

/// The channels of a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channels {
    /// Every channel.
    All,
    /// Those that match one of these; each occurs once.
    Matching(Vec<Vec<u8>>),
}

impl From<NewChannels> for Channels {
    fn from(new: NewChannels) -> Self {
        match new {
            NewChannels::All => Channels::All,
            NewChannels::None => Channels::Matching(Vec::new()),
        }
    }
}

impl Channels {
    /// Applies a rule `&pattern`.
    pub fn apply(&mut self, glob: &[u8]) -> Result<(), RuleError> {
        if glob == b"*" {
            *self = Channels::All;
            return Ok(());
        }
        let Channels::Matching(globs) = self else {
            return Err(RuleError::PatternAfterAllChannels);
        };
        if glob.iter().any(|b| is_blank_or_nul(*b)) {
            return Err(RuleError::Syntax);
        }
        if !globs.iter().any(|one| one == glob) {
            globs.push(glob.to_vec());
        }
        Ok(())
    }

    /// Whether this channel is one of them.
    pub fn hold(&self, channel: &[u8]) -> bool {
        match self {
            Channels::All => true,
            Channels::Matching(globs) => {
                globs.iter().any(|glob| glob_matches(glob, channel, false))
            }
        }
    }

    /// Whether all that this pattern may match belongs to them: a pattern is permitted only as
    /// it stands in a rule.
    pub fn hold_pattern(&self, pattern: &[u8]) -> bool {
        match self {
            Channels::All => true,
            Channels::Matching(globs) => globs.iter().any(|glob| glob == pattern),
        }
    }

    /// The patterns alone, as ACL GETUSER shows them.
    pub fn patterns(&self) -> Vec<Vec<u8>> {
        match self {
            Channels::All => vec![b"&*".to_vec()],
            Channels::Matching(globs) => globs
                .iter()
                .map(|glob| [b"&", &glob[..]].concat())
                .collect(),
        }
    }

    /// The rules that make them, whatever a new user begins with.
    pub fn rules(&self) -> Vec<Vec<u8>> {
        match self {
            Channels::All => self.patterns(),
            Channels::Matching(_) => {
                let mut rules = vec![b"resetchannels".to_vec()];
                rules.extend(self.patterns());
                rules
            }
        }
    }
}
