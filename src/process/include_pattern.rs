//! The files an `include` line with `*`, `?` or `[` stands for.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use crate::types::glob_matches;

/// The existing files that match, in byte order; none is no error. A pattern does not match
/// across `/`, and a leading dot of a name only if it says so itself. Names that are not UTF-8
/// do not match.
pub fn matching_files(pattern: &str) -> Vec<String> {
    let (root, rest) = match pattern.strip_prefix('/') {
        Some(rest) => ("/", rest),
        None => ("", pattern),
    };
    let mut found = vec![root.to_owned()];
    let mut parts = rest.split('/').filter(|part| !part.is_empty()).peekable();
    while let Some(part) = parts.next() {
        let is_folder = parts.peek().is_some();
        found = found
            .iter()
            .flat_map(|base| step(base, part, is_folder))
            .collect();
    }
    found.sort_unstable();
    found
}

/// The paths one component further.
fn step(base: &str, part: &str, is_folder: bool) -> Vec<String> {
    let end = if is_folder { "/" } else { "" };
    if !part.contains(['*', '?', '[']) {
        let path = format!("{base}{part}{end}");
        return if fs::symlink_metadata(&path).is_ok() {
            vec![path]
        } else {
            Vec::new()
        };
    }
    let folder = if base.is_empty() { "." } else { base };
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let matches = |name: &[u8]| {
        (name.first() != Some(&b'.') || part.starts_with('.'))
            && glob_matches(part.as_bytes(), name, false)
    };
    entries
        .flatten()
        .filter(|entry| matches(entry.file_name().as_bytes()))
        .filter(|entry| !is_folder || entry.path().is_dir())
        .filter_map(|entry| Some(format!("{base}{}{end}", entry.file_name().to_str()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_finds_visible_files_in_order_and_nothing_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().to_str().unwrap().to_owned();
        for folder in ["b", "a", ".hidden"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
            fs::write(dir.path().join(folder).join("s.conf"), "").unwrap();
        }
        fs::write(dir.path().join("file"), "").unwrap();
        assert_eq!(
            matching_files(&format!("{root}/*/s.conf")),
            [format!("{root}/a/s.conf"), format!("{root}/b/s.conf")]
        );
        assert_eq!(
            matching_files(&format!("{root}/*")),
            [
                format!("{root}/a"),
                format!("{root}/b"),
                format!("{root}/file")
            ]
        );
        assert_eq!(matching_files(&format!("{root}/*/none")), [""; 0]);
        assert_eq!(matching_files("/nonexistent/*"), [""; 0]);
    }
}
