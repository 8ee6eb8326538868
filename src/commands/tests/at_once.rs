use bytes::BytesMut;

use super::{Stage, row};
use crate::commands::{Ordinary, Replies};
use crate::resp::Proto;

fn stage() -> Stage {
    let mut stage = Stage::new();
    let rows = [
        row("mymaster", "10.0.0.1", 6379),
        row("other", "::1", 1),
        row("last", "db.example", 65535),
    ];
    for row in rows {
        stage.addresses.set(row);
    }
    stage
}

/// The bytes that a line is answered at once, and the command.
fn at_once(stage: &Stage, line: &str) -> Option<(BytesMut, &'static str)> {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    let mut out = BytesMut::new();
    let name = Ordinary::of(&stage.session, &stage.settings)
        .and_then(|ordinary| ordinary.answer(&words, &stage.addresses, &mut out));
    assert!(name.is_some() || out.is_empty(), "{line}");
    Some((out, name?))
}

#[test]
fn what_is_answered_at_once_is_answered_as_always() {
    for proto in [Proto::Resp2, Proto::Resp3] {
        let mut stage = stage();
        stage.session.proto = proto;
        for line in [
            "ping",
            "PiNg",
            "sentinel get-master-addr-by-name mymaster",
            "SENTINEL GET-MASTER-ADDR-BY-NAME other",
            "Sentinel Get-Primary-Addr-By-Name last",
        ] {
            let (bytes, command) = at_once(&stage, line).expect(line);
            assert_eq!(bytes, stage.say(line).to_bytes(proto), "{line}");
            assert_eq!(stage.session.last_command, Some(command), "{line}");
        }
    }
}

#[test]
fn everything_else_is_dispatched() {
    let stage = stage();
    for line in [
        "ping x",
        "ping x y",
        "info",
        "nonsense",
        "sentinel",
        "sentinel masters",
        "sentinel get-master-addr-by-name",
        "sentinel get-master-addr-by-name unknown",
        "sentinel get-master-addr-by-name mymaster x",
        "post /",
    ] {
        assert!(at_once(&stage, line).is_none(), "{line}");
    }
}

#[test]
fn connections_with_something_to_heed_are_not_ordinary() {
    let heeds = |prepare: &dyn Fn(&mut Stage)| {
        let mut stage = stage();
        prepare(&mut stage);
        at_once(&stage, "ping").is_none()
    };
    assert!(heeds(&|stage| stage.session.replies = Replies::SkipNext));
    assert!(heeds(&|stage| {
        stage.next("subscribe x");
    }));
    assert!(heeds(&|stage| {
        let users = stage.settings.users.get_mut();
        let user = users.edited(b"default", &["-ping"]).expect("a rule");
        users.put(user);
    }));
    assert!(heeds(&|stage| {
        let users = stage.settings.users.get_mut();
        let user = users.edited(b"default", &[">password"]).expect("a rule");
        users.put(user);
    }));
    assert!(heeds(&|stage| {
        let renamed = stage.settings.renames.add(b"ping", b"x");
        renamed.expect("a command");
    }));
    assert!(heeds(&|stage| {
        let renamed = stage.settings.renames.add(b"ping", b"post");
        renamed.expect("a command");
    }));
    assert!(!heeds(&|stage| {
        let users = stage.settings.users.get_mut();
        let rules = ["-@all", "+ping"];
        let user = users.edited(b"default", &rules).expect("rules");
        users.put(user);
    }));
    assert!(!heeds(&|stage| {
        let renamed = stage.settings.renames.add(b"ping", b"x");
        renamed.expect("a command");
        let renamed = stage.settings.renames.add(b"x", b"ping");
        renamed.expect("a command");
    }));
    assert!(!heeds(&|stage| {
        stage.session.proto = Proto::Resp3;
        stage.next("subscribe x");
    }));
}
