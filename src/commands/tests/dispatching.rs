//! The checks before every command, and their order.

use super::*;
use crate::resp::Proto;
use crate::types::Secret;

fn locked() -> Stage {
    let mut stage = Stage::new();
    stage.settings = Settings::with_requirepass(Some(&Secret::new(b"s3cret")));
    stage
}

#[test]
fn an_unknown_command_is_quoted_with_its_arguments() {
    let mut stage = Stage::new();
    assert_eq!(
        stage.error("Get a b"),
        "ERR unknown command 'Get', with args beginning with: 'a' 'b' "
    );
    assert_eq!(
        stage.error("QUIT"),
        "ERR unknown command 'QUIT', with args beginning with: "
    );
    let long = "x".repeat(200);
    let expected = format!(
        "ERR unknown command '{}', with args beginning with: ",
        "x".repeat(128)
    );
    assert_eq!(stage.error(&long), expected);
}

#[test]
fn a_renamed_command_is_unknown_under_its_own_name() {
    let mut stage = Stage::new();
    let renames = [("PING", "knock"), ("Client", "kunde"), ("info", "")];
    let renames = renames.map(|(from, to)| (from.as_bytes().to_vec(), to.as_bytes().to_vec()));
    stage.settings.renames = Renames::of(&renames);
    assert_eq!(stage.say("KNOCK"), Reply::Simple("PONG".into()));
    assert_eq!(stage.say("knock x"), Reply::Bulk("x".into()));
    assert_eq!(stage.say("kunde id"), Reply::Int(3));
    for line in ["ping", "client id", "INFO server"] {
        assert!(
            stage.error(line).starts_with("ERR unknown command"),
            "{line}"
        );
    }
    let unknown = "ERR unknown subcommand 'nothing'. Try KUNDE HELP.";
    assert_eq!(stage.error("kunde nothing"), unknown);
}

#[test]
fn commands_of_data_nodes_do_not_exist() {
    let mut stage = Stage::new();
    for line in [
        "reset",
        "echo x",
        "select 0",
        "time",
        "config get x",
        "pubsub channels",
        "ssubscribe a",
        "debug x",
    ] {
        assert!(
            stage.error(line).starts_with("ERR unknown command '"),
            "{line}"
        );
    }
    assert_eq!(
        stage.error("client no-touch on"),
        "ERR unknown subcommand 'no-touch'. Try CLIENT HELP."
    );
    assert_eq!(
        stage.error("Sentinel foo bar"),
        "ERR unknown subcommand 'foo'. Try SENTINEL HELP."
    );
}

#[test]
fn an_http_request_is_closed_without_a_reply() {
    for line in ["POST / HTTP/1.1", "Host: x", "host: x", "post"] {
        assert!(matches!(locked().next(line), Next::Close), "{line}");
    }
}

#[test]
fn unknown_commands_and_arity_are_told_before_authentication_is_asked_for() {
    let mut stage = locked();
    assert!(stage.error("nope").starts_with("ERR unknown command"));
    assert!(
        stage
            .error("sentinel nope")
            .starts_with("ERR unknown subcommand")
    );
    assert_eq!(
        stage.error("sentinel"),
        "ERR wrong number of arguments for 'sentinel' command"
    );
    assert_eq!(
        stage.error("sentinel master"),
        "ERR wrong number of arguments for 'sentinel|master' command"
    );
    assert_eq!(
        stage.error("SENTINEL primaries x"),
        "ERR wrong number of arguments for 'sentinel|primaries' command"
    );
    assert_eq!(
        stage.error("auth"),
        "ERR wrong number of arguments for 'auth' command"
    );
    assert_eq!(
        stage.error("sentinel master x"),
        "NOAUTH Authentication required."
    );
    // PING counts its arguments itself, after authentication.
    assert_eq!(stage.error("ping a b"), "NOAUTH Authentication required.");
    assert_eq!(
        Stage::new().error("ping a b"),
        "ERR wrong number of arguments for 'ping' command"
    );
}

#[test]
fn a_subscribed_resp2_connection_may_only_ping_and_subscribe() {
    let mut stage = Stage::new();
    assert!(matches!(stage.next("subscribe a"), Next::Subscribed(_)));
    let context =
        "only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
    assert_eq!(
        stage.error("client list"),
        format!("ERR Can't execute 'client|list': {context}")
    );
    assert_eq!(
        stage.error("HELLO 3"),
        format!("ERR Can't execute 'hello': {context}")
    );
    assert_eq!(
        stage.error("sentinel"),
        "ERR wrong number of arguments for 'sentinel' command"
    );
    stage.say("ping");
    assert!(matches!(stage.next("psubscribe b"), Next::Subscribed(_)));
    assert!(matches!(stage.next("punsubscribe"), Next::Unsubscribed(_)));
    stage.session.proto = Proto::Resp3;
    assert_eq!(stage.say("command count"), Reply::Int(15));
}

#[test]
fn the_last_command_is_remembered_by_its_full_name() {
    let mut stage = Stage::new();
    stage.say("CLIENT GetName");
    assert_eq!(stage.session.last_command, Some("client|getname"));
    stage.say("sentinel master");
    assert_eq!(stage.session.last_command, Some("sentinel|master"));
    stage.say("nope");
    assert_eq!(stage.session.last_command, None);
}

#[test]
fn a_nul_ends_what_an_error_quotes() {
    let mut stage = Stage::new();
    let Reply::Error(text) = stage.say_words(&[b"fo\0o", b"a\0b", b"c"]) else {
        panic!()
    };
    assert_eq!(
        text,
        "ERR unknown command 'fo', with args beginning with: 'a' 'c' "
    );
    let Reply::Error(text) = stage.say_words(&[b"client", b"kill", b"type", b"a\0b"]) else {
        panic!()
    };
    assert_eq!(text, "ERR Unknown client type 'a'");
}
