//! The example configuration in the repository is a true one.

use std::fs;

use tempfile::TempDir;

use crate::harness::{Daemon, Sentinel};

const EXAMPLE: &str = include_str!("../../sentinel.conf.example");

fn starts(daemon: Daemon) {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path();
    // Another port and directory, so that it may run beside anything; the last line counts.
    let text = |port: u16| {
        format!(
            "{EXAMPLE}\nport {port}\nbind 127.0.0.1\ndir {}\n",
            path.display()
        )
    };
    let sentinel = Sentinel::start_with(daemon, path, text);
    assert_eq!(sentinel.field("quorum").as_deref(), Some("2"));
    assert_eq!(
        sentinel.field("down-after-milliseconds").as_deref(),
        Some("5000")
    );
    let comments = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
    let written = fs::read_to_string(sentinel.file()).expect("the file is there");
    assert!(
        comments(&written) >= comments(EXAMPLE),
        "comments were lost:\n{written}"
    );
}

#[test]
fn our_sentinel_starts_from_the_example_file_and_keeps_its_comments() {
    starts(Daemon::Rsentinel);
}

#[test]
fn the_reference_starts_from_the_example_file_too() {
    starts(Daemon::Reference);
}
