//! CLIENT TRACKING, CACHING, REPLY, PAUSE.

use super::*;
use crate::commands::{PauseMode, Replies, track, waits_for};
use crate::types::Secret;

fn words(line: &str) -> Vec<Bytes> {
    let words = line
        .split(' ')
        .map(|word| Bytes::copy_from_slice(word.as_bytes()));
    words.collect()
}

/// CLIENT TRACKING where connections 3 and 5 exist.
fn tracking(stage: &mut Stage, options: &str) -> Reply {
    let exists = |id| id == 3 || id == 5;
    track(&mut stage.session, &words(options), &exists)
}

fn flags(stage: &mut Stage) -> Vec<String> {
    let Reply::Map(pairs) = stage.say("client trackinginfo") else {
        panic!()
    };
    let Reply::Set(flags) = &pairs[0].1 else {
        panic!()
    };
    flags.iter().map(text).collect()
}

#[test]
fn tracking_is_remembered_until_it_is_switched_off() {
    let mut stage = Stage::new();
    assert_eq!(flags(&mut stage), ["off"]);
    assert_eq!(stage.say("client getredir"), Reply::Int(-1));
    let options = "on redirect 5 bcast prefix a prefix b noloop";
    assert_eq!(tracking(&mut stage, options), Reply::OK);
    assert_eq!(flags(&mut stage), ["on", "bcast", "noloop"]);
    assert_eq!(stage.say("client getredir"), Reply::Int(5));
    assert_eq!(tracking(&mut stage, "off"), Reply::OK);
    assert_eq!(flags(&mut stage), ["off"]);
}

#[test]
fn a_refused_change_of_tracking_changes_nothing() {
    let mut stage = Stage::new();
    tracking(&mut stage, "on bcast prefix a");
    let before = stage.session.tracking.clone();
    for options in [
        "on",
        "on bcast prefix ab",
        "on redirect 4",
        "on bcast optin",
        "maybe",
    ] {
        assert!(
            matches!(tracking(&mut stage, options), Reply::Error(_)),
            "{options}"
        );
        assert_eq!(stage.session.tracking, before, "{options}");
    }
}

#[test]
fn caching_is_for_the_next_command_that_is_not_client() {
    let mut stage = Stage::new();
    tracking(&mut stage, "on optin");
    assert_eq!(stage.say("client caching yes"), Reply::OK);
    stage.say("client id");
    assert_eq!(flags(&mut stage), ["on", "optin", "caching-yes"]);
    stage.say("ping");
    assert_eq!(flags(&mut stage), ["on", "optin"]);
}

#[test]
fn skip_is_over_after_the_next_request() {
    let mut stage = Stage::new();
    let mut muted = |line: &str| {
        stage.next(line);
        let muted = stage.session.replies.muted();
        stage.session.replies.request_done();
        muted
    };
    let seen = [
        "ping",
        "client reply skip",
        "ping",
        "ping",
        "client reply off",
    ]
    .map(&mut muted);
    assert_eq!(seen, [false, true, true, false, true]);
    let seen = ["client reply skip", "ping", "client reply on", "ping"].map(&mut muted);
    assert_eq!(seen, [true, true, false, false]);
    assert_eq!(stage.session.replies, Replies::On);
}

#[test]
fn a_pause_holds_what_would_be_carried_out_and_nothing_else() {
    let mut stage = Stage::new();
    let held = |stage: &Stage, mode, line: &str| {
        waits_for(mode, &stage.session, &stage.settings, &words(line))
    };
    for line in ["ping", "client unpause", "publish a b"] {
        assert!(held(&stage, PauseMode::All, line), "{line}");
    }
    for line in ["nosuch", "client nosuch", "publish a", "sentinel"] {
        assert!(!held(&stage, PauseMode::All, line), "{line}");
    }
    assert!(held(&stage, PauseMode::Write, "publish a b"));
    assert!(!held(&stage, PauseMode::Write, "client unpause"));
    stage.settings = Settings::with_requirepass(Some(&Secret::new(b"pw")));
    assert!(!held(&stage, PauseMode::All, "ping"));
    assert!(held(&stage, PauseMode::All, "auth pw"));
}

#[test]
fn the_prefixes_kept_for_a_connection_are_counted() {
    let mut stage = Stage::new();
    let long = "x".repeat(100_000);
    tracking(&mut stage, &format!("on bcast prefix {long}"));
    assert!(stage.session.kept_bytes() > 100_000);
    tracking(&mut stage, "off");
    assert_eq!(stage.session.kept_bytes(), 0);
}

#[test]
fn the_names_kept_for_a_connection_are_counted_once_each() {
    let mut stage = Stage::new();
    stage.next("subscribe a a b");
    let two = stage.session.kept_bytes();
    stage.next("subscribe a");
    assert_eq!(stage.session.kept_bytes(), two);
    stage.next("psubscribe a");
    assert!(stage.session.kept_bytes() > two);
    stage.next("unsubscribe");
    stage.next("punsubscribe");
    assert_eq!(stage.session.kept_bytes(), 0);
}
