//! Who may do what, as the configuration and the ACL file say it.

mod memory_files;

use memory_files::{MemoryFiles, conf, read, rewritten, with_users};
use rsentinel::acl::{UserName, Users};
use rsentinel::commands::settle_users;
use rsentinel::config::parse;
use rsentinel::types::{Secret, quote};

fn lets_in(users: &Users, user: &str, password: &str) -> bool {
    let name = users.authenticate(user.as_bytes(), password.as_bytes());
    name.is_some_and(|name| name.as_bytes() == user)
}

/// The users, and what the start says of them.
fn start(text: &str) -> (Users, Vec<String>) {
    let (_, users, log) = with_users(text, &mut MemoryFiles::default());
    (users, log.into_iter().map(|line| line.text).collect())
}

/// The log lines of a start that ends at the users.
fn refused(text: &str, files: &mut MemoryFiles) -> Vec<String> {
    let mut conf = parse(text.as_bytes(), files).expect("each line is right");
    let refused = settle_users(&mut conf.server, |path| {
        rsentinel::config::IncludeReader::read(files, path)
    });
    let refused = refused.expect_err("it must not start");
    refused.before.into_iter().chain([refused.last]).collect()
}

#[test]
fn a_user_line_beats_requirepass_for_clients_and_a_disagreement_is_warned_of() {
    let (plain, log) = start("requirepass s3cr3t\n");
    assert!(lets_in(&plain, "default", "s3cr3t") && !lets_in(&plain, "default", "new"));
    assert!(log.is_empty());
    let (agreed, log) = start("requirepass s3cr3t\nuser default on >s3cr3t ~* &* +@all\n");
    assert!(lets_in(&agreed, "default", "s3cr3t") && log.is_empty());
    let (changed, log) = start("requirepass new\nuser default on >s3cr3t ~* &* +@all\n");
    assert!(lets_in(&changed, "default", "s3cr3t") && !lets_in(&changed, "default", "new"));
    assert_eq!(log.len(), 1);
    assert!(log[0].contains("requirepass"), "{}", log[0]);
}

#[test]
fn a_changed_requirepass_counts_after_our_own_rewriting() {
    for old in [
        "requirepass old\n",
        // As redis-sentinel leaves it.
        "requirepass old\nuser default on sanitize-payload \
         #cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4 ~* &* +@all\n",
        "requirepass old\nuser default on \
         #cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4 ~* &* +@all\n",
    ] {
        let read = conf(old);
        let file = rewritten(old, &read.server, &read.sentinel);
        assert!(!file.contains("user default"), "{file}");
        let (users, log) = start(&file.replace("\"old\"", "new"));
        assert!(lets_in(&users, "default", "new") && !lets_in(&users, "default", "old"));
        assert!(log.is_empty(), "{log:?}");
    }
}

#[test]
fn a_default_user_that_is_more_than_requirepass_keeps_its_line() {
    for line in [
        "user default on >other ~* &* +@all",
        "user default on >old >other ~* &* +@all",
        "user default on nopass ~* &* +@all",
        "user default on >old ~* &* +@all -shutdown",
        "user default off >old ~* &* +@all",
    ] {
        let old = format!("requirepass old\n{line}\n");
        let read = conf(&old);
        let file = rewritten(&old, &read.server, &read.sentinel);
        assert_eq!(conf(&file).server.users, read.server.users, "{file}");
        assert_eq!(read.server.users.len(), 1, "{line}");
    }
}

#[test]
fn without_requirepass_the_default_user_is_always_written() {
    let read = conf("");
    let file = rewritten("", &read.server, &read.sentinel);
    assert!(
        file.contains("\nuser default on nopass sanitize-payload ~* &* +@all\n"),
        "{file}"
    );
}

#[test]
fn restrictions_of_the_default_user_count_also_without_a_password() {
    let (users, log) = start("user default on nopass ~* &* -@all +ping\n");
    let user = users
        .get(UserName::DEFAULT.as_bytes())
        .expect("always there");
    assert!(users.let_everybody_in() && !user.is_unrestricted() && log.is_empty());
}

#[test]
fn the_users_of_an_acl_file_count_whatever_requirepass_says() {
    let acl = "\nuser alice on >a ~* &* +@all\nuser default on >s3cr3t ~* &* +@all\n";
    let text = "requirepass other\naclfile /x\n";
    let (conf, users, log) = with_users(text, &mut MemoryFiles::with(&[("/x", acl)]));
    assert!(lets_in(&users, "default", "s3cr3t") && !lets_in(&users, "default", "other"));
    assert!(lets_in(&users, "alice", "a") && log.is_empty());
    assert_eq!(conf.server.requirepass, Some(Secret::new(b"other")));
    let (_, open, _) = with_users(text, &mut MemoryFiles::with(&[("/x", "user al off")]));
    assert!(open.let_everybody_in(), "a file that says nothing of it");
}

#[test]
fn an_acl_file_that_is_missing_or_broken_ends_the_start() {
    let text = "aclfile /x\n";
    assert_eq!(
        refused(text, &mut MemoryFiles::default()),
        [
            "Aborting Redis startup because of ACL errors: Error loading ACLs, opening file '/x': No such file or \
          directory"
        ]
    );
    let acl = "user default on\n\nnonsense\nuser bob +get\n";
    assert_eq!(
        refused(text, &mut MemoryFiles::with(&[("/x", acl)])),
        [
            "Aborting Redis startup because of ACL errors: /x:3 should start with user keyword followed by the \
          username. /x:4: Error in applying operation '+get': Unknown command or category name in ACL. WARNING: ACL \
          errors detected, no change to the previously active ACL rules was performed"
        ]
    );
}

#[test]
fn a_command_that_a_sentinel_does_not_have_ends_the_start_with_the_known_lines() {
    for rule in ["+get", "+slaveof", "(+get ~x)", "+client|nope"] {
        assert_eq!(
            refused(
                &format!("user bob on {rule}\n"),
                &mut MemoryFiles::default()
            ),
            [
                format!(
                    "Error loading ACL rule '{rule}' for the user named 'bob': Unknown command or category name in ACL"
                ),
                "Critical error while loading ACLs. Exiting.".to_owned()
            ]
        );
    }
}

#[test]
fn a_user_that_is_off_is_told_of() {
    let (_, log) = start("user bob +ping\nuser al on\n");
    assert_eq!(
        log,
        [
            "The user 'bob' is disabled (there is no 'on' modifier in the user description). Make sure this is not a \
          configuration error."
        ]
    );
}

#[test]
fn acl_pubsub_default_counts_wherever_it_stands() {
    let text = "user bob on +ping\nacl-pubsub-default allchannels\n";
    let (users, _) = start(text);
    let line = users.get(b"bob").expect("defined").line();
    assert_eq!(line, b"user bob on sanitize-payload &* -@all +ping");
    let read = conf(text);
    assert_eq!(
        rewritten(text, &read.server, &read.sentinel)
            .lines()
            .next()
            .map(str::as_bytes),
        Some(&line[..])
    );
}

#[test]
fn users_of_any_name_and_rule_survive_a_rewriting() {
    let rules = [
        "~a\"b",
        "~\\x41",
        "&'c'",
        "+ping|\"x",
        "(~\"a\\\"d\" &\u{e9})",
    ];
    let quoted: Vec<String> = rules
        .iter()
        .map(|rule| String::from_utf8(quote(rule.as_bytes())).expect("ASCII"))
        .collect();
    let text = format!("user \"\\xff\\\"\" on {}\n", quoted.join(" "));
    let read = conf(&text);
    let once = rewritten(&text, &read.server, &read.sentinel);
    assert_eq!(conf(&once).server.users, read.server.users, "{once}");
}

#[test]
fn published_users_for_the_clients_of_a_sentinel_are_accepted() {
    for rules in [
        // The Redis documentation of sentinel clients.
        "on >pw -@all +auth +client|getname +client|id +client|setname +command +hello +ping +role \
         +sentinel|get-master-addr-by-name +sentinel|master +sentinel|myid +sentinel|replicas +sentinel|sentinels \
         +sentinel|masters",
        // For operators and for the other sentinels.
        "ON >admin-password allchannels +@all",
        "on >pw ~* &* +@all -@dangerous +sentinel +info",
        "on #5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8 allchannels +ping +publish \
         +subscribe +psubscribe +sentinel|is-master-down-by-addr +client|setname +client|kill +auth +hello",
    ] {
        let (users, log) = start(&format!("user sentinel-user {rules}\n"));
        assert!(users.get(b"sentinel-user").is_some_and(|user| user.is_on()) && log.is_empty());
    }
}

#[test]
fn a_wrong_rule_is_refused_at_its_line_without_showing_a_password() {
    for (rules, why) in [
        ("on >s3cr3t bogus", "Syntax error"),
        ("on ~* ~x", "Adding a pattern after the * pattern"),
        (
            "on #s3cr3t",
            "The password hash must be exactly 64 characters",
        ),
        ("on <s3cr3t", "The password you are trying to remove"),
        ("on (+ping", "Unmatched parenthesis in acl selector"),
    ] {
        let error = read(&format!("port 1\nuser bob {rules}\n"))
            .expect_err(rules)
            .to_string();
        let told = format!("Error in user declaration 'bob': {why}");
        assert!(
            error.contains("at line 2") && error.contains(&told),
            "{error}"
        );
        assert!(!error.contains("s3cr3t"), "{error}");
    }
}
