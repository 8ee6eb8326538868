//! The ACL file, and `user` lines in the configuration.

use std::fs;

use super::both::Both;
use crate::harness::{Daemon, SHORT, until};

const USERS: &str = "user default on nopass sanitize-payload ~* &* +@all\n\
                     user al on sanitize-payload >x +ping\n\
                     user bo on sanitize-payload >x +@all &*\n\
                     user ch on sanitize-payload >x +ping\n";

fn with_file(text: &str) -> Both {
    Both::start("aclfile users.acl\n", &[("users.acl", text)])
}

/// Writes the file of both.
fn write(both: &Both, text: &str) {
    for directory in &both.directories {
        fs::write(directory.path().join("users.acl"), text).expect("writable");
    }
}

/// The file of each.
fn read(both: &Both) -> [String; 2] {
    let read = |directory: &tempfile::TempDir| {
        fs::read_to_string(directory.path().join("users.acl")).expect("readable")
    };
    both.directories.each_ref().map(read)
}

#[test]
fn a_file_is_loaded_and_saved_alike() {
    let both = with_file(USERS);
    let mut admin = both.clients();
    admin.same(&["ACL", "LIST"]);
    admin.same(&[
        "ACL",
        "SETUSER",
        "new",
        "reset",
        "on",
        "~\"a",
        "(+ping %R~x)",
    ]);
    admin.same(&["ACL", "SAVE"]);
    let [ours, theirs] = read(&both);
    assert_eq!(ours, theirs);
    assert_eq!(ours.lines().count(), 5);
    admin.same(&["ACL", "DELUSER", "new", "al"]);
    admin.same(&["ACL", "LOAD"]);
    admin.same(&["ACL", "LIST"]);
    write(&both, "\n \nuser bob on  sanitize-payload \r\n");
    admin.same(&["ACL", "LOAD"]);
    admin.same(&["ACL", "SETUSER", "default", "sanitize-payload"]);
    admin.same(&["ACL", "LIST"]);
}

#[test]
fn a_file_with_faults_changes_nothing_and_all_faults_are_told() {
    // A relative path, so that the reports are the same.
    let both = with_file(USERS);
    let mut admin = both.clients();
    for text in [
        "user al on +get\nnope\nuser x on ~* ~y\nuser default off\n",
        "user bob on\nuser bob on\n",
        "bogus line\n",
        "user\n",
        "user  bob on\n",
        "# c\nuser bob on\n",
        "user bob \"on\"\n",
        "\tuser\tbob\ton\n",
        "USER bob on\n",
        "user al on ~* ~z\nuser al off\n",
        "user bob on #zz\n",
        "user bob on >a b\nuser al on +zork\nuser x on ~* ~y\nfoo\n",
        "user bob on (+get)\n",
    ] {
        write(&both, text);
        let reply = admin.same(&["ACL", "LOAD"]);
        assert!(reply.starts_with("-ERR "), "{text}: {reply}");
        admin.same(&["ACL", "LIST"]);
    }
    for directory in &both.directories {
        fs::remove_file(directory.path().join("users.acl")).expect("there");
    }
    admin.same(&["ACL", "LOAD"]);
    for directory in &both.directories {
        fs::create_dir(directory.path().join("users.acl")).expect("writable");
    }
    admin.same(&["ACL", "SAVE"]);
    let log = || {
        fs::read_to_string(
            both.directories[0]
                .path()
                .join(format!("sentinel-{}.log", both.ours.port())),
        )
        .expect("a log")
    };
    until(
        both.directories[0].path(),
        "the log says why",
        SHORT,
        || {
            log()
                .contains("There was an error trying to save the ACLs: ")
                .then_some(())
        },
    );
}

#[test]
fn loading_ends_the_connections_of_changed_users_only() {
    let both = with_file(USERS);
    let mut admin = both.clients();
    let connect = |user: &str| {
        let mut clients = both.clients();
        clients.same(&["AUTH", user, "x"]);
        clients
    };
    let (mut same, mut gone, mut changed) = (connect("bo"), connect("al"), connect("ch"));
    let mut listening = both.clients();
    listening.same(&["SUBSCRIBE", "x"]);
    let text = USERS.replace("user al on sanitize-payload >x +ping\n", "");
    write(
        &both,
        &text.replace("ch on sanitize-payload >x", "ch on sanitize-payload >y"),
    );
    admin.same(&["ACL", "LOAD"]);
    gone.closed();
    changed.closed();
    listening.same(&["PING"]);
    // redis-sentinel 7.0 ends this one as well.
    let [ours, theirs] = same.ask(&["PING"]);
    assert_eq!((ours.as_str(), theirs.as_str()), ("+PONG\r\n", "closed"));
}

#[test]
fn acl_pubsub_default_gives_new_users_all_channels() {
    let both = Both::start(
        "aclfile users.acl\nacl-pubsub-default allchannels\nrequirepass hello\n",
        &[("users.acl", USERS)],
    );
    let mut admin = both.clients();
    for rules in [
        &["on"][..],
        &["reset"],
        &["(+ping)"],
        &["&x"],
        &["resetchannels", "&x", "(resetchannels)"],
    ] {
        let mut words = vec!["ACL", "SETUSER", "n", "reset"];
        words.extend(rules);
        admin.same(&words);
        admin.same(&["ACL", "LIST"]);
    }
    admin.same(&["SENTINEL", "FLUSHCONFIG"]);
    for sentinel in [&both.ours, &both.theirs] {
        let file = fs::read_to_string(sentinel.file()).expect("readable");
        assert!(!file.contains("\nuser "), "{file}");
        assert!(
            file.contains("\naclfile \"users.acl\"\nacl-pubsub-default allchannels\n"),
            "{file}"
        );
    }
}

/// The `user` lines of a file.
fn user_lines(file: &std::path::Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("readable");
    let users = text.lines().filter(|line| line.starts_with("user "));
    users.map(str::to_owned).collect()
}

#[test]
fn users_appear_in_the_configuration_with_its_next_rewriting() {
    let mut both = Both::start("user bob on sanitize-payload >x (+ping ~x) +info\n", &[]);
    let mut admin = both.clients();
    admin.same(&["ACL", "SETUSER", "default", "sanitize-payload"]);
    admin.same(&[
        "ACL",
        "SETUSER",
        "al",
        "reset",
        "on",
        "+@all",
        "-shutdown",
        "&a*",
    ]);
    admin.same(&["ACL", "SETUSER", "odd", "reset", "~\"a", "&'b"]);
    admin.same(&["ACL", "SETUSER", "bob", "~q"]);
    let before = fs::read_to_string(both.ours.file()).expect("readable");
    assert!(!before.contains("user al"), "{before}");
    admin.same(&["SENTINEL", "FLUSHCONFIG"]);
    let [ours, theirs] = [&both.ours, &both.theirs].map(|sentinel| user_lines(&sentinel.file()));
    let plain = |lines: &[String]| -> Vec<String> {
        let mut plain = lines.to_vec();
        plain.retain(|line| !line.contains("odd"));
        // Ours keeps each user at its line.
        plain.sort();
        plain
    };
    assert_eq!(plain(&ours), plain(&theirs));
    assert_eq!(plain(&ours).len(), 3);
    // The same users after a restart; redis-sentinel does not read the odd one again.
    let [list, _] = admin.ask(&["ACL", "LIST"]);
    both.ours.restart();
    let again = both.clients().ask_ours(&["ACL", "LIST"]);
    assert_eq!(again, list);
}

#[test]
fn a_file_that_ours_wrote_starts_redis_sentinel_with_the_same_users() {
    let both = Both::start("", &[]);
    let mut admin = both.clients();
    for user in [
        &[
            "bob",
            "on",
            ">x",
            "~a*",
            "%R~b",
            "&c",
            "+@all",
            "-@dangerous",
            "-client|kill",
            "(+ping ~z)",
        ][..],
        &[
            "al",
            "off",
            "nopass",
            "skip-sanitize-payload",
            "allchannels",
            "+sentinel|primaries",
            "+ping|x",
        ],
    ] {
        let mut words = vec!["ACL", "SETUSER"];
        words.extend(user);
        assert_eq!(admin.ask_ours(&words), "+OK\r\n");
    }
    admin.ask_ours(&["SENTINEL", "FLUSHCONFIG"]);
    let mut sentinel = both.ours;
    sentinel.restart_as(Daemon::Reference);
    let mut client = super::both::RawClient::connect(sentinel.port());
    client.send(&["ACL", "LIST"]);
    let list = client.reply();
    for line in user_lines(&sentinel.file()) {
        // Which 7.0 shows in its own way: rules about commands.
        let head = line
            .split(" -@all")
            .next()
            .and_then(|l| l.split(" +@all").next())
            .expect("text");
        assert!(list.contains(head), "{line}\n{list}");
    }
}
