//! Configurations whose users end the start: the same lines, the same status.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The status, and the warning lines of the log without their beginnings; standard error.
fn start(program: &str, lines: &str) -> (Option<i32>, Vec<String>, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("sentinel.conf");
    // A start of ours that is not refused would need this port, and end there. Theirs opens its
    // listeners before it looks at the users, so it gets a listener of its own.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port();
    let listen = if program == OURS {
        format!("port {port}\nbind 127.0.0.1")
    } else {
        "port 0\nunixsocket socket".to_owned()
    };
    let text = format!("{listen}\n{lines}");
    fs::write(&file, text).expect("writable");
    fs::write(directory.path().join("bad.acl"), "user bob on +get\nnope\n").expect("writable");
    let output = Command::new(program)
        .arg(&file)
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let log = String::from_utf8_lossy(&output.stdout).into_owned();
    let warnings = log.lines().filter_map(|line| line.split_once(" # "));
    let texts = warnings.map(|(_, text)| text.to_owned()).collect();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), texts, errors)
}

const OURS: &str = env!("CARGO_BIN_EXE_rsentinel");

#[test]
fn users_that_cannot_be_end_the_start_with_the_known_lines() {
    assert!(Path::new(OURS).exists());
    for lines in [
        "user bob on +get\n",
        "user bob on (+get)\n",
        "user bob on +slaveof\n",
        "aclfile missing.acl\n",
        "aclfile bad.acl\n",
    ] {
        let (status, ours, _) = start(OURS, lines);
        let (_, theirs, _) = start("redis-sentinel", lines);
        assert_eq!(status, Some(1), "{lines}");
        let about_users = |line: &&String| line.contains("ACL") && !line.contains("is starting");
        let about = |all: &[String]| all.iter().filter(about_users).cloned().collect::<Vec<_>>();
        assert_eq!(about(&ours), about(&theirs), "{lines}");
        assert!(!about(&ours).is_empty(), "{lines}: {ours:?}");
    }
}

#[test]
fn a_line_with_a_wrong_rule_is_a_configuration_error() {
    for (lines, why) in [
        ("user bob on bogus\n", "Syntax error"),
        ("user bob on\nuser bob on\n", "Duplicate user found."),
        ("user\n", "Bad directive or wrong number of arguments"),
        (
            "aclfile x\nuser bob on\n",
            "Configuring Redis with users defined in redis.conf",
        ),
    ] {
        let (status, _, errors) = start(OURS, lines);
        assert_eq!(status, Some(1), "{lines}");
        assert!(errors.contains(why), "{lines}: {errors}");
    }
}
