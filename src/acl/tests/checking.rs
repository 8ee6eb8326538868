//! Who may do what.

use super::*;
use crate::acl::{Denied, Wanted, WantedChannels};

/// Whether the user of these rules may run a line; a channel that it may not have.
fn may(rules: &str, line: &str) -> Result<(), Option<String>> {
    let book = book();
    let words: Vec<&str> = line.split(' ').collect();
    let args = bytes(&words[1..]);
    let facts = book.command(words[0].as_bytes()).expect("in the book");
    let channels = match words[0] {
        "publish" => WantedChannels::Named(&args[..1]),
        "subscribe" => WantedChannels::Named(&args),
        "psubscribe" => WantedChannels::Matching(&args),
        _ => WantedChannels::None,
    };
    let wanted = Wanted {
        command: book.first_name(facts),
        first_argument: args.first().map(Bytes::as_ref),
        channels,
    };
    user(rules).check(&wanted).map_err(|denied| match denied {
        Denied::Command => None,
        Denied::Channel(name) => Some(String::from_utf8_lossy(name).into_owned()),
    })
}

#[test]
fn the_last_rule_about_a_command_counts() {
    for (rules, line, allowed) in [
        ("+@fast", "ping", true),
        ("+@fast", "info", false),
        ("+@all -@fast +ping", "ping", true),
        ("+@all -@fast +ping -@connection", "ping", false),
        ("+client", "client|kill", true),
        ("+client -client|kill", "client|kill", false),
        ("+client -client|kill", "client|id", true),
        ("+client|kill", "client|id", false),
        ("+@all -client +client|id", "client|id", true),
        ("+@all -client +client|id", "client|kill", false),
        // Subcommands share the categories of their container.
        ("+@admin", "sentinel|help", true),
        ("+@all -@admin", "sentinel|help", false),
        ("+@connection", "client|id", true),
        // A second name follows the first.
        ("+sentinel|masters", "sentinel|primaries", true),
        ("+@all -sentinel|masters", "sentinel|primaries", false),
        ("-@all", "auth x", true),
        ("+@all -auth", "auth x", true),
    ] {
        let expected = if allowed { Ok(()) } else { Err(None) };
        assert_eq!(may(rules, line), expected, "{rules}: {line}");
    }
}

#[test]
fn a_first_argument_may_be_all_that_is_permitted() {
    for (rules, line, allowed) in [
        ("+ping|foo", "ping", false),
        ("+ping|foo", "ping foo", true),
        ("+ping|foo", "ping FOO bar", true),
        ("+ping|foo", "ping fooo", false),
        ("+ping +ping|foo", "ping bar", true),
        ("+ping|foo -@fast", "ping foo", false),
        ("+ping|foo +@fast", "ping bar", true),
    ] {
        let expected = if allowed { Ok(()) } else { Err(None) };
        assert_eq!(may(rules, line), expected, "{rules}: {line}");
    }
}

#[test]
fn channels_match_globs_and_patterns_only_themselves() {
    let bad = |channel: &str| Err(Some(channel.to_owned()));
    for (rules, line, expected) in [
        ("+@all", "subscribe a", bad("a")),
        ("+@all &*", "subscribe a b", Ok(())),
        ("+@all &f*", "subscribe foo bar fa", bad("bar")),
        ("+@all &f*", "publish foo bar", Ok(())),
        ("+@all &f*", "publish bar foo", bad("bar")),
        ("+@all &f*", "psubscribe f* f*", Ok(())),
        ("+@all &f*", "psubscribe foo", bad("foo")),
        ("+@all &*", "psubscribe *", Ok(())),
        ("+@all &f*", "subscribe ", bad("")),
        ("+@all &", "subscribe ", Ok(())),
        ("&*", "subscribe a", Err(None)),
    ] {
        assert_eq!(may(rules, line), expected, "{rules}: {line}");
    }
}

#[test]
fn one_selector_must_permit_all_of_a_request() {
    let bad = |channel: &str| Err(Some(channel.to_owned()));
    for (rules, line, expected) in [
        ("(+subscribe &a)", "subscribe a", Ok(())),
        ("+ping (+info)", "ping", Ok(())),
        ("+ping (+info)", "info", Ok(())),
        ("&z (+subscribe &a) (+publish)", "subscribe z", bad("z")),
        ("&b (+subscribe &a)", "subscribe a b", bad("b")),
        // What stopped the selector that came farthest.
        (
            "(+subscribe &a) (+subscribe &a &b)",
            "subscribe a b c",
            bad("c"),
        ),
        (
            "(+subscribe &a &b) (+subscribe &a)",
            "subscribe a b c",
            bad("c"),
        ),
        ("(+subscribe &a) (-subscribe &c)", "subscribe c a", bad("c")),
    ] {
        assert_eq!(may(rules, line), expected, "{rules}: {line}");
    }
}

#[test]
fn subscriptions_stay_as_long_as_a_selector_holds_them() {
    let [foo, star] = [b"foo".as_slice(), b"f*"].map(Bytes::copy_from_slice);
    let both = user("(&f*)");
    assert!(both.may_hear(&foo) && both.may_hear_pattern(&star));
    let one = user("&foo");
    assert!(one.may_hear(&foo) && !one.may_hear_pattern(&star));
    assert!(user("&a &b").hears_all_that(&user("&b")));
    assert!(user("allchannels").hears_all_that(&both));
    assert!(!one.hears_all_that(&both) && !both.hears_all_that(&user("allchannels")));
}

#[test]
fn unrestricted_is_only_who_may_do_everything() {
    assert!(user("+@all &*").is_unrestricted());
    for rules in [
        "+@all",
        "&* +@all -ping",
        "&* (+@all &*)",
        "&* -@all +@all -@fast",
    ] {
        assert!(!user(rules).is_unrestricted(), "{rules}");
    }
    assert!(!new_user(&book()).is_unrestricted());
}
