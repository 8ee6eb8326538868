//! What is typed in a shell.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use super::{both, normal};
use crate::libraries;

#[test]
fn what_shells_and_scripts_see_of_redis_cli_is_the_same() {
    let cluster = both();
    let file = libraries::script("redis_cli/shell.txt");
    let lines = std::fs::read_to_string(file).expect("the list is there");
    let mut count = 0;
    let mut differences = String::new();
    for line in lines.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let [one, other] = [0, 1].map(|one| cluster.sentinels[one].port());
        let (reference, ours) = thread::scope(|scope| {
            let reference = scope.spawn(|| run(line, one, cluster.directory()));
            let ours = run(line, other, cluster.directory());
            (reference.join().expect("no panic"), ours)
        });
        count += 1;
        if reference != ours {
            differences +=
                &format!("{line}\n--- redis-sentinel\n{reference}\n--- rsentinel\n{ours}\n");
        }
    }
    assert!(differences.is_empty(), "{differences}");
    assert!(count > 70, "only {count} lines");
}

/// What a line prints, and how it ends.
fn run(line: &str, port: u16, directory: &Path) -> String {
    let output = Command::new("sh")
        .args(["-c", &line.replace("{port}", &port.to_string())])
        .current_dir(directory)
        .env("HOME", directory)
        .env_remove("REDISCLI_AUTH")
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    normal(&format!("{out}--- errors\n{err}--- {}", output.status))
}
