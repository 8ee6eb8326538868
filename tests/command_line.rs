//! The program as its caller sees it before it is a sentinel: streams, texts, exit codes.

use std::process::{Command, Output, Stdio};

fn rsentinel(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rsentinel"))
        .args(arguments)
        .env_remove("NOTIFY_SOCKET")
        .env_remove("UPSTART_JOB")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn version_goes_to_stdout_with_exit_0() {
    for word in ["-v", "--version"] {
        let output = rsentinel(&[word]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(
            text(&output.stdout).split(' ').nth(2),
            Some(format!("v={}", rsentinel::commands::REDIS_VERSION).as_str())
        );
        assert_eq!(text(&output.stderr), "");
    }
}

#[test]
fn help_goes_to_stderr_with_exit_1() {
    for word in ["-h", "--help"] {
        let output = rsentinel(&[word]);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).starts_with("Usage: "));
        assert_eq!(text(&output.stdout), "");
    }
}

#[test]
fn check_system_exits_with_0_only_if_nothing_is_warned_of() {
    let output = rsentinel(&["--check-system"]);
    let warned = text(&output.stdout).contains("WARNING:");
    assert_eq!(output.status.code(), Some(i32::from(warned)));
}

#[test]
fn a_memory_test_needs_its_size() {
    let output = rsentinel(&["--test-memory"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("Please specify the amount of memory to test"));
    assert_eq!(rsentinel(&["--test-memory", "1"]).status.code(), Some(0));
}

#[test]
fn a_start_without_a_file_is_refused_in_the_log_on_stdout() {
    for arguments in [&[][..], &["-"], &["--port", "0"]] {
        let output = rsentinel(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let out = text(&output.stdout);
        assert!(
            out.ends_with(" # Sentinel needs config file on disk to save state. Exiting...\n"),
            "{out}"
        );
        assert_eq!(text(&output.stderr), "");
    }
}

#[test]
fn a_missing_file_is_named_in_the_log_on_stdout_with_its_absolute_path() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_rsentinel"))
        .arg("missing.conf")
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let expected = format!(
        " # Fatal error, can't open config file '{}': No such file or directory\n",
        dir.path()
            .canonicalize()
            .unwrap()
            .join("missing.conf")
            .display()
    );
    assert!(
        text(&output.stdout).ends_with(&expected),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn a_bad_line_is_reported_with_its_file_number_text_and_fault_and_exit_1() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("s.conf");
    std::fs::write(&file, "# mine\nport 0\nprot 26380\n").unwrap();
    let path = file.to_str().unwrap();
    let tail = "Reading the configuration file, at line 3\n>>> 'prot 26380'\n\
                Bad directive or wrong number of arguments\n";

    let output = rsentinel(&[path]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
    let report = text(&output.stderr);
    assert!(
        report.ends_with(&format!("\nFile: {path}\n{tail}")),
        "{report}"
    );

    // Lines after the file's own are counted on: what they belong to is named as well.
    let report = text(&rsentinel(&[path, "--port", "0", "-"]).stderr);
    let sources = format!("\nFile: {path}, standard input, command-line options\n{tail}");
    assert!(report.ends_with(&sources), "{report}");
}

#[test]
fn the_time_of_a_log_line_is_local_time() {
    let hour = |zone: &str| -> u32 {
        let output = Command::new(env!("CARGO_BIN_EXE_rsentinel"))
            .env("TZ", zone)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let line = text(&output.stdout);
        let time = line.split(' ').nth(4).unwrap();
        time[..2].parse().unwrap()
    };
    // Two zones without daylight saving, seven hours apart; the clock may pass an hour between
    // the two readings.
    let apart = (hour("AAA-7") + 24 - hour("UTC0")) % 24;
    assert!(apart == 6 || apart == 7, "{apart}");
}
