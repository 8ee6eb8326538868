//! rsentinel.toml as operators meet it: its documentation, and the start that refuses it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use rsentinel::ext::KEYS;

#[test]
fn every_key_is_documented_and_every_documented_key_exists() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rsentinel-toml.md");
    let text = std::fs::read_to_string(docs).unwrap();
    let documented: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    let known: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    assert_eq!(documented, known);
}

/// Starts on a configuration that listens nowhere: a start that gets as far as that ends with
/// this line.
fn start(dir: &Path, arguments: &[&str]) -> Output {
    std::fs::write(dir.join("s.conf"), "port 0\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_rsentinel"))
        .arg("s.conf")
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const PASSED: &str = "Configured to not listen anywhere, exiting.";

#[test]
fn the_file_beside_the_configuration_is_read_and_all_its_faults_are_reported() {
    let dir = tempfile::tempdir().unwrap();
    assert!(text(&start(dir.path(), &[]).stdout).contains(PASSED));
    let file = dir.path().join("rsentinel.toml");
    std::fs::write(&file, "stat-file = 'a'\n[log]\nfromat = 'json'\n").unwrap();
    let output = start(dir.path(), &[]);
    let path = file.canonicalize().unwrap();
    let expected = format!(
        "\n*** FATAL CONFIG FILE ERROR (rsentinel {}) ***\nFile: {}\n\
         Reading the configuration file, at line 1\n>>> 'stat-file'\n\
         unknown key 'stat-file'; the nearest known key is 'state-file'\n\
         Reading the configuration file, at line 3\n>>> 'fromat'\n\
         unknown key 'log.fromat'; the nearest known key is 'log.format'\n",
        env!("CARGO_PKG_VERSION"),
        path.display()
    );
    assert_eq!(text(&output.stderr), expected);
    std::fs::write(&file, "[log]\nformat = 'reference'\n").unwrap();
    assert!(text(&start(dir.path(), &[]).stdout).contains(PASSED));
}

#[test]
fn a_named_file_is_read_instead_and_must_exist() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("rsentinel.toml"), "wrong").unwrap();
    let missing = text(&start(dir.path(), &["--ext", "other.toml"]).stdout);
    assert!(missing.contains("can't open settings file"), "{missing}");
    assert!(missing.contains("other.toml': No such file or directory"));
    std::fs::write(dir.path().join("other.toml"), "").unwrap();
    let output = start(dir.path(), &["--ext", "other.toml"]);
    assert!(text(&output.stdout).contains(PASSED));
}

#[test]
fn an_option_without_its_value_is_refused_by_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let report = text(&start(dir.path(), &["--ext"]).stderr);
    let end = ">>> 'ext'\nBad directive or wrong number of arguments\n";
    assert!(report.ends_with(end), "{report}");
}
