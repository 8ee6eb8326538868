//! Starts that a state file ends.

use std::path::Path;
use std::process::{Command, Stdio};

fn refusal(dir: &Path, state_file: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_rsentinel"))
        .args(["s.conf", "--state-file", state_file])
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn files_that_are_no_state_files_end_the_start_and_stay_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("s.conf", "port 0\n");
    write("other.conf", "port 1\n");
    write("newer.conf", "# rsentinel state 9\n");
    write(
        "broken.conf",
        "# rsentinel state 1\nsentinel monitor m 127.0.0.1 1 0\n",
    );
    for (name, expected) in [
        ("s.conf", "s.conf is the configuration file. Name another"),
        ("other.conf", "other.conf is not a state file of rsentinel"),
        ("newer.conf", "was written by a later version of rsentinel"),
        (
            "broken.conf",
            "broken.conf\nReading the configuration file, at line 2\n>>> 'sentinel monitor m",
        ),
        (
            "missing/x.conf",
            "x.conf is not writable: No such file or directory. Exiting...",
        ),
        (".", "cannot be read: Is a directory. Exiting..."),
    ] {
        let said = refusal(dir.path(), name);
        assert!(said.contains(expected), "{name}: {said}");
    }
    let text = std::fs::read_to_string(dir.path().join("other.conf")).unwrap();
    assert_eq!(text, "port 1\n");
    // With a good one the start gets further.
    let said = refusal(dir.path(), "new.conf");
    assert!(said.contains("Configured to not listen anywhere"), "{said}");
}
