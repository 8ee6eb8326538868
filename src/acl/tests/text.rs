//! The canonical text of any user, and any bytes as rules.

use proptest::prelude::*;

use super::*;
use crate::acl::{Users, read_file, write_file};
use crate::types::{quote, split_args};

fn any_rule() -> impl Strategy<Value = Vec<u8>> {
    let names = [
        "on",
        "off",
        "nopass",
        "resetpass",
        "allkeys",
        "resetkeys",
        "allchannels",
        "resetchannels",
        "allcommands",
        "nocommands",
        "clearselectors",
        "reset",
        "sanitize-payload",
        "skip-sanitize-payload",
        "+ping",
        "-ping",
        "+PING|a",
        "+ping|b",
        "+client",
        "-client|kill",
        "+client|id",
        "+@fast",
        "-@Slow",
        "+@all",
        "-@all",
        "+sentinel|primaries",
        "-sentinel",
        "~*",
        "%RW~*",
        "%R~*",
        "%W~*",
        "&*",
        "",
    ];
    let fixed = proptest::sample::select(names.to_vec()).prop_map(|rule| rule.as_bytes().to_vec());
    let marks = proptest::sample::select(vec!["~", "%R~", "%W~", "&", ">", "+ping|", "(~", "(&"]);
    let marked = (marks, proptest::collection::vec(any::<u8>(), 0..6))
        .prop_map(|(mark, rest)| [mark.as_bytes(), &rest].concat());
    let closed = proptest::collection::vec(any_word(), 0..4).prop_map(|words| {
        let quoted: Vec<Vec<u8>> = words.iter().map(|word| quote(word)).collect();
        [b"(", quoted.join(&b' ').as_slice(), b")"].concat()
    });
    prop_oneof![4 => fixed, 3 => marked, 2 => closed]
}

/// A word of a selector.
fn any_word() -> impl Strategy<Value = Vec<u8>> {
    let marks = proptest::sample::select(vec!["~", "%R~", "&", "+ping|", "+client", "-@fast"]);
    (marks, proptest::collection::vec(any::<u8>(), 0..4))
        .prop_map(|(mark, rest)| [mark.as_bytes(), &rest].concat())
}

/// Applies what can be applied.
fn made_of(rules: &[Vec<u8>], book: &RuleBook) -> User {
    rules.iter().fold(new_user(book), |user, rule| {
        user.edited(&[rule], book).unwrap_or(user)
    })
}

fn new_channels() -> impl Strategy<Value = NewChannels> {
    prop_oneof![Just(NewChannels::None), Just(NewChannels::All)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_canonical_rules_of_any_user_make_the_same_user(
        rules in proptest::collection::vec(any_rule(), 0..12),
        made in new_channels(),
        read in new_channels(),
    ) {
        let user = made_of(&rules, &book_with(made));
        let book = book_with(read);
        let again = new_user(&book).edited(&user.rules(), &book);
        prop_assert_eq!(again.as_ref().map(User::rules), Ok(user.rules()));
        prop_assert_eq!(again, Ok(user));
    }

    #[test]
    fn a_line_of_the_file_and_the_words_of_a_configuration_line_make_the_same_user(
        rules in proptest::collection::vec(any_rule(), 0..12),
    ) {
        let book = book();
        let user = made_of(&rules, &book);
        let mut users = Users::new(Arc::clone(&book));
        users.put(user.clone());
        let loaded = read_file("/f", &write_file(&users), &book).expect("our own text");
        prop_assert_eq!(loaded.get(b"u").map(|user| user.line()), Some(user.line()));
        let quoted: Vec<Vec<u8>> = user.rules().iter().map(|rule| quote(rule)).collect();
        let words = split_args(&quoted.join(&b' ')).expect("quoted");
        prop_assert_eq!(new_user(&book).edited(&words, &book), Ok(user));
    }

    #[test]
    fn no_bytes_make_a_rule_panic(words in proptest::collection::vec(any::<Vec<u8>>(), 0..6)) {
        let _ = new_user(&book()).edited(&words, &book());
        let _ = read_file("/f", &words.join(&b' '), &book());
        let _ = Users::new(book()).edited(words.first().map_or(b"", Vec::as_slice), &words);
    }

    #[test]
    fn no_line_that_looks_like_a_rule_makes_reading_panic(
        rules in proptest::collection::vec(any_rule(), 0..6),
    ) {
        let _ = new_user(&book()).edited(&rules, &book());
        let line = [b"user u ", rules.join(&b' ').as_slice()].concat();
        let _ = read_file("/f", &line, &book());
    }
}
