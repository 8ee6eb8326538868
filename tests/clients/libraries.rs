//! Where the libraries of other languages are installed.

use std::path::{Path, PathBuf};

/// Where the libraries of a language are, below the target directory; nothing, after telling why,
/// when they are not installed.
///
/// # Panics
/// When the environment says that they are (`CLIENT_LIBRARIES`, which `tests/run` sets), and they
/// are not.
pub fn of(language: &str) -> Option<PathBuf> {
    let binary = Path::new(env!("CARGO_BIN_EXE_rsentinel"));
    let target = binary.ancestors().nth(2).expect("target/debug/rsentinel");
    let place = target.join("clients").join(language);
    if place.exists() {
        return Some(place);
    }
    let installed = std::env::var("CLIENT_LIBRARIES").unwrap_or_default();
    assert!(
        installed.split(' ').all(|one| one != language),
        "the libraries of {language} should be in {}",
        place.display()
    );
    println!(
        "SKIPPED: the libraries of {language} are not in {}; tests/clients/install says why, or \
         puts them there",
        place.display()
    );
    None
}

/// A file of this test's own directory.
pub fn script(path: &str) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    directory.join(path).display().to_string()
}
