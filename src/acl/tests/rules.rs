//! What rules make of a user, and what is wrong with them. The texts are those of a running
//! redis-sentinel, but for the commands: they are shown as they were given.

use super::*;
use crate::acl::{RuleError, SetUserError, Users};

fn error(rules: &str) -> (String, RuleError) {
    let words: Vec<&str> = rules.split(' ').collect();
    match new_user(&book()).edited(&words, &book()) {
        Err(SetUserError::Rule(rule, why)) => (String::from_utf8(rule).expect("text"), why),
        other => panic!("{rules}: {other:?}"),
    }
}

#[test]
fn command_rules_are_kept_in_order_and_a_later_one_replaces_what_it_covers() {
    for (rules, shown) in [
        ("+ping", "resetchannels -@all +ping"),
        ("+PING +ping", "resetchannels -@all +ping"),
        ("+ping -ping +ping", "resetchannels -@all +ping"),
        ("+@all -ping", "resetchannels +@all -ping"),
        ("+@all -@FAST +ping", "resetchannels +@all -@fast +ping"),
        ("-@fast +@fast -@fast", "resetchannels -@all -@fast"),
        (
            "+client -client|kill",
            "resetchannels -@all +client -client|kill",
        ),
        (
            "+client|kill +client|ID +client",
            "resetchannels -@all +client",
        ),
        (
            "-client|kill +client|kill",
            "resetchannels -@all +client|kill",
        ),
        (
            "+ping|FOO +ping|bar",
            "resetchannels -@all +ping|foo +ping|bar",
        ),
        ("+ping|foo -ping", "resetchannels -@all -ping"),
        ("+ping allcommands", "resetchannels +@all"),
        ("+@all +ping nocommands", "resetchannels -@all"),
        (
            "+sentinel|primaries",
            "resetchannels -@all +sentinel|masters",
        ),
    ] {
        assert_eq!(canonical(rules), shown, "{rules}");
    }
}

#[test]
fn keys_and_channels_are_shown_each_once() {
    for (rules, shown) in [
        ("~foo ~bar ~foo", "~foo ~bar resetchannels -@all"),
        ("~foo ~*", "~* resetchannels -@all"),
        ("ALLKEYS", "~* resetchannels -@all"),
        ("~* resetkeys %W~y", "%W~y resetchannels -@all"),
        ("%R~foo %W~foo", "~foo resetchannels -@all"),
        ("%wr~foo %r~bar %R", "~foo %R~bar %R~ resetchannels -@all"),
        ("%R~* ~x", "%R~* ~x resetchannels -@all"),
        ("%RW~*", "~* resetchannels -@all"),
        ("%R~* ~x %W~*", "~* resetchannels -@all"),
        ("&foo &bar &foo", "resetchannels &foo &bar -@all"),
        ("&foo &*", "&* -@all"),
        ("allchannels", "&* -@all"),
        ("&* resetchannels &x", "resetchannels &x -@all"),
    ] {
        assert_eq!(canonical(rules), shown, "{rules}");
    }
}

#[test]
fn a_selector_may_span_words_and_is_shown_in_parentheses() {
    for (rules, shown) in [
        (
            "(+ping ~x)",
            "resetchannels -@all (~x resetchannels -@all +ping)",
        ),
        (
            "( +ping ~x )",
            "resetchannels -@all (~x resetchannels -@all +ping)",
        ),
        ("()", "resetchannels -@all (resetchannels -@all)"),
        (
            "(+ping ) +info (allchannels)",
            "resetchannels -@all +info (resetchannels -@all +ping) (&* -@all)",
        ),
        ("(+ping) clearselectors", "resetchannels -@all"),
        (
            "(+ping) reset (+info)",
            "resetchannels -@all (resetchannels -@all +info)",
        ),
        (
            "(~\"a\\\"b\")",
            "resetchannels -@all (\"~a\\\"b\" resetchannels -@all)",
        ),
    ] {
        assert_eq!(canonical(rules), shown, "{rules}");
    }
}

#[test]
fn every_wrong_rule_is_named_with_its_reason() {
    use RuleError::*;
    for (rules, rule, why) in [
        ("on bogus", "bogus", Syntax),
        ("+get", "+get", UnknownCommandOrCategory),
        ("+@zork", "+@zork", UnknownCommandOrCategory),
        ("+", "+", UnknownCommandOrCategory),
        ("+|x", "+|x", UnknownCommandOrCategory),
        ("+client|nope", "+client|nope", UnknownCommandOrCategory),
        ("-ping|foo", "-ping|foo", UnknownCommandOrCategory),
        ("+zork|", "+zork|", UnknownCommandOrCategory),
        ("-client|", "-client|", UnknownCommandOrCategory),
        ("+ping|", "+ping|", Syntax),
        ("+client|", "+client|", Syntax),
        (
            "+client|kill|x",
            "+client|kill|x",
            FirstArgumentOfSubcommand,
        ),
        ("+client|kill|", "+client|kill|", FirstArgumentOfSubcommand),
        ("-client|kill|x", "-client|kill|x", UnknownCommandOrCategory),
        ("-client|kill|", "-client|kill|", UnknownCommandOrCategory),
        ("~* ~x", "~x", PatternAfterAllKeys),
        ("allkeys %R~x", "%R~x", PatternAfterAllKeys),
        ("allchannels &x", "&x", PatternAfterAllChannels),
        ("%~x", "%~x", Syntax),
        ("%", "%", Syntax),
        ("%RR~x", "%RR~x", Syntax),
        ("%X~x", "%X~x", Syntax),
        ("nopass <foo", "<foo", NoSuchPassword),
        ("#00", "#00", BadHash),
        ("!zz", "!zz", BadHash),
        ("(on)", "(on)", Syntax),
        ("(>x)", "(>x)", Syntax),
        ("((+ping))", "((+ping))", Syntax),
        ("(+ping (+info)", "(+ping (+info)", Syntax),
        ("(+get)", "(+get)", UnknownCommandOrCategory),
        ("(~* ~x)", "(~* ~x)", PatternAfterAllKeys),
        ("(~a\"b)", "(~a\"b)", Syntax),
        ("(+ping) )", ")", Syntax),
    ] {
        assert_eq!(error(rules), (rule.to_owned(), why), "{rules}");
    }
    for rule in ["~a b", "&a\tb", "%R~ x", "~a\0b", "+ping|a b", " on"] {
        let edited = new_user(&book()).edited(&[rule], &book());
        let why = SetUserError::Rule(rule.into(), Syntax);
        assert_eq!(edited, Err(why), "{rule:?}");
    }
}

#[test]
fn a_selector_that_is_not_closed_is_named_by_its_first_word() {
    for words in [&["on", "(~x"][..], &["(~x", "+ping"], &["(~x)y"]] {
        let edited = new_user(&book()).edited(words, &book());
        let first = words
            .iter()
            .find(|word| word.starts_with('('))
            .expect("one");
        assert_eq!(
            edited,
            Err(SetUserError::Unmatched(first.as_bytes().into()))
        );
    }
}

#[test]
fn passwords_are_added_and_removed_and_only_hashes_are_kept() {
    const A: &str = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    assert_eq!(user("on >a >b >a <b").passwords().len(), 1);
    assert!(user("on >a").accepts(b"a") && !user("on >a").accepts(b"b"));
    assert!(!user(">a").accepts(b"a"), "it is off");
    assert!(user(&format!("on #{A}")).accepts(b"a"));
    assert!(!user(&format!("on #{A} !{A}")).accepts(b"a"));
    assert!(user("on >a nopass").accepts(b"anything"));
    assert!(user("on nopass >a").accepts(b"a") && !user("on nopass >a").accepts(b"b"));
    assert!(!user("on nopass resetpass").accepts(b""));
    assert!(user("on >").accepts(b""));
    let line = String::from_utf8(user("on >a").line()).expect("text");
    assert_eq!(
        line,
        format!("user u on sanitize-payload #{A} resetchannels -@all")
    );
    let shown = format!("{:?}", user("on >a"));
    assert!(
        !shown.contains("ca97") && !shown.contains("202, 151"),
        "{shown}"
    );
}

#[test]
fn nothing_changes_when_one_rule_is_wrong_and_empty_words_are_no_rules() {
    let mut users = Users::new(book());
    users.put(users.edited(b"u", &["on", "", "+ping"]).expect("right"));
    assert!(users.edited(b"u", &["off", "bogus"]).is_err());
    let line = users.get(b"u").expect("stored").line();
    assert_eq!(
        line,
        b"user u on sanitize-payload resetchannels -@all +ping"
    );
}

#[test]
fn a_name_has_no_blank_and_no_nul_and_is_not_empty() {
    for name in ["", "a b", "a\0b", "a\nb", "a\tb"] {
        let edited = Users::new(book()).edited(name.as_bytes(), &["on"]);
        assert_eq!(edited, Err(SetUserError::Name), "{name:?}");
    }
    assert!(
        Users::new(book())
            .edited("\"\u{e9}".as_bytes(), &["on"])
            .is_ok()
    );
}

#[test]
fn new_users_and_selectors_get_the_channels_of_acl_pubsub_default() {
    let book = book_with(NewChannels::All);
    let line = |rules: &[&str]| {
        let user = new_user(&book).edited(rules, &book).expect("right");
        String::from_utf8(user.line()).expect("text")
    };
    let bare = "user u off sanitize-payload &* -@all";
    assert_eq!(line(&[]), bare);
    assert_eq!(line(&["resetchannels", "on", "reset"]), bare);
    assert_eq!(line(&["(+ping)"]), format!("{bare} (&* -@all +ping)"));
    assert!(new_user(&book).edited(&["&x"], &book).is_err());
}

#[test]
fn the_default_user_cannot_be_removed() {
    let mut users = Users::new(book());
    assert!(users.remove(b"default").is_none() && users.get(b"default").is_some());
    assert!(users.let_everybody_in());
}
