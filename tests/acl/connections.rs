//! Connections: who is let in, what is refused, who is thrown out.

use super::both::{Both, Clients, strings};

const BOB: &[&str] = &[
    "ACL",
    "SETUSER",
    "bob",
    "reset",
    "on",
    ">pw",
    "+ping",
    "+acl|whoami",
    "+subscribe",
    "+psubscribe",
    "&foo*",
    "+publish",
    "+unsubscribe",
];

fn bob(both: &Both) -> Clients {
    let mut bob = both.clients();
    bob.same(&["AUTH", "bob", "pw"]);
    bob
}

#[test]
fn authentication_is_refused_and_granted_alike() {
    let (both, mut admin) = Both::plain();
    admin.same(BOB);
    let mut client = both.clients();
    for line in [
        "AUTH",
        "AUTH a b c",
        "AUTH x",
        "AUTH bob bad",
        "AUTH nobody bad",
        "AUTH default anything",
        "AUTH bob pw",
        "ACL WHOAMI",
        "AUTH bob bad",
        "ACL WHOAMI",
        "HELLO 3 AUTH bob bad",
        "ACL WHOAMI",
        "HELLO 9 AUTH bob pw",
        "HELLO 3 AUTH bob",
        "HELLO x",
    ] {
        client.same(&line.split(' ').collect::<Vec<_>>());
    }
    for rules in [
        &[">secret"][..],
        &["nopass"],
        &["off"],
        &["on", "resetpass"],
        &["nopass", "off"],
    ] {
        let mut words = vec!["ACL", "SETUSER", "default"];
        words.extend(rules);
        admin.same(&words);
        let mut client = both.clients();
        for line in [
            "PING",
            "NOPE x",
            "CLIENT",
            "HELLO 3",
            "AUTH bad",
            "AUTH secret",
            "AUTH default secret",
            "PING",
            "AUTH bob pw",
            "ACL WHOAMI",
            "AUTH secret",
            "AUTH default bad",
            "ACL WHOAMI",
        ] {
            // The version is in the answer of HELLO.
            let replies = client.ask(&line.split(' ').collect::<Vec<_>>());
            if replies.iter().all(|reply| reply.starts_with('%')) {
                continue;
            }
            let theirs = replies[1].replace("the HELLO AUTH", "the HELLO <proto> AUTH");
            assert_eq!(replies[0], theirs, "{rules:?} {line}");
        }
    }
}

#[test]
fn a_restricted_user_is_refused_in_the_order_of_the_checks() {
    let (both, mut admin) = Both::plain();
    admin.same(BOB);
    let mut client = bob(&both);
    for line in [
        "ACL LIST",
        "INFO",
        "NOPE",
        "ACL",
        "ACL NOPE",
        "ACL CAT x y",
        "SENTINEL MASTERS",
        "SENTINEL masters x",
        "PING a b",
        "SUBSCRIBE zed foo",
        "SUBSCRIBE foo zed",
        "PSUBSCRIBE foo",
        "PSUBSCRIBE foo*",
        "PING",
        "INFO",
        "PUBLISH foox x",
        "PSUBSCRIBE zed",
        "HELLO 3",
        "UNSUBSCRIBE zed",
    ] {
        client.alike("bob", &line.split(' ').collect::<Vec<_>>());
    }
    let mut client = bob(&both);
    client.alike("bob", &["PUBLISH", "zed", "x"]);
    client.alike("bob", &["PUBLISH", "foox", "x"]);
    admin.same(&["ACL", "SETUSER", "bob", "-@all"]);
    client.alike("bob", &["PING"]);
    client.alike("bob", &["ACL", "WHOAMI"]);
    client.same(&["AUTH", "default", "x"]);
    client.same(&["PING"]);
}

#[test]
fn the_acl_log_tells_alike_who_was_refused_what() {
    let (both, mut admin) = Both::plain();
    admin.same(BOB);
    let mut client = both.clients();
    for line in [
        "AUTH bob bad",
        "auth nobody bad",
        "AUTH bob bad",
        "AuTh bob bad",
        "hello 3 AUTH bob bad",
        "AUTH bob pw",
        "INFO",
        "INFO x",
        "ACL LIST",
        "SENTINEL MASTERS",
        "sentinel masters",
        "SUBSCRIBE zed foo",
        "PUBLISH zed x",
        "PSUBSCRIBE foo",
        "INFO",
        "ACL DRYRUN bob ping",
    ] {
        client.ask(&line.split(' ').collect::<Vec<_>>());
    }
    for line in ["ACL LOG", "ACL LOG 100", "ACL LOG 3", "ACL LOG 0"] {
        let replies = admin.ask(&line.split(' ').collect::<Vec<_>>());
        let [ours, theirs] = [&replies[0], &replies[1]].map(|reply| entries(reply));
        assert_eq!(ours, theirs, "{line}");
    }
    admin.same(&["ACL", "LOG", "RESET"]);
    admin.same(&["ACL", "LOG"]);
}

/// What is comparable in ACL LOG: everything but times, connections and the three newer fields.
fn entries(reply: &str) -> Vec<String> {
    let body: Vec<&str> = reply
        .split("\r\n")
        .filter(|line| !line.starts_with('$'))
        .collect();
    let mut entries = Vec::new();
    for (at, line) in body.iter().enumerate() {
        if *line == "count" {
            let mut entry = body[at..at + 10].join(" ");
            let client = body.get(at + 13).expect("client-info");
            let parts = client.split(' ');
            let kept = [
                "flags=", "db=", "sub=", "psub=", "multi=", "cmd=", "user=", "resp=",
            ];
            for part in parts.filter(|part| kept.iter().any(|name| part.starts_with(name))) {
                entry += " ";
                entry += part;
            }
            entries.push(entry);
        }
    }
    entries
}

#[test]
fn connections_end_when_their_user_or_their_channels_go() {
    let (both, mut admin) = Both::plain();
    admin.same(BOB);
    let (mut channel, mut pattern, mut quiet) = (bob(&both), bob(&both), bob(&both));
    channel.same(&["SUBSCRIBE", "foo1"]);
    pattern.same(&["PSUBSCRIBE", "foo*"]);
    // More is no loss.
    admin.same(&["ACL", "SETUSER", "bob", "&bar"]);
    channel.same(&["PING"]);
    pattern.same(&["PING"]);
    admin.same(&["ACL", "SETUSER", "bob", "resetchannels", "&foo1"]);
    channel.same(&["PING"]);
    pattern.closed();
    quiet.same(&["PING"]);
    admin.same(&["ACL", "SETUSER", "bob", "allchannels"]);
    let mut pattern = bob(&both);
    pattern.same(&["PSUBSCRIBE", "foo*"]);
    // Neither the switch, nor the password, nor a command ends a connection.
    admin.same(&["ACL", "SETUSER", "bob", "off", "resetpass", "-ping"]);
    channel.alike("bob", &["PING"]);
    pattern.alike("bob", &["PING"]);
    quiet.alike("bob", &["PING"]);
    both.clients().same(&["AUTH", "bob", "pw"]);
    admin.same(&["ACL", "SETUSER", "bob", "reset"]);
    channel.closed();
    pattern.closed();
    quiet.alike("bob", &["PING"]);
    admin.same(&["ACL", "DELUSER", "bob", "nobody"]);
    quiet.closed();
}

#[test]
fn a_connection_that_ends_itself_hears_the_answer_first() {
    let (both, mut admin) = Both::plain();
    admin.same(&[
        "ACL", "SETUSER", "me", "reset", "on", "nopass", "+@all", "&*",
    ]);
    let mut me = both.clients();
    me.same(&["AUTH", "me", "x"]);
    me.same(&["ACL", "DELUSER", "me"]);
    me.closed();
    // What redis-sentinel 7.0 does not survive.
    let mut me = super::both::RawClient::connect(both.ours.port());
    admin.same(&[
        "ACL", "SETUSER", "me", "reset", "on", "nopass", "+@all", "&*",
    ]);
    for words in [&["HELLO", "3", "AUTH", "me", "x"][..], &["SUBSCRIBE", "x"]] {
        me.send(words);
        me.reply();
    }
    me.send(&["ACL", "SETUSER", "me", "resetchannels"]);
    assert_eq!(me.reply(), "+OK\r\n");
    assert_eq!(me.reply(), "closed");
}

#[test]
fn clients_are_listed_and_killed_by_user() {
    let (both, mut admin) = Both::plain();
    admin.same(BOB);
    let mut one = bob(&both);
    let mut two = bob(&both);
    for reply in admin.ask(&["CLIENT", "LIST"]) {
        assert_eq!(reply.matches(" user=bob ").count(), 2, "{reply}");
    }
    admin.same(&["CLIENT", "KILL", "USER", "nobody"]);
    admin.same(&["CLIENT", "KILL", "USER", "bob"]);
    one.closed();
    two.closed();
    let [ours, _] = admin.ask(&["INFO", "stats"]);
    assert!(ours.contains("\r\nacl_access_denied_auth:0\r\n"), "{ours}");
    assert_eq!(strings(&admin.same(&["ACL", "WHOAMI"])), ["default"]);
}

#[test]
fn the_acl_log_is_as_long_as_configured_and_info_counts_what_was_refused() {
    let both = Both::start("acllog-max-len 2\n", &[]);
    let mut admin = both.clients();
    admin.same(BOB);
    let mut client = bob(&both);
    for line in ["AUTH bob bad", "INFO", "ROLE", "PUBLISH zed x"] {
        client.ask(&line.split(' ').collect::<Vec<_>>());
    }
    let replies = admin.ask(&["ACL", "LOG"]);
    let [ours, theirs] = [&replies[0], &replies[1]].map(|reply| entries(reply));
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 2);
    let info = admin.ask_ours(&["INFO", "stats"]);
    for line in [
        "acl_access_denied_auth:1",
        "acl_access_denied_cmd:2",
        "acl_access_denied_channel:1",
    ] {
        assert!(
            info.contains(&format!("\r\n{line}\r\n")),
            "{line} in {info}"
        );
    }
}
