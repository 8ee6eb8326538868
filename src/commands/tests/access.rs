//! Users and permissions: what dispatch lets through, and the ACL commands.

use super::*;
use crate::acl::{AclLog, Denial, GENPASS_BYTES, Reason, UserName};
use crate::commands::{AclStep, genpass_reply, log_reply};
use crate::types::{Secret, Wall};

/// A stage whose connection belongs to a user of these rules.
fn as_user(rules: &str) -> Stage {
    let mut stage = Stage::new();
    admit(&mut stage, "bob", &format!("on >pw {rules}"));
    assert_eq!(stage.say("auth bob pw"), Reply::OK);
    stage
}

fn admit(stage: &mut Stage, name: &str, rules: &str) {
    let words: Vec<&str> = rules.split(' ').collect();
    let mut users = stage.settings.users.borrow_mut();
    let user = users.edited(name.as_bytes(), &words).expect("right");
    users.put(user);
}

fn step(stage: &mut Stage, line: &str) -> AclStep {
    match stage.next(line) {
        Next::Acl(step) => step,
        Next::Reply(reply) => panic!("{line}: {reply:?}"),
        _ => panic!("{line}: no step"),
    }
}

fn denial(stage: &mut Stage, line: &str) -> (Reason, String, String) {
    let Next::Denied(
        _,
        Denial {
            reason,
            object,
            username,
        },
    ) = stage.next(line)
    else {
        panic!("{line}: not denied");
    };
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    (reason, text(&object), text(&username))
}

#[test]
fn a_user_may_do_what_its_rules_say_and_nothing_else() {
    let mut stage = as_user("-@all +ping +sentinel|masters +acl|whoami");
    assert_eq!(stage.say("acl whoami"), Reply::bulk("bob"));
    assert_eq!(stage.say("ping"), Reply::Simple("PONG".into()));
    stage.say("sentinel masters");
    assert_eq!(
        stage.error("SENTINEL Set m quorum 1"),
        "NOPERM User bob has no permissions to run the 'sentinel|set' command"
    );
    assert_eq!(
        stage.error("info"),
        "NOPERM User bob has no permissions to run the 'info' command"
    );
    // What does not exist, and how it is called, is told before.
    assert!(stage.error("nope").starts_with("ERR unknown command"));
    assert!(
        stage
            .error("sentinel masters x")
            .starts_with("ERR wrong number")
    );
    assert!(stage.error("ping a b").starts_with("ERR wrong number"));
    // Anybody may become somebody else.
    assert_eq!(stage.say("auth default x"), Reply::OK);
    stage.say("info");
}

#[test]
fn one_channel_that_is_not_permitted_refuses_the_whole_command() {
    let mut stage = as_user("+@all resetchannels &foo &f*");
    for line in ["subscribe foo bar", "psubscribe f* foo*", "publish bar x"] {
        assert_eq!(
            stage.error(line),
            "NOPERM No permissions to access a channel",
            "{line}"
        );
    }
    assert_eq!(stage.session.subscriptions(), 0);
    assert!(matches!(stage.next("subscribe foo fa"), Next::Subscribed(all) if all.len() == 2));
    assert!(matches!(stage.next("psubscribe f*"), Next::Subscribed(_)));
    assert!(matches!(
        stage.next("unsubscribe bar"),
        Next::Unsubscribed(_)
    ));
    // Permission is asked before the restriction of subscribed connections.
    admit(&mut stage, "bob", "-info");
    assert!(stage.error("info").starts_with("NOPERM"));
    assert!(stage.error("role").starts_with("ERR Can't execute 'role'"));
}

#[test]
fn a_peer_that_may_not_publish_cannot_greet() {
    let mut stage = as_user("-@all +ping +publish &__sentinel__:hello");
    assert!(matches!(
        stage.next("publish __sentinel__:hello x"),
        Next::Hello(_)
    ));
    admit(&mut stage, "bob", "resetchannels");
    assert!(
        stage
            .error("publish __sentinel__:hello x")
            .starts_with("NOPERM")
    );
}

#[test]
fn a_change_counts_for_the_next_request_and_a_switched_off_user_goes_on() {
    let mut stage = as_user("+@all");
    admit(&mut stage, "bob", "off resetpass -ping");
    assert!(stage.error("ping").starts_with("NOPERM User bob"));
    stage.say("info");
    assert!(stage.error("auth bob pw").starts_with("WRONGPASS"));
    assert_eq!(stage.say("acl whoami"), Reply::bulk("bob"));
    stage.settings.users.borrow_mut().remove(b"bob");
    assert!(stage.error("info").starts_with("NOPERM User bob"));
}

#[test]
fn every_refusal_is_for_the_log() {
    let mut stage = as_user("+@all -info &foo");
    let of_bob = |reason, object: &str| (reason, object.to_owned(), "bob".to_owned());
    assert_eq!(
        denial(&mut stage, "INFO server"),
        of_bob(Reason::Command, "info")
    );
    assert_eq!(
        denial(&mut stage, "SUBSCRIBE foo bar"),
        of_bob(Reason::Channel, "bar")
    );
    assert_eq!(
        denial(&mut stage, "AuTh bob no"),
        of_bob(Reason::Auth, "AuTh")
    );
    assert_eq!(
        denial(&mut stage, "Hello 3 AUTH bob no"),
        of_bob(Reason::Auth, "Hello")
    );
    let unknown = (Reason::Auth, "auth".to_owned(), "nobody".to_owned());
    assert_eq!(denial(&mut stage, "auth nobody no"), unknown);
    stage.settings.users = Settings::with_requirepass(Some(&Secret::new(b"s"))).users;
    stage.session.user = UserName::DEFAULT;
    let default_user = (Reason::Auth, "auth".to_owned(), "default".to_owned());
    assert_eq!(denial(&mut stage, "auth no"), default_user);
}

#[test]
fn setuser_hands_over_the_whole_user_and_stores_nothing_itself() {
    let mut stage = Stage::new();
    let AclStep::Set(user) = step(&mut stage, "acl setuser bob on +ping (~x +info)") else {
        panic!()
    };
    let line =
        "user bob on sanitize-payload resetchannels -@all +ping (~x resetchannels -@all +info)";
    assert_eq!(user.line(), line.as_bytes());
    assert_eq!(elements(stage.say("acl users")), [Reply::bulk("default")]);
    for (line, error) in [
        (
            "acl setuser bob on bogus",
            "ERR Error in ACL SETUSER modifier 'bogus': Syntax error",
        ),
        (
            "acl setuser bob +get",
            "ERR Error in ACL SETUSER modifier '+get': Unknown command or category name in ACL",
        ),
        (
            "acl setuser bob (~x",
            "ERR Unmatched parenthesis in acl selector starting at '(~x'.",
        ),
        (
            "acl setuser ",
            "ERR Usernames can't contain spaces or null characters",
        ),
    ] {
        assert_eq!(stage.error(line), error);
    }
}

#[test]
fn the_default_user_cannot_be_deleted() {
    let mut stage = Stage::new();
    assert_eq!(
        stage.error("acl deluser bob default"),
        "ERR The 'default' user cannot be removed"
    );
    let AclStep::Delete(names) = step(&mut stage, "acl deluser bob al") else {
        panic!()
    };
    assert_eq!(names, ["bob", "al"]);
}

#[test]
fn a_dry_run_names_the_user_and_what_it_lacks() {
    let mut stage = Stage::new();
    admit(&mut stage, "bob", "+@all -info &f*");
    for (line, answer) in [
        ("acl dryrun bob ping", Reply::OK),
        (
            "acl dryrun bob INFO",
            Reply::bulk("User bob has no permissions to run the 'info' command"),
        ),
        (
            "acl dryrun bob subscribe foo bar",
            Reply::bulk("User bob has no permissions to access the 'bar' channel"),
        ),
    ] {
        assert_eq!(stage.say(line), answer, "{line}");
    }
    assert_eq!(stage.error("acl dryrun al ping"), "ERR User 'al' not found");
    assert_eq!(
        stage.error("acl dryrun bob get x"),
        "ERR Command 'get' not found"
    );
    assert_eq!(
        stage.error("acl dryrun bob client x"),
        "ERR Command 'client' not found"
    );
}

#[test]
fn load_and_save_need_a_file() {
    let mut stage = Stage::new();
    for line in ["acl load", "acl save"] {
        let error = stage.error(line);
        assert!(
            error.starts_with("ERR This Redis instance is not configured to use an ACL file."),
            "{error}"
        );
    }
    stage.settings.acl_file = Some("/x".into());
    assert!(matches!(step(&mut stage, "acl load"), AclStep::Load));
    assert!(matches!(step(&mut stage, "acl save"), AclStep::Save));
}

#[test]
fn the_log_is_asked_for_by_number() {
    let mut stage = Stage::new();
    for (line, count) in [("acl log", 10), ("acl log 3", 3), ("acl log -1", 0)] {
        assert!(
            matches!(step(&mut stage, line), AclStep::Log(n) if n == count),
            "{line}"
        );
    }
    assert!(matches!(
        step(&mut stage, "acl log ReSet"),
        AclStep::ResetLog
    ));
    assert_eq!(
        stage.error("acl log x"),
        "ERR value is not an integer or out of range"
    );
}

#[test]
fn a_log_entry_has_ten_pairs() {
    let mut log = AclLog::new(5);
    let denial = Denial::new(Reason::Channel, b"foo", b"bob");
    log.record(denial.clone(), "id=1".into(), Wall(1000));
    log.record(denial, "id=2".into(), Wall(2000));
    let expected = [
        ("count", Reply::Int(2)),
        ("reason", Reply::bulk("channel")),
        ("context", Reply::bulk("toplevel")),
        ("object", Reply::bulk("foo")),
        ("username", Reply::bulk("bob")),
        ("age-seconds", Reply::Double(1.5)),
        ("client-info", Reply::bulk("id=2")),
        ("entry-id", Reply::Int(0)),
        ("timestamp-created", Reply::Int(1000)),
        ("timestamp-last-updated", Reply::Int(2000)),
    ];
    let expected = Reply::Map(
        expected
            .map(|(name, value)| (Reply::bulk(name), value))
            .into(),
    );
    assert_eq!(elements(log_reply(&log, 10, Wall(3500))), [expected]);
}

#[test]
fn a_password_is_drawn_from_the_bytes_that_are_given() {
    let mut stage = Stage::new();
    for (line, wanted) in [
        ("acl genpass", 256),
        ("acl genpass 5", 5),
        ("acl genpass 4096", 4096),
    ] {
        assert!(matches!(step(&mut stage, line), AclStep::GenPass(bits) if bits == wanted));
    }
    assert!(
        stage
            .error("acl genpass 4097")
            .starts_with("ERR ACL GENPASS argument must be")
    );
    assert_eq!(
        genpass_reply(12, &[0xab; GENPASS_BYTES]),
        Reply::bulk("aba")
    );
}

#[test]
fn the_second_names_of_commands_are_permitted_with_the_first() {
    let mut stage = as_user("+@all -sentinel|masters");
    assert_eq!(
        stage.error("sentinel primaries"),
        "NOPERM User bob has no permissions to run the 'sentinel|primaries' command"
    );
    admit(&mut stage, "bob", "-@all +sentinel|primaries");
    stage.say("sentinel masters");
}

#[test]
fn client_list_and_kill_know_the_users() {
    let mut stage = Stage::new();
    admit(&mut stage, "bob", "on nopass +@all");
    stage.say("auth bob x");
    let info = ClientInfo {
        session: stage.session.clone(),
        ..ClientInfo::default()
    };
    assert!(client_line(&info).contains(" user=bob "));
    let Next::Clients(ClientsQuery::Kill(filter)) = stage.next("client kill user bob") else {
        panic!()
    };
    assert!(filter.matches(&info, 99));
    assert!(!filter.matches(&ClientInfo::default(), 99));
    assert_eq!(stage.error("client kill user al"), "ERR No such user 'al'");
}
