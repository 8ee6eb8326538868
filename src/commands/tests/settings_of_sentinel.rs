//! SENTINEL CONFIG, DEBUG, SIMULATE-FAILURE.

use super::*;
use crate::core::event::{ConfigChange, TimingKey};
use crate::types::Secret;

#[test]
fn config_get_shows_the_settings_in_a_fixed_order() {
    let mut stage = Stage::new();
    stage.view.settings.announce_port = 7;
    stage.view.settings.sentinel_pass = Bytes::from_static(b"clear");
    stage.settings.log_level = Arc::new(|| "verbose");
    assert_eq!(
        pairs(&stage.say("sentinel config get *")),
        [
            "resolve-hostnames=no",
            "announce-hostnames=no",
            "announce-ip=",
            "announce-port=7",
            "sentinel-user=",
            "sentinel-pass=clear",
            "loglevel=verbose"
        ]
    );
    assert_eq!(
        pairs(&stage.say("SENTINEL CONFIG GET loglevel announce-port loglevel")),
        ["loglevel=verbose", "announce-port=7"]
    );
    assert_eq!(stage.say("sentinel config get nope"), Reply::Map(vec![]));
}

#[test]
fn config_set_hands_over_all_pairs() {
    assert_eq!(
        Stage::new().instruction(
            "sentinel config set Resolve-Hostnames YES announce-hostnames no announce-ip 1.2.3.4 announce-port 0 \
             sentinel-user u sentinel-pass p LogLevel WARNING"
        ),
        Instruction::ConfigSet(vec![
            ConfigChange::ResolveHostnames(true),
            ConfigChange::AnnounceHostnames(false),
            ConfigChange::AnnounceIp(Some("1.2.3.4".into())),
            ConfigChange::AnnouncePort(0),
            ConfigChange::SentinelUser(Some("u".into())),
            ConfigChange::SentinelPass(Some(Secret::new(b"p"))),
            ConfigChange::LogLevel("warning".into()),
        ])
    );
}

#[test]
fn an_empty_value_unsets() {
    let empty: [&[u8]; 9] = [
        b"sentinel",
        b"config",
        b"set",
        b"announce-ip",
        b"",
        b"sentinel-user",
        b"",
        b"sentinel-pass",
        b"",
    ];
    let Next::Instruct(instruction) = Stage::new().next_of(&empty) else {
        panic!()
    };
    assert_eq!(
        instruction,
        Instruction::ConfigSet(vec![
            ConfigChange::AnnounceIp(None),
            ConfigChange::SentinelUser(None),
            ConfigChange::SentinelPass(None)
        ])
    );
}

#[test]
fn config_set_refuses_everything_at_the_first_bad_pair() {
    let mut stage = Stage::new();
    for (line, error) in [
        (
            "announce-port 1 Foo 1",
            "ERR Invalid argument 'Foo' to SENTINEL CONFIG SET",
        ),
        (
            "announce-port 1 Announce-Port 2",
            "ERR Duplicate argument 'Announce-Port' to SENTINEL CONFIG SET",
        ),
        (
            "announce-port 1 announce-ip",
            "ERR Missing argument 'announce-ip' value",
        ),
        (
            "Announce-Port 65536",
            "ERR Invalid value '65536' to SENTINEL CONFIG SET 'Announce-Port'",
        ),
        (
            "announce-port -1",
            "ERR Invalid value '-1' to SENTINEL CONFIG SET 'announce-port'",
        ),
        (
            "resolve-hostnames 1",
            "ERR Invalid value '1' to SENTINEL CONFIG SET 'resolve-hostnames'",
        ),
        (
            "loglevel loud",
            "ERR Invalid value 'loud' to SENTINEL CONFIG SET 'loglevel'",
        ),
        (
            "announce-ip a\tb",
            "ERR announce-ip must not contain control characters",
        ),
    ] {
        assert_eq!(
            stage.error(&format!("sentinel config set {line}")),
            error,
            "{line}"
        );
    }
}

#[test]
fn other_shapes_of_config_are_explained() {
    let mut stage = Stage::new();
    let usage = "ERR Only SENTINEL CONFIG GET <param> [<param> <param> ...]/ SET <param> <value> [<param> <value> ...] \
                 are supported.";
    assert_eq!(stage.error("sentinel config set announce-ip"), usage);
    assert_eq!(stage.error("sentinel config foo bar"), usage);
    assert_eq!(
        stage.error("sentinel config get"),
        "ERR wrong number of arguments for 'sentinel|config' command"
    );
}

#[test]
fn debug_keeps_the_pairs_before_the_first_bad_one() {
    let mut stage = Stage::new();
    let changes = vec![(TimingKey::AskPeriod, 5), (TimingKey::ScriptRetryDelay, 6)];
    for (line, then_error) in [
        ("Ask-Period 5 script-retry-delay 6", None),
        (
            "ask-period 5 script-retry-delay 6 Foo 1",
            Some("ERR Unknown option or number of arguments for SENTINEL DEBUG 'Foo'".to_owned()),
        ),
        (
            "ask-period 5 script-retry-delay 6 ask-period",
            Some(
                "ERR Unknown option or number of arguments for SENTINEL DEBUG 'ask-period'"
                    .to_owned(),
            ),
        ),
        (
            "ask-period 5 script-retry-delay 6 Ask-Period 0 ping-period 1",
            Some("ERR Invalid argument '0' for SENTINEL DEBUG 'Ask-Period'".to_owned()),
        ),
    ] {
        let expected = Instruction::Debug {
            changes: changes.clone(),
            then_error,
        };
        assert_eq!(
            stage.instruction(&format!("sentinel debug {line}")),
            expected,
            "{line}"
        );
    }
    assert!(
        stage
            .error("sentinel debug info-period x")
            .starts_with("ERR Invalid argument 'x'")
    );
}

#[test]
fn simulate_failure_arms_what_was_named_before_the_reading_ended() {
    let mut stage = Stage::new();
    let help = Reply::Array(vec![
        Reply::bulk("crash-after-election"),
        Reply::bulk("crash-after-promotion"),
    ]);
    let unknown = Reply::error("ERR Unknown failure simulation specified");
    for (line, election, promotion, answer) in [
        (
            "crash-after-election CRASH-after-promotion",
            true,
            true,
            Reply::OK,
        ),
        ("help crash-after-election", false, false, help.clone()),
        ("crash-after-promotion HELP", false, true, help),
        (
            "crash-after-election foo crash-after-promotion",
            true,
            false,
            unknown,
        ),
    ] {
        let next = stage.next(&format!("sentinel simulate-failure {line}"));
        let Next::InstructThen(instruction, then) = next else {
            panic!("{line}")
        };
        let expected = Instruction::SimulateFailure {
            crash_after_election: election,
            crash_after_promotion: promotion,
        };
        assert_eq!((instruction, then), (expected, answer), "{line}");
    }
}
