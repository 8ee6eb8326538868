//! A build without TLS says which one has it, and starts where nobody asks for TLS.
#![cfg(not(feature = "tls"))]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

fn start(lines: &str) -> (Option<i32>, String) {
    let directory = TempDir::new().expect("a temporary directory");
    let file = directory.path().join("sentinel.conf");
    fs::write(&file, format!("port 0\nbind 127.0.0.1\n{lines}\n")).expect("it is writable");
    let output = Command::new(Path::new(env!("CARGO_BIN_EXE_rsentinel")))
        .arg(&file)
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), text)
}

#[test]
fn a_directive_that_asks_for_tls_ends_the_start_and_names_the_build_that_has_it() {
    let files = "tls-cert-file c\ntls-key-file k\ntls-ca-cert-file a";
    for asks in ["tls-port 1", "tls-replication yes", "tls-cluster yes"] {
        let (code, said) = start(&format!("{asks}\n{files}"));
        assert_eq!(code, Some(1), "{said}");
        let error =
            format!("{asks}: this rsentinel was built without TLS. Build it with the feature");
        assert!(said.contains(&error), "{said}");
        assert!(said.contains("Failed to configure TLS."), "{said}");
    }
}

#[test]
fn files_alone_ask_for_nothing() {
    let (code, said) = start("tls-cert-file c\ntls-protocols nonsense");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("Configured to not listen anywhere"), "{said}");
    assert!(!said.contains("TLS"), "{said}");
}
