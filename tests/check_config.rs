//! `--check-config`: all problems of a configuration at once, and nothing is started or made.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// The exit status and the lines said.
fn check(dir: &Path, arguments: &[&str]) -> (i32, Vec<String>) {
    let output = Command::new(env!("CARGO_BIN_EXE_rsentinel"))
        .args(["--check-config", "s.conf"])
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    let shown = format!("{}/", dir.canonicalize().unwrap().display());
    let said = String::from_utf8(output.stdout)
        .unwrap()
        .replace(&shown, "");
    let lines = said.lines().map(str::to_owned).collect();
    (output.status.code().unwrap(), lines)
}

fn with_file(text: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("s.conf");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    dir
}

const ID: &str = "39030f527a8d1f2b71b50dea1908d85dbc264b69";
const OTHER_ID: &str = "49030f527a8d1f2b71b50dea1908d85dbc264b69";

#[test]
fn a_good_configuration_has_nothing_to_say_and_is_left_alone() {
    let text = "port 26379\nlogfile later.log\nsentinel monitor m 127.0.0.1 6379 2\n";
    let dir = with_file(text);
    let (status, lines) = check(dir.path(), &[]);
    assert_eq!(
        (status, lines),
        (0, vec!["s.conf: 0 errors, 0 warnings".to_owned()])
    );
    assert_eq!(fs::read_to_string(dir.path().join("s.conf")).unwrap(), text);
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        1,
        "a file was made"
    );
}

#[test]
fn every_error_is_told_with_its_line_and_without_secrets() {
    let dir = with_file(
        "prot 26379\nport 70000\nsentinel monitor m 127.0.0.1 6379 0\n\
         sentinel down-after-milliseconds m 5000\nsentinel auth-pass other s3cr3t\nbind \"1\n\
         include more.conf\nuser bob +nosuchcommand\nsentinel myid short\n",
    );
    fs::write(dir.path().join("more.conf"), "\n\ntimeout x\n").unwrap();
    let (status, lines) = check(dir.path(), &["--loglevel", "loud"]);
    let expected = [
        "s.conf:1: error: Bad directive or wrong number of arguments",
        "    prot 26379",
        "s.conf:2: error: argument must be between 0 and 65535 inclusive",
        "    port 70000",
        "s.conf:3: error: Quorum must be 1 or greater.",
        "    sentinel monitor m 127.0.0.1 6379 0",
        "s.conf:5: error: No such master with specified name.",
        "    sentinel auth-pass other ******",
        "s.conf:6: error: Unbalanced quotes in configuration line",
        "    bind \"1",
        "s.conf:9: error: Malformed Sentinel id in myid option.",
        "    sentinel myid short",
        "command line: error: argument(s) must be one of the following: debug, verbose, notice, warning, nothing",
        "    loglevel \"loud\"",
        "more.conf:3: error: argument couldn't be parsed into an integer",
        "    timeout x",
        "s.conf: error: Error loading ACL rule '+nosuchcommand' for the user named 'bob': Unknown command or category name in ACL",
        "s.conf: error: Critical error while loading ACLs. Exiting.",
        "s.conf: 10 errors, 0 warnings",
    ];
    assert_eq!(lines, expected);
    assert_eq!(status, 1);
}

#[test]
fn what_is_legal_and_dangerous_is_warned_of() {
    let dir = with_file(&format!(
        "sentinel monitor m 127.0.0.1 6379 4\nsentinel down-after-milliseconds m 5s\n\
         sentinel known-sentinel m 127.0.0.1 1 {ID}\nsentinel auth-pass m s3cr3t\n"
    ));
    let file = dir.path().join("s.conf");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let (status, lines) = check(dir.path(), &[]);
    assert_eq!(status, 0, "warnings are no errors");
    let starts = [
        "s.conf:1: warning: the quorum of master m is 4, but only 2 sentinels are known",
        "s.conf:1: warning: 2 sentinels are known for master m, an even number",
        "s.conf:2: warning: '5s' is read as 5: write a plain number",
        "s.conf:2: warning: down-after-milliseconds 5 of master m is below 200",
        "s.conf:4: warning: everybody on this machine can read the file, and it holds a password",
        "s.conf: 0 errors, 5 warnings",
    ];
    assert_eq!(lines.len(), starts.len(), "{lines:#?}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
    assert!(!lines.concat().contains("s3cr3t"));
    // Three sentinels, a quorum they have, patience, and a file of the owner's.
    let good = format!(
        "sentinel monitor m 127.0.0.1 6379 3\nsentinel known-sentinel m 127.0.0.1 1 {ID}\n\
         sentinel known-sentinel m 127.0.0.1 2 {OTHER_ID}\nsentinel auth-pass m s3cr3t\n"
    );
    let (_, lines) = check(with_file(&good).path(), &[]);
    assert_eq!(lines, ["s.conf: 0 errors, 0 warnings"]);
}

#[test]
fn the_other_files_of_a_start_are_checked_too() {
    let dir = with_file("port 0\nlogfile /nonexistent/x\n");
    fs::write(dir.path().join("rsentinel.toml"), "stat-file = 'a'\n").unwrap();
    fs::write(dir.path().join("foreign"), "port 1\n").unwrap();
    let (status, lines) = check(dir.path(), &["--state-file", "foreign"]);
    assert_eq!(status, 1);
    for part in [
        "unknown key 'stat-file'; the nearest known key is 'state-file'",
        "s.conf: error: Can't open the log file: No such file or directory",
        "s.conf: error: Configured to not listen anywhere",
        "foreign is not a state file of rsentinel",
        "s.conf: 4 errors, 0 warnings",
    ] {
        assert!(
            lines.iter().any(|line| line.contains(part)),
            "{part} in {lines:#?}"
        );
    }
    let dir = tempfile::tempdir().unwrap();
    let (status, lines) = check(dir.path(), &[]);
    assert_eq!(status, 1);
    let expected =
        "s.conf: error: Fatal error, can't open config file 's.conf': No such file or directory";
    assert_eq!(lines, [expected, "s.conf: 1 error, 0 warnings"]);
}
