//! What rules can name, and what a new user begins with.

use std::collections::BTreeMap;

/// One command or subcommand as rules name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandFacts {
    /// The full name in lower case, `container|sub` for a subcommand.
    pub name: &'static str,
    /// The first part of a subcommand's name.
    pub container: Option<&'static str>,
    /// Whether it has subcommands of its own.
    pub has_subcommands: bool,
    /// Its categories and those of its container, which it shares (measured).
    pub categories: Vec<&'static str>,
    /// For a second name of another command: that command. Rules are about the first name, so
    /// that a rule written for a sentinel without the second name is not walked around.
    pub alias_of: Option<&'static str>,
    /// Everybody may run it: a client must be able to authenticate.
    pub open_to_all: bool,
}

/// `acl-pubsub-default`: the channels of a new user and of a new selector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NewChannels {
    /// None.
    #[default]
    None,
    /// All.
    All,
}

/// What rules can name, and what a new user begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleBook {
    categories: &'static [&'static str],
    commands: BTreeMap<&'static str, CommandFacts>,
    /// The channels of a new user.
    pub new_channels: NewChannels,
}

impl RuleBook {
    /// A book of these categories (names without `@`, in the order of ACL CAT) and commands.
    pub fn new(
        categories: &'static [&'static str],
        commands: impl IntoIterator<Item = CommandFacts>,
        new_channels: NewChannels,
    ) -> Self {
        let by_name = commands.into_iter().map(|command| (command.name, command));
        RuleBook {
            categories,
            commands: by_name.collect(),
            new_channels,
        }
    }

    /// The command of this full name, in any case.
    pub fn command(&self, name: &[u8]) -> Option<&CommandFacts> {
        let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
        self.commands.get(name.as_str())
    }

    /// A second name's first name; every other command itself.
    pub fn first_name<'a>(&'a self, command: &'a CommandFacts) -> &'a CommandFacts {
        let first = command.alias_of.and_then(|name| self.commands.get(name));
        first.unwrap_or(command)
    }

    /// The category of this name, in any case.
    pub(super) fn category(&self, name: &[u8]) -> Option<&'static str> {
        let known = |one: &&&str| one.as_bytes().eq_ignore_ascii_case(name);
        self.categories.iter().find(known).copied()
    }
}
