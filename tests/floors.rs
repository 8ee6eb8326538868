//! The rules of the house that a compiler does not know: imports go down only, and the pure
//! floors know no clock, socket, file, thread or global randomness.

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms from the ground up; a room may import rooms of lower floors and itself.
const FLOORS: [&[&str]; 8] = [
    &["types"],
    &["resp", "config", "ext", "acl"],
    &["wire"],
    &["core"],
    &["commands"],
    &["server", "process"],
    &["cli"],
    &["run", "main"],
];

const PURE: [&str; 8] = [
    "types", "resp", "config", "ext", "acl", "wire", "core", "commands",
];

/// What a pure floor must not mention outside its tests.
const IMPURE: [&str; 16] = [
    "tokio",
    "std::fs",
    "std::thread",
    "std::process",
    "std::env",
    "std::os",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "SystemTime",
    "Instant::now",
    "HashMap",
    "HashSet",
    "rand::rng(",
    "rand::random",
];

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a source folder is readable") {
        let path = entry.expect("a folder entry is readable").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Each source file with its room and its text up to its unit tests.
fn sources() -> Vec<(PathBuf, String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    files.sort();
    let is_test = |path: &PathBuf| {
        let inside = path.strip_prefix(&src).expect("it lies in src");
        let stem =
            |part: &std::ffi::OsStr| part.to_string_lossy().trim_end_matches(".rs").to_owned();
        inside
            .iter()
            .map(stem)
            .any(|name| name == "tests" || name.ends_with("_tests"))
    };
    files
        .into_iter()
        .filter(|p| !is_test(p))
        .map(|path| {
            let inside = path.strip_prefix(&src).expect("it lies in src");
            let first = inside.components().next().expect("it has a name");
            let room = first
                .as_os_str()
                .to_string_lossy()
                .trim_end_matches(".rs")
                .to_owned();
            let text = fs::read_to_string(&path).expect("a source file is readable");
            let code = text
                .split("#[cfg(test)]")
                .next()
                .unwrap_or_default()
                .to_owned();
            (path, room, code)
        })
        .collect()
}

fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(n, line)| (n + 1, line.trim()))
        .filter(|(_, line)| !line.starts_with("//"))
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

#[test]
fn imports_go_down_only() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (path, room, text) in sources() {
        let Some(own) = floor(&room) else {
            assert_eq!(room, "lib", "{} belongs to no floor", path.display());
            continue;
        };
        for (line, code) in code_lines(&text) {
            for target in code.split("crate::").skip(1) {
                let target: String = target
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                let Some(other) = floor(&target) else {
                    continue;
                };
                seen += 1;
                if target != room && other >= own {
                    wrong.push(format!(
                        "{}:{line}: {room} imports {target}",
                        path.display()
                    ));
                }
            }
        }
    }
    assert!(seen > 100, "the imports were not found: {seen}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_pure_floors_know_no_clock_socket_file_thread_or_global_randomness() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for (path, room, text) in sources() {
        if !PURE.contains(&room.as_str()) {
            continue;
        }
        checked += 1;
        for (line, code) in code_lines(&text) {
            if let Some(word) = IMPURE.iter().find(|w| code.contains(**w)) {
                wrong.push(format!("{}:{line}: {word}", path.display()));
            }
        }
    }
    assert!(
        checked > 50,
        "the pure floors were not found: {checked} files"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
