//! Users against a small book of commands.

mod checking;
mod files;
mod logging;
mod rules;
mod text;

use std::sync::Arc;

use bytes::Bytes;

use super::{CommandFacts, NewChannels, RuleBook, User, UserName};

const CATEGORIES: &[&str] = &["fast", "slow", "admin", "pubsub", "connection"];

fn command(name: &'static str, categories: &[&'static str]) -> CommandFacts {
    let container = name.split_once('|').map(|(container, _)| container);
    let mut categories = categories.to_vec();
    // The containers of this book.
    if container == Some("sentinel") {
        categories.push("admin");
    }
    CommandFacts {
        name,
        container,
        has_subcommands: matches!(name, "client" | "sentinel"),
        categories,
        alias_of: (name == "sentinel|primaries").then_some("sentinel|masters"),
        open_to_all: name == "auth",
    }
}

fn book_with(new_channels: NewChannels) -> Arc<RuleBook> {
    let commands = [
        command("ping", &["fast", "connection"]),
        command("auth", &["fast", "connection"]),
        command("info", &["slow"]),
        command("publish", &["pubsub", "fast"]),
        command("subscribe", &["pubsub", "slow"]),
        command("psubscribe", &["pubsub", "slow"]),
        command("client", &["slow"]),
        command("client|id", &["slow", "connection"]),
        command("client|kill", &["slow", "connection", "admin"]),
        command("sentinel", &["slow", "admin"]),
        command("sentinel|help", &["slow"]),
        command("sentinel|masters", &["slow", "admin"]),
        command("sentinel|primaries", &["slow", "admin"]),
    ];
    Arc::new(RuleBook::new(CATEGORIES, commands, new_channels))
}

fn book() -> Arc<RuleBook> {
    book_with(NewChannels::None)
}

fn new_user(book: &RuleBook) -> User {
    User::new(UserName::new(b"u").expect("a name"), book)
}

/// The user of these rules, which have no blanks.
fn user(rules: &str) -> User {
    let words: Vec<&str> = rules.split(' ').collect();
    let user = new_user(&book()).edited(&words, &book());
    user.unwrap_or_else(|error| panic!("{rules}: {error:?}"))
}

/// Its canonical rules after the switch.
fn canonical(rules: &str) -> String {
    let line = String::from_utf8(user(rules).line()).expect("text");
    let rest = line.strip_prefix("user u off sanitize-payload ");
    rest.unwrap_or_else(|| panic!("{line}")).to_owned()
}

fn bytes(words: &[&str]) -> Vec<Bytes> {
    let copy = |word: &&str| Bytes::copy_from_slice(word.as_bytes());
    words.iter().map(copy).collect()
}
