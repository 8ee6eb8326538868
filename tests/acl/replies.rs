//! What the ACL commands answer.

use super::both::{Both, Clients, strings};

/// Makes the user anew of these rules, and compares what is then shown of it.
#[track_caller]
fn user_of(clients: &mut Clients, rules: &[&str]) {
    let mut words = vec!["ACL", "SETUSER", "u", "reset"];
    words.extend(rules);
    clients.same(&words);
    clients.same(&["ACL", "GETUSER", "u"]);
    clients.same(&["ACL", "LIST"]);
}

#[test]
fn rules_make_the_same_users_and_the_same_errors() {
    let (_both, mut clients) = Both::plain();
    let hash = "a".repeat(64);
    let (add, remove, upper) = (
        format!("#{hash}"),
        format!("!{hash}"),
        format!("#{}", hash.to_uppercase()),
    );
    for rules in [
        "",
        "on",
        "ON",
        "off",
        "nopass",
        "NoPass",
        "resetpass",
        "on nopass resetpass",
        "skip-sanitize-payload",
        "skip-sanitize-payload sanitize-payload",
        "bogus",
        " on",
        "reset",
        "on >x reset",
        ">foo",
        ">foo >bar",
        ">foo >foo",
        ">foo <foo",
        "<foo",
        ">foo nopass",
        "nopass >foo",
        "nopass <foo",
        ">",
        &add,
        &remove,
        &upper,
        "#00",
        "!zz",
        "~foo",
        "~foo ~bar",
        "~foo ~foo",
        "~* ~foo",
        "~foo ~*",
        "~* ~*",
        "allkeys",
        "ALLKEYS",
        "~* resetkeys %W~y",
        "%R~foo",
        "%r~foo",
        "%W~foo",
        "%RW~foo",
        "%WR~foo",
        "%R~foo %W~foo",
        "%R~x %R~y %W~x",
        "%RW~a %R~a",
        "%R~*",
        "%R~* ~x",
        "%RW~*",
        "~* %R~x",
        "%~foo",
        "%R",
        "%RR~x",
        "%X~x",
        "%",
        "~",
        "~a\tb",
        "%R~\u{b}x",
        "&foo",
        "&foo &bar",
        "&foo &foo",
        "&foo &*",
        "&* &foo",
        "&* &*",
        "allchannels",
        "allchannels &foo",
        "allchannels resetchannels &x",
        "&",
        "&a\tb",
        "+ping",
        "+PING",
        "+@all",
        "+@ALL",
        "-@all",
        "allcommands",
        "nocommands",
        "+@all -ping",
        "+@fast",
        "+@FAST",
        "+@fast -ping",
        "+@all -@dangerous",
        "+@all -@all",
        "+@all -@slow +info",
        "+client|kill",
        "+client|KILL",
        "+@all -client|kill",
        "+sentinel|masters",
        "+@connection",
        "+ping|foo",
        "+ping|a +ping|b",
        "+ping -ping +ping",
        "+@all -@connection",
        "+command|count",
        "+command -command|count",
        "+@all -@fast -@fast",
        "+",
        "-",
        "+@",
        "+@zork",
        "+get",
        "+zork|",
        "+|x",
        "+ping|",
        "+client|",
        "-client|",
        "+client|nope",
        "-client|nope",
        "-ping|foo",
        "+@all -ping|foo",
        "+client|kill|x",
        "+client|kill|",
        "+@fast|x",
        "-@all|x",
        "(+ping)",
        "(+ping ~x)",
        "( +ping ~x )",
        "(  +ping   ~x  )",
        "(+ping\t~x)",
        "()",
        "( )",
        "( ) ( )",
        "(+ping) (+ping)",
        "(+@all) (~x &y %R~z)",
        "(+ping) clearselectors",
        "(+ping) on reset (+info)",
        "(+ping ) +info",
        "(allkeys allchannels allcommands)",
        "(~\"a\")",
        "(~'a')",
        ")",
        "()()",
        "(~x",
        "(~x +ping",
        "on (on",
        "(+ping)x",
        "(on)",
        "(nopass)",
        "(>x)",
        "(#aa)",
        "(reset)",
        "(clearselectors)",
        "(+get)",
        "((+ping))",
        "( (+ping) )",
        "(+ping (+info)",
        "(+ping) )",
        "(~* ~x)",
        "(+ping~x)",
        "~\"x\" ~'y' ~\\n ~\u{e9} &\"z\"",
    ] {
        let words: Vec<&str> = rules.split(' ').collect();
        user_of(&mut clients, &words);
    }
    for rule in ["~a b", "~a\0b", "&a b", "%R~ x", "(~\"a  &b\")"] {
        user_of(&mut clients, &[rule]);
    }
}

#[test]
fn shapes_and_names_are_refused_alike() {
    let (_both, mut clients) = Both::plain();
    for line in [
        "ACL",
        "ACL nope",
        "ACL SETUSER",
        "ACL DELUSER",
        "ACL GETUSER",
        "ACL GETUSER nope",
        "ACL GETUSER a b",
        "ACL GETUSER default",
        "ACL DELUSER default",
        "ACL DELUSER nope",
        "ACL DELUSER a nope default",
        "ACL WHOAMI",
        "ACL WHOAMI x",
        "ACL LIST x",
        "ACL USERS",
        "ACL CAT",
        "ACL CAT list",
        "ACL CAT nope",
        "ACL cat a b",
        "ACL GENPASS 0",
        "ACL GENPASS 4097",
        "ACL GENPASS -1",
        "ACL GENPASS x",
        "ACL GENPASS ",
        "ACL GENPASS 1 2",
        "ACL LOG x",
        "ACL LOG -1",
        "ACL LOG 1 2",
        "ACL LOG",
        "ACL LOG reset",
        "ACL LOG RESET",
        "ACL SAVE",
        "ACL LOAD",
        "ACL SAVE x",
        "ACL DRYRUN",
        "ACL DRYRUN default",
        "ACL DRYRUN nope ping",
        "ACL DRYRUN nope nope",
        "ACL DRYRUN default nope",
        "ACL DRYRUN default client",
        "ACL DRYRUN default client nope",
        "ACL DRYRUN default client kill",
        "ACL DRYRUN default PING",
        "ACL DRYRUN default publish x",
        "ACL DRYRUN default ping a b c",
    ] {
        clients.same(&line.split(' ').collect::<Vec<_>>());
    }
    for name in ["a b", "a\0b", "a\nb", "a\tb", "\u{b}", "\"q\"", "\u{e9}"] {
        clients.same(&["ACL", "SETUSER", name, "reset"]);
    }
    clients.same(&["ACL", "SETUSER", "e", "reset", "", "on"]);
    clients.same(&["ACL", "DRYRUN", "default", "a b\r\nc"]);
    clients.same(&["ACL", "CAT", "no\r\npe"]);
    clients.same(&["ACL", "LIST"]);
    clients.same(&["ACL", "USERS"]);
    clients.same(&["ACL", "DELUSER", "e", "nope", "\"q\"", "e"]);
    clients.same(&["ACL", "USERS"]);
}

#[test]
fn the_commands_of_each_category_that_both_have_are_the_same() {
    let (_both, mut clients) = Both::plain();
    let names = |reply: &str| {
        let mut names: Vec<String> = strings(reply).into_iter().map(str::to_owned).collect();
        names.sort();
        names
    };
    let everything = clients.ask(&["COMMAND", "LIST"]).map(|reply| names(&reply));
    for category in strings(&clients.same(&["ACL", "CAT"])) {
        let [ours, theirs] = clients
            .ask(&["ACL", "CAT", category])
            .map(|reply| names(&reply));
        let in_both = |name: &&String| everything.iter().all(|all| all.contains(name));
        let [ours, theirs] =
            [&ours, &theirs].map(|all| all.iter().filter(in_both).collect::<Vec<_>>());
        assert_eq!(ours, theirs, "{category}");
    }
}

#[test]
fn passwords_of_all_lengths_are_drawn() {
    let (_both, mut clients) = Both::plain();
    for (bits, digits) in [("1", 1), ("4", 1), ("5", 2), ("256", 64), ("4096", 1024)] {
        let replies = clients.ask(&["ACL", "GENPASS", bits]);
        let [ours, theirs] = [&replies[0], &replies[1]].map(|reply| strings(reply)[0]);
        assert_eq!((ours.len(), theirs.len()), (digits, digits));
        assert!(
            ours.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
            "{ours}"
        );
    }
    let [one, _] = clients.ask(&["ACL", "GENPASS"]);
    let [two, _] = clients.ask(&["ACL", "GENPASS"]);
    assert_ne!(one, two);
}

#[test]
fn a_dry_run_tells_alike_who_may_do_what() {
    let (_both, mut clients) = Both::plain();
    for (rules, lines) in [
        (
            "+@admin",
            &[
                "sentinel help",
                "sentinel masters",
                "acl help",
                "acl list",
                "role",
                "client id",
                "auth x",
                "hello",
            ][..],
        ),
        (
            "+@all -@admin",
            &[
                "sentinel help",
                "sentinel masters",
                "acl help",
                "acl list",
                "role",
                "client id",
            ],
        ),
        (
            "+@connection",
            &[
                "client id",
                "client kill x",
                "command",
                "command count",
                "acl whoami",
            ],
        ),
        (
            "+@slow",
            &[
                "client id",
                "acl whoami",
                "subscribe x",
                "unsubscribe",
                "ping",
            ],
        ),
        (
            "+@all &f*",
            &[
                "publish x y",
                "publish foo y",
                "subscribe foo bar",
                "subscribe foo fa",
                "psubscribe foo",
                "psubscribe f* f*",
                "psubscribe *",
                "unsubscribe zz",
                "punsubscribe zz",
                "subscribe ",
                "ping a b",
            ],
        ),
        (
            "+ping|FOO (+subscribe &a) (&b)",
            &[
                "ping",
                "ping foo",
                "ping FOO x",
                "ping fooo",
                "subscribe a",
                "subscribe b",
            ],
        ),
        (
            "&z (+subscribe &a) (+publish)",
            &["subscribe b", "subscribe z", "publish z x", "info"],
        ),
        (
            "(+subscribe &a) (+subscribe &a &b)",
            &["subscribe a b c", "subscribe c", "subscribe a b"],
        ),
        ("+@all -auth -hello", &["auth x", "hello"]),
        ("+subscribe &", &["subscribe "]),
    ] {
        let mut words = vec!["ACL", "SETUSER", "u", "reset"];
        words.extend(rules.split(' '));
        clients.same(&words);
        for line in lines {
            let mut words = vec!["ACL", "DRYRUN", "u"];
            words.extend(line.split(' '));
            clients.alike("u", &words);
        }
    }
}

#[test]
fn resp3_shows_maps_and_sets() {
    let (_both, mut clients) = Both::plain();
    clients.ask(&["HELLO", "3"]);
    clients.same(&[
        "ACL",
        "SETUSER",
        "u",
        "reset",
        ">x",
        "~k",
        "%R~z",
        "&a",
        "(+ping ~x)",
    ]);
    clients.same(&["ACL", "GETUSER", "u"]);
    clients.same(&["ACL", "GETUSER", "nobody"]);
    clients.same(&["ACL", "LIST"]);
    clients.same(&["ACL", "CAT"]);
    clients.same(&["ACL", "WHOAMI"]);
    clients.alike("u", &["ACL", "DRYRUN", "u", "info"]);
}
