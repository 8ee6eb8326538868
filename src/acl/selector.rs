//! A set of permissions: keys, channels and commands that are granted together.

use bytes::Bytes;

use super::channels::Channels;
use super::commands::Commands;
use super::error::RuleError;
use super::keys::Keys;
use super::rule_book::{CommandFacts, RuleBook};

/// What somebody wants to do.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'b, 'w> {
    /// The command.
    pub command: &'b CommandFacts,
    /// The word after its name.
    pub first_argument: Option<&'w [u8]>,
    /// The channels it is about.
    pub channels: WantedChannels<'w>,
}

/// The channels that a command is about.
#[derive(Clone, Copy, Debug)]
pub enum WantedChannels<'a> {
    /// None.
    None,
    /// These.
    Named(&'a [Bytes]),
    /// Those that match these patterns.
    Matching(&'a [Bytes]),
}

/// What is not permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied<'a> {
    /// The command.
    Command,
    /// The command is permitted, but not on this channel.
    Channel(&'a Bytes),
}

/// How far a request came with one selector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stopped {
    AtCommand,
    /// At the channel of this number.
    AtChannel(usize),
}

/// A set of permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    pub(super) keys: Keys,
    pub(super) channels: Channels,
    pub(super) commands: Commands,
}

impl Selector {
    /// Without rights, but for the channels that new users get.
    pub fn new(book: &RuleBook) -> Self {
        Selector {
            keys: Keys::default(),
            channels: book.new_channels.into(),
            commands: Commands::default(),
        }
    }

    /// Applies a rule about keys, channels or commands.
    pub fn apply(&mut self, rule: &[u8], book: &RuleBook) -> Result<(), RuleError> {
        match rule.to_ascii_lowercase().as_slice() {
            b"allkeys" => self.keys.allow_all(),
            b"resetkeys" => self.keys.clear(),
            b"allchannels" => self.channels = Channels::All,
            b"resetchannels" => self.channels = Channels::Matching(Vec::new()),
            b"allcommands" => self.commands.reset(true),
            b"nocommands" => self.commands.reset(false),
            _ => match rule {
                [b'~' | b'%', ..] => self.keys.apply(rule)?,
                [b'&', glob @ ..] => self.channels.apply(glob)?,
                [b'+', what @ ..] => self.commands.apply(true, what, book)?,
                [b'-', what @ ..] => self.commands.apply(false, what, book)?,
                _ => return Err(RuleError::Syntax),
            },
        }
        Ok(())
    }

    /// Whether nothing that a sentinel has is forbidden.
    pub fn is_unrestricted(&self) -> bool {
        self.commands.are_all() && self.channels == Channels::All
    }

    pub(super) fn check(&self, wanted: &Wanted<'_, '_>) -> Result<(), Stopped> {
        let command = wanted.command;
        if !command.open_to_all && !self.commands.permit(command, wanted.first_argument) {
            return Err(Stopped::AtCommand);
        }
        let denied = match wanted.channels {
            WantedChannels::None => None,
            WantedChannels::Named(names) => names.iter().position(|n| !self.channels.hold(n)),
            WantedChannels::Matching(globs) => {
                globs.iter().position(|g| !self.channels.hold_pattern(g))
            }
        };
        denied.map_or(Ok(()), |at| Err(Stopped::AtChannel(at)))
    }

    /// The rules about keys.
    pub fn key_rules(&self) -> Vec<Vec<u8>> {
        self.keys.rules()
    }

    /// The rules about commands.
    pub fn command_rules(&self) -> Vec<Vec<u8>> {
        self.commands.rules()
    }

    /// The channel patterns; nothing for none.
    pub fn channel_patterns(&self) -> Vec<Vec<u8>> {
        self.channels.patterns()
    }

    /// The rules that make it.
    pub fn rules(&self) -> Vec<Vec<u8>> {
        let mut rules = self.keys.rules();
        rules.extend(self.channels.rules());
        rules.extend(self.commands.rules());
        rules
    }
}
