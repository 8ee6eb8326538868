//! The store on a real file system.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rsentinel::config::{MasterConf, SentinelConf, ServerConf};
use rsentinel::core::notice::{Level, LogLine};
use rsentinel::core::persist::Version;
use rsentinel::server::access::UserLines;
use rsentinel::server::store::{Store, StoreReport, write_now};
use rsentinel::types::{Address, MasterName, RunId};

const PATIENCE: Duration = Duration::from_secs(30);

fn state(quorum: u32) -> SentinelConf {
    let address = Address::new("127.0.0.1", 6379);
    SentinelConf {
        my_id: Some(RunId::new(&"a".repeat(40))),
        masters: vec![MasterConf::new(MasterName::new("m"), address, quorum)],
        ..SentinelConf::default()
    }
}

fn start(path: &Path) -> (Store, Receiver<StoreReport>) {
    let (tell, told) = channel();
    let report = move |report| tell.send(report).unwrap_or_default();
    (
        Store::start(
            path.to_owned(),
            ServerConf::default(),
            UserLines::default(),
            report,
        )
        .unwrap(),
        told,
    )
}

/// Waits for the next outcome; gives it and the lines that came before it.
fn outcome(told: &Receiver<StoreReport>) -> (StoreReport, Vec<LogLine>) {
    let mut lines = Vec::new();
    loop {
        match told
            .recv_timeout(PATIENCE)
            .expect("the store reports in time")
        {
            StoreReport::Log(line) => lines.push(line),
            other => return (other, lines),
        }
    }
}

fn file_names(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

#[test]
fn a_state_is_on_disk_when_it_is_reported_durable() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.conf");
    fs::write(&path, "# mine\nsentinel monitor m 127.0.0.1 6379 1\n").unwrap();
    let (store, told) = start(&path);
    store.put(Version(7), Arc::new(state(3)));
    let (report, lines) = outcome(&told);
    assert!(
        matches!(
            report,
            StoreReport::Durable {
                version: Version(7),
                ..
            }
        ),
        "{report:?}"
    );
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("# mine\nsentinel monitor m 127.0.0.1 6379 3\n"),
        "{text}"
    );
    let notices: Vec<_> = lines
        .iter()
        .filter(|line| line.level == Level::Notice)
        .collect();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].text, "Sentinel new configuration saved on disk");
    assert_eq!(file_names(dir.path()), ["s.conf"]);
    store.stop();
}

#[test]
fn stopping_writes_what_still_waits_and_the_newest_state_wins() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.conf");
    let (store, told) = start(&path);
    for version in 1..=200 {
        store.put(Version(version), Arc::new(state(version as u32)));
    }
    store.stop();
    let durable: Vec<u64> = told
        .try_iter()
        .filter_map(|report| match report {
            StoreReport::Durable { version, .. } => Some(version.0),
            _ => None,
        })
        .collect();
    assert_eq!(durable.last(), Some(&200));
    assert!(durable.is_sorted() && durable.len() <= 200);
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .contains("sentinel monitor m 127.0.0.1 6379 200\n")
    );
}

#[test]
fn a_failed_write_is_reported_and_the_next_version_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("later");
    let path = folder.join("s.conf");
    let (store, told) = start(&path);
    store.put(Version(1), Arc::new(state(1)));
    let (report, lines) = outcome(&told);
    let reason = "No such file or directory".to_owned();
    assert!(
        matches!(&report, StoreReport::NotDurable { version: Version(1), reason: r, .. } if *r == reason),
        "{report:?}"
    );
    let texts: Vec<_> = lines
        .iter()
        .map(|line| (line.level, line.text.as_str()))
        .collect();
    let general = format!(
        "WARNING: Sentinel was not able to save the new configuration on disk!!!: {reason}"
    );
    let specific = format!("Could not create tmp config file ({reason})");
    let expected = [
        (Level::Warning, specific.as_str()),
        (Level::Warning, general.as_str()),
    ];
    assert_eq!(texts, expected);
    fs::create_dir(&folder).unwrap();
    store.put(Version(2), Arc::new(state(2)));
    let (report, _) = outcome(&told);
    assert!(
        matches!(
            report,
            StoreReport::Durable {
                version: Version(2),
                ..
            }
        ),
        "{report:?}"
    );
    store.stop();
}

#[test]
fn a_directory_in_place_of_the_file_fails_without_a_line_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let written = write_now(dir.path(), &ServerConf::default(), &state(1));
    assert_eq!(written.outcome, Err("Is a directory".to_owned()));
    assert_eq!(written.log.len(), 1);
    assert!(
        written.log[0]
            .text
            .starts_with("WARNING: Sentinel was not able")
    );
}

#[test]
fn a_name_without_room_for_the_temporary_suffix_is_reported_and_the_file_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x".repeat(253));
    fs::write(&path, "# a\n").unwrap();
    let written = write_now(path.as_path(), &ServerConf::default(), &state(1));
    assert_eq!(written.outcome, Err("File name too long".to_owned()));
    let specific = "Could not create tmp config file (File name too long)";
    assert_eq!(written.log[0].text, specific);
    assert_eq!(fs::read_to_string(&path).unwrap(), "# a\n");
}

#[test]
fn the_file_is_replaced_with_the_usual_mode_and_a_symlink_becomes_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("target.conf");
    let path = dir.path().join("s.conf");
    fs::write(&target, "# a\n").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&target, &path).unwrap();
    let written = write_now(path.as_path(), &ServerConf::default(), &state(1));
    assert_eq!(written.outcome, Ok(()));
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let umask = status
        .lines()
        .find_map(|line| line.strip_prefix("Umask:"))
        .unwrap();
    let umask = u32::from_str_radix(umask.trim(), 8).unwrap();
    let facts = fs::symlink_metadata(&path).unwrap();
    assert!(facts.is_file());
    assert_eq!(facts.mode() & 0o777, 0o644 & !umask);
    assert_eq!(fs::read_to_string(&target).unwrap(), "# a\n");
}

/// A file that is a mount of its own cannot be replaced, only overwritten. Needs the right to
/// mount in a namespace of its own, which is asked for with unshare(1); where that is refused
/// there is nothing to see.
#[test]
fn a_bind_mounted_file_is_overwritten_in_place_with_one_warning() {
    const INSIDE: &str = "RSENTINEL_TEST_MOUNTED_CONF";
    if let Some(path) = std::env::var_os(INSIDE) {
        let path = Path::new(&path);
        let (store, told) = start(path);
        for version in 1..=2 {
            store.put(Version(version), Arc::new(state(version as u32)));
            let (report, lines) = outcome(&told);
            assert!(matches!(report, StoreReport::Durable { .. }), "{report:?}");
            let warnings: Vec<_> = lines.iter().filter(|l| l.level == Level::Warning).collect();
            assert_eq!(
                warnings.len(),
                if version == 1 { 1 } else { 0 },
                "{warnings:?}"
            );
        }
        store.stop();
        let text = fs::read_to_string(path).unwrap();
        assert!(
            text.contains("sentinel monitor m 127.0.0.1 6379 2\n"),
            "{text}"
        );
        assert!(!text.contains("long"), "{text}");
        assert_eq!(file_names(path.parent().unwrap()), ["s.conf"]);
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (source, folder) = (dir.path().join("source"), dir.path().join("folder"));
    let path = folder.join("s.conf");
    fs::create_dir(&folder).unwrap();
    fs::write(&path, "").unwrap();
    fs::write(
        &source,
        format!("sentinel auth-pass gone {}\n", "long".repeat(2000)),
    )
    .unwrap();
    let script = r#"mount --bind "$1" "$2" || exit 77; exec "$3" --exact "$4""#;
    let test = "a_bind_mounted_file_is_overwritten_in_place_with_one_warning";
    let output = std::process::Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([&source, &path])
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .env(INSIDE, &path)
        .output();
    match output {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("1 passed"), "{said}");
            assert!(fs::read_to_string(&source).unwrap().contains("6379 2\n"));
        }
        Ok(output) if output.status.code() == Some(101) => {
            panic!("{}", String::from_utf8_lossy(&output.stdout));
        }
        refused => eprintln!("no mount namespace here: {refused:?}"),
    }
}
