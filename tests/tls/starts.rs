//! Starts that are refused, in the words of the reference, and what is said of what has no effect.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::authority::{Authority, wish};
use crate::harness::{Daemon, Process, SHORT, free_port, until};

struct Files {
    directory: TempDir,
    lines: Vec<String>,
}

/// Lines that start.
fn files() -> Files {
    let directory = TempDir::new().unwrap();
    let authority = Authority::new(directory.path(), "ca");
    let own = authority.issue(wish("own"));
    authority.issue(wish("other"));
    authority.issue(crate::authority::Wish {
        pass: Some("open sesame"),
        ..wish("locked")
    });
    let mut lines = own.shown();
    lines.extend(authority.trusted());
    lines.push(format!("tls-port {}", free_port()));
    lines.push("port 0".to_owned());
    Files { directory, lines }
}

impl Files {
    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    /// With one directive changed; `None` removes it.
    fn with(&self, name: &str, value: Option<&str>) -> Vec<String> {
        let begin = format!("{name} ");
        let mut lines = self.lines.clone();
        lines.retain(|line| !line.starts_with(&begin));
        lines.extend(value.map(|value| format!("{name} {value}")));
        lines
    }

    fn refused(&self, name: &str, value: Option<&str>) -> Vec<String> {
        let lines = self.with(name, value);
        let output = run_to_the_end(Daemon::Rsentinel, self.directory.path(), &lines);
        assert_eq!(output.status.code(), Some(1), "{lines:?}");
        said(&output)
    }

    /// What is said before the last line.
    fn reason(&self, name: &str, value: Option<&str>) -> String {
        let said = self.refused(name, value);
        let [.., reason, last] = said.as_slice() else {
            panic!("{said:?}");
        };
        assert_eq!(last, "Failed to configure TLS. Check logs for more info.");
        reason.clone()
    }
}

fn write(directory: &Path, lines: &[String]) -> String {
    let file = directory.join("sentinel.conf");
    let text = format!(
        "{}\nbind 127.0.0.1\nsentinel monitor m 127.0.0.1 1 1\n",
        lines.join("\n")
    );
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

fn run_to_the_end(daemon: Daemon, directory: &Path, lines: &[String]) -> Output {
    let file = write(directory, lines);
    Command::new(daemon.program())
        .arg(file)
        .current_dir(directory)
        .output()
        .unwrap()
}

/// The texts of the log lines.
fn said(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let texts = text.lines().filter_map(|line| line.splitn(7, ' ').nth(6));
    texts.map(str::to_owned).collect()
}

/// Starts, says something that contains `text`, and is ended.
fn starts_and_says(files: &Files, lines: &[String], text: &str) {
    let directory = files.directory.path();
    let file = write(directory, lines);
    let log = directory.join("own.log");
    let program = Daemon::Rsentinel.program();
    let _process = Process::start(program, &[file], directory, &log);
    until(
        directory,
        &format!("it starts and says {text:?}"),
        SHORT,
        || {
            let log = fs::read_to_string(&log).ok()?;
            (log.contains(text) && log.contains("+monitor")).then_some(())
        },
    );
}

#[test]
fn what_is_missing_or_wrong_ends_the_start_in_the_words_of_the_reference() {
    let files = files();
    let none = files.path("none");
    let both = |name: &str, value: Option<&str>| {
        let ours = files.reason(name, value);
        let lines = files.with(name, value);
        let output = run_to_the_end(Daemon::Reference, files.directory.path(), &lines);
        let theirs = said(&output);
        assert_eq!(Some(&ours), theirs.iter().rev().nth(1), "{theirs:?}");
    };
    both("tls-cert-file", None);
    both("tls-key-file", None);
    both("tls-ca-cert-file", None);
    both("tls-cert-file", Some(&none));
    both("tls-key-file", Some(&none));
    both("tls-key-file", Some(&files.path("other.key")));
    both("tls-ca-cert-file", Some(&none));
    both("tls-ciphers", Some("nonsense"));
    both("tls-ciphersuites", Some("nonsense"));
    both("tls-protocols", Some("\"TLSv1.2 SSLv3\""));
    both("tls-dh-params-file", Some(&none));
    both("tls-dh-params-file", Some(&files.path("own.crt")));
}

#[test]
fn a_key_that_is_encrypted_needs_its_password() {
    let mut files = files();
    files.lines = files.with("tls-cert-file", Some(&files.path("locked.crt")));
    let locked = files.path("locked.key");
    let begin = format!("Failed to load private key: {locked}: ");
    let reason = files.reason("tls-key-file", Some(&locked));
    assert_eq!(
        reason,
        format!("{begin}the key is encrypted, and tls-key-file-pass is not set")
    );

    files.lines = files.with("tls-key-file", Some(&locked));
    let reason = files.reason("tls-key-file-pass", Some("\"open barley\""));
    assert!(reason.starts_with(&begin), "{reason}");
    assert!(!reason.contains("barley"), "{reason}");

    let lines = files.with("tls-key-file-pass", Some("\"open sesame\""));
    starts_and_says(&files, &lines, "Sentinel ID is");
}

#[test]
fn a_cipher_this_library_does_not_have_is_named() {
    let files = files();
    let reason = files.reason("tls-ciphers", Some("ECDHE-RSA-AES128-GCM-SHA256:ROT13"));
    assert!(reason.ends_with("does not have 'ROT13'"), "{reason}");
    let reason = files.reason("tls-ciphersuites", Some("TLS_AES_128_GCM_SHA256:TLS_ROT13"));
    assert!(reason.contains("TLS_ROT13"), "{reason}");

    let list = "HIGH:MEDIUM:kEECDH+AESGCM:!aNULL:-RC4:@STRENGTH:@SECLEVEL=1";
    starts_and_says(
        &files,
        &files.with("tls-ciphers", Some(list)),
        "Sentinel ID is",
    );
}

#[test]
fn check_config_reads_the_files_of_tls_too() {
    let files = files();
    let check = |name: &str, value: Option<&str>| {
        let file = write(files.directory.path(), &files.with(name, value));
        let output = Command::new(Daemon::Rsentinel.program())
            .args(["--check-config", &file])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), text)
    };
    let (code, text) = check("tls-auth-clients", Some("yes"));
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = check("tls-key-file", Some(&files.path("other.key")));
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("error: Failed to load private key: "),
        "{text}"
    );
    let (code, text) = check("tls-client-cert-file", Some("x"));
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("warning: tls-client-cert-file has no effect"),
        "{text}"
    );
}

#[test]
fn versions_that_this_library_never_speaks_are_said() {
    let files = files();
    let text = "this OpenSSL speaks TLSv1 and TLSv1.1 only at security level 0";
    let reason = files.reason("tls-protocols", Some("\"TLSv1 TLSv1.1\""));
    assert!(reason.contains(text), "{reason}");
    let lines = files.with("tls-protocols", Some("\"TLSv1.1 TLSv1.2\""));
    starts_and_says(&files, &lines, text);
}

#[test]
fn what_has_no_effect_is_said() {
    let files = files();
    let starts = |name: &str, value: &str, text: &str| {
        starts_and_says(&files, &files.with(name, Some(value)), text);
    };
    starts(
        "tls-client-cert-file",
        "x",
        "tls-client-cert-file has no effect without tls-client-key-file",
    );
    starts(
        "tls-session-cache-timeout",
        "86400",
        "sessions are resumed for at most 7200 seconds",
    );
}
