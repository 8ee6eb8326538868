//! Reading `requests/*.txt`.

use std::fs;
use std::path::PathBuf;

use crate::normal::View;

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file it is in.
    pub section: String,
    /// The line, which is also its name in the list of differences.
    pub line: String,
    /// How its replies are compared.
    pub view: View,
}

/// A file of this test's directory.
pub fn file(name: &str) -> String {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wire_table");
    let path = directory.join(name);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The conversations of a section. No line may be there twice: a difference is listed by its line.
pub fn read(section: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut view = View::Whole;
    for line in file(&format!("requests/{section}.txt")).lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(word) = line.strip_prefix('@') {
            view = View::named(word).unwrap_or_else(|| panic!("{section}: @{word}"));
            continue;
        }
        assert!(
            cases.iter().all(|case| case.line != line),
            "{section}: twice: {line}"
        );
        cases.push(Case {
            section: section.to_owned(),
            line: line.to_owned(),
            view: std::mem::take(&mut view),
        });
    }
    cases
}
