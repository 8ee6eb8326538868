//! The shape of one row of the command table: everything the daemon knows about a command.

use bytes::{Bytes, BytesMut};

use crate::core::view::AddressTable;

use super::argument::Argument;
use super::next::Next;
use super::session::Session;
use super::settings::Settings;

/// A permitted request on its way to the command.
pub struct Request<'a> {
    /// The connection it came from.
    pub session: &'a mut Session,
    /// Process-wide facts.
    pub settings: &'a Settings,
    /// All words: the command, the subcommand if there is one, the arguments.
    pub words: &'a [Bytes],
    /// How many of the words are names: 1, or 2 for a subcommand.
    pub names: usize,
}

impl<'a> Request<'a> {
    /// The words after the names.
    pub fn args(&self) -> &'a [Bytes] {
        self.words.get(self.names..).unwrap_or(&[])
    }
}

/// What a command does with a request.
pub type Run = fn(Request<'_>) -> Next;

/// Answers the commonest requests from their arguments and the address table, without taking
/// memory for anything; in both protocols alike. `false`, with nothing appended, when [`Run`] has
/// to.
pub type AtOnce = fn(&[&[u8]], &AddressTable, &mut BytesMut) -> bool;

/// A property of a command, as `COMMAND INFO` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Flag {
    Admin,
    Pubsub,
    Noscript,
    Loading,
    Stale,
    Fast,
    NoAuth,
    NoMulti,
    AllowBusy,
}

impl Flag {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Flag::Admin => "admin",
            Flag::Pubsub => "pubsub",
            Flag::Noscript => "noscript",
            Flag::Loading => "loading",
            Flag::Stale => "stale",
            Flag::Fast => "fast",
            Flag::NoAuth => "no_auth",
            Flag::NoMulti => "no_multi",
            Flag::AllowBusy => "allow_busy",
        }
    }
}

/// The ACL categories that hold at least one command here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Category {
    Pubsub,
    Admin,
    Fast,
    Slow,
    Dangerous,
    Connection,
}

impl Category {
    /// The name without `@`.
    pub fn name(self) -> &'static str {
        match self {
            Category::Pubsub => "pubsub",
            Category::Admin => "admin",
            Category::Fast => "fast",
            Category::Slow => "slow",
            Category::Dangerous => "dangerous",
            Category::Connection => "connection",
        }
    }
}

/// Every category name that ACL rules know, in the order of `ACL CAT`; those without a
/// [`Category`] are empty on a sentinel.
pub const CATEGORY_NAMES: [&str; 21] = [
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
];

/// The flags and categories that commands of one kind share.
#[derive(Clone, Copy, Debug)]
pub struct Class {
    /// Flags, in the order shown.
    pub flags: &'static [Flag],
    /// ACL categories, in the order shown.
    pub categories: &'static [Category],
}

/// The groups of `COMMAND DOCS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Group {
    Sentinel,
    Connection,
    Server,
    Pubsub,
}

impl Group {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Group::Sentinel => "sentinel",
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Pubsub => "pubsub",
        }
    }
}

/// One entry of a container's HELP: the syntax line and the lines that explain it.
pub type HelpEntry = (&'static str, &'static [&'static str]);

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// The full name in lower case, `container|sub` for a subcommand.
    pub name: &'static str,
    /// The last part of the name: what is typed to call it.
    pub word: &'static str,
    /// How many words, names included; −n means at least n.
    pub arity: i64,
    /// Flags and ACL categories.
    pub class: Class,
    /// Hints for proxies, as `COMMAND INFO` shows them.
    pub tips: &'static [&'static str],
    /// The first version of redis-sentinel (or Valkey's) that had it.
    pub since: &'static str,
    /// Where the documentation files it.
    pub group: Group,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Deprecation: since when, and what replaces it.
    pub deprecated: Option<(&'static str, &'static str)>,
    /// The arguments, for hints.
    pub arguments: &'static [Argument],
    /// Entries in its container's HELP.
    pub help: &'static [HelpEntry],
    /// Subcommands, if it is a container.
    pub subcommands: &'static [Command],
    /// For a second name of another command: that command.
    pub alias_of: Option<&'static str>,
    /// What it does; `None` for a container that cannot be called alone.
    pub run: Option<Run>,
    /// The same for what can be answered at once.
    pub at_once: Option<AtOnce>,
}

impl Command {
    /// A row with its essential columns.
    pub const fn new(name: &'static str, arity: i64, class: Class, run: Run) -> Self {
        Command {
            name,
            word: word_of(name),
            arity,
            class,
            tips: &[],
            since: "",
            group: Group::Server,
            summary: "",
            deprecated: None,
            arguments: &[],
            help: &[],
            subcommands: &[],
            alias_of: None,
            run: Some(run),
            at_once: None,
        }
    }

    /// A container: nothing by itself, at least one more word needed.
    pub const fn container(
        name: &'static str,
        class: Class,
        subcommands: &'static [Command],
    ) -> Self {
        let mut row = Command::new(name, -2, class, refuse);
        row.run = None;
        row.subcommands = subcommands;
        row
    }

    /// Adds what the documentation shows.
    pub const fn about(mut self, group: Group, since: &'static str, summary: &'static str) -> Self {
        self.group = group;
        self.since = since;
        self.summary = summary;
        self
    }

    /// Adds the arguments.
    pub const fn takes(mut self, arguments: &'static [Argument]) -> Self {
        self.arguments = arguments;
        self
    }

    /// Adds tips.
    pub const fn tips(mut self, tips: &'static [&'static str]) -> Self {
        self.tips = tips;
        self
    }

    /// Adds entries to the container's HELP.
    pub const fn help(mut self, help: &'static [HelpEntry]) -> Self {
        self.help = help;
        self
    }

    /// Marks it as deprecated.
    pub const fn deprecated(mut self, since: &'static str, replaced_by: &'static str) -> Self {
        self.deprecated = Some((since, replaced_by));
        self
    }

    /// Marks it as a second name of another command.
    pub const fn alias_of(mut self, other: &'static str) -> Self {
        self.alias_of = Some(other);
        self
    }

    /// Answers most requests at once.
    pub const fn at_once(mut self, answer: AtOnce) -> Self {
        self.at_once = Some(answer);
        self
    }

    /// Adds subcommands to a command that also runs alone.
    pub const fn with(mut self, subcommands: &'static [Command]) -> Self {
        self.subcommands = subcommands;
        self
    }

    /// Whether its name has two words.
    pub fn is_subcommand(&self) -> bool {
        self.word.len() < self.name.len()
    }

    /// Whether this number of words satisfies the arity.
    pub fn accepts(&self, words: usize) -> bool {
        let words = i64::try_from(words).unwrap_or(i64::MAX);
        if self.arity < 0 {
            words >= -self.arity
        } else {
            words == self.arity
        }
    }

    /// Whether it waits under CLIENT PAUSE WRITE.
    pub fn may_replicate(&self) -> bool {
        self.name == "publish"
    }

    /// Whether it has this flag.
    pub fn has(&self, flag: Flag) -> bool {
        self.class.flags.contains(&flag)
    }
}

const fn word_of(name: &'static str) -> &'static str {
    let mut at = 0;
    while at < name.len() {
        if name.as_bytes()[at] == b'|' {
            return name.split_at(at + 1).1;
        }
        at += 1;
    }
    name
}

fn refuse(_: Request<'_>) -> Next {
    Next::Close
}
