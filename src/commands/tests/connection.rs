//! PING, AUTH, HELLO.

use super::*;
use crate::resp::Proto;
use crate::types::Secret;

const WRONGPASS: &str = "WRONGPASS invalid username-password pair or user is disabled.";

fn locked() -> Stage {
    let mut stage = Stage::new();
    stage.settings.users = Settings::with_requirepass(Some(&Secret::new(b"s3cret"))).users;
    stage
}

#[test]
fn ping_answers_pong_or_its_argument() {
    let mut stage = Stage::new();
    assert_eq!(stage.say("ping"), Reply::Simple("PONG".into()));
    assert_eq!(stage.say("PING hi"), Reply::bulk("hi"));
}

#[test]
fn ping_answers_a_subscribed_resp2_connection_with_an_element() {
    let mut stage = Stage::new();
    stage.next("subscribe a");
    assert_eq!(
        stage.say("ping"),
        Reply::Array(vec![Reply::bulk("pong"), Reply::bulk("")])
    );
    assert_eq!(
        stage.say("ping hi"),
        Reply::Array(vec![Reply::bulk("pong"), Reply::bulk("hi")])
    );
    stage.session.proto = Proto::Resp3;
    assert_eq!(stage.say("ping"), Reply::Simple("PONG".into()));
}

#[test]
fn auth_opens_the_connection_only_with_the_password() {
    let mut stage = locked();
    for line in ["auth wrong", "auth default wrong", "auth nobody s3cret"] {
        assert_eq!(stage.error(line), WRONGPASS, "{line}");
        assert!(!stage.session.authenticated);
    }
    assert_eq!(stage.error("auth a b c"), "ERR syntax error");
    assert_eq!(stage.say("auth s3cret"), Reply::OK);
    assert_eq!(stage.say("ping"), Reply::Simple("PONG".into()));
    // A later failure does not lock it again.
    assert_eq!(stage.error("auth wrong"), WRONGPASS);
    assert_eq!(stage.say("auth default s3cret"), Reply::OK);
}

#[test]
fn auth_with_a_password_nobody_set_is_an_error() {
    let mut stage = Stage::new();
    assert_eq!(
        stage.error("auth x"),
        "ERR AUTH <password> called without any password configured for the default user. \
         Are you sure your configuration is correct?"
    );
    assert_eq!(stage.say("auth default x"), Reply::OK);
}

#[test]
fn hello_describes_the_server_in_the_new_protocol() {
    let mut stage = Stage::new();
    let expected = Reply::Map(vec![
        (Reply::bulk("server"), Reply::bulk("redis")),
        (Reply::bulk("version"), Reply::bulk("7.2.4")),
        (Reply::bulk("proto"), Reply::Int(3)),
        (Reply::bulk("id"), Reply::Int(3)),
        (Reply::bulk("mode"), Reply::bulk("sentinel")),
        (Reply::bulk("modules"), Reply::Array(vec![])),
    ]);
    assert_eq!(stage.say("hello 3"), expected);
    assert_eq!(stage.session.proto, Proto::Resp3);
    assert_eq!(stage.say("HELLO"), expected);
}

#[test]
fn hello_refuses_in_order_and_then_changes_nothing() {
    let mut stage = locked();
    assert_eq!(
        stage.error("hello x"),
        "ERR Protocol version is not an integer or out of range"
    );
    assert_eq!(
        stage.error("hello 4 foo"),
        "NOPROTO unsupported protocol version"
    );
    assert_eq!(
        stage.error("hello 3 auth default"),
        "ERR Syntax error in HELLO option 'auth'"
    );
    assert_eq!(
        stage.error("hello 3 SetName"),
        "ERR Syntax error in HELLO option 'SetName'"
    );
    let Reply::Error(text) =
        stage.say_words(&[b"hello", b"3", b"setname", b"a b", b"auth", b"x", b"y"])
    else {
        panic!()
    };
    assert_eq!(
        text,
        "ERR Client names cannot contain spaces, newlines or special characters."
    );
    assert_eq!(stage.error("hello 3 setname me auth default no"), WRONGPASS);
    assert_eq!(
        stage.error("hello 3 setname me"),
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> \
         <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
    );
    assert_eq!(
        (stage.session.proto, stage.session.name.clone()),
        (Proto::Resp2, None)
    );
}

#[test]
fn hello_takes_the_last_of_repeated_options() {
    let mut stage = locked();
    stage.say("hello 3 setname one auth default no setname two auth default s3cret");
    assert_eq!(stage.session.name.as_deref(), Some("two"));
    assert!(stage.session.authenticated);
    stage.say_words(&[b"hello", b"2", b"setname", b""]);
    assert_eq!(
        (stage.session.proto, stage.session.name.clone()),
        (Proto::Resp2, None)
    );
}
