//! Disks that are full, read-only or broken: commands say so, votes are not given, the daemon goes
//! on, and when the disk is back everything is saved without anybody asking.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Daemon, LONG, MASTER, SHORT, Sentinel, until, write_script};

const STRANGER: &str = "feedfacefeedfacefeedfacefeedfacefeedface";
const NOT_SAVED: &str = "ERR Failed to save config file. Check server logs.";

fn text(port: u16) -> String {
    format!(
        "port {port}\nbind 127.0.0.1\nsentinel monitor {MASTER} 127.0.0.1 1 9\n\
         sentinel down-after-milliseconds {MASTER} 60000\n"
    )
}

fn set_quorum(sentinel: &Sentinel, quorum: u32) -> String {
    let quorum = quorum.to_string();
    let answer = sentinel.ask(&["SENTINEL", "SET", MASTER, "quorum", &quorum]);
    answer.expect("it answers").text()
}

fn monitors_with(file: &Path, quorum: u32) -> bool {
    let line = format!("sentinel monitor {MASTER} 127.0.0.1 1 {quorum}\n");
    fs::read_to_string(file).is_ok_and(|text| text.contains(&line))
}

/// While its disk does not take anything: what holds, with a new quorum to know it by.
fn assert_degraded(sentinel: &Sentinel, file: &Path, master: u16, quorum: u32, epoch: u64) {
    let before = fs::read_to_string(file).unwrap();
    assert_eq!(set_quorum(sentinel, quorum), NOT_SAVED);
    assert_eq!(
        sentinel.number("quorum"),
        Some(quorum.into()),
        "it counts in memory"
    );
    let vote = sentinel.vote(master, epoch, STRANGER);
    let (leader, _) = vote.expect("peers are answered");
    assert_ne!(leader, STRANGER, "a vote that is not on disk");
    assert_eq!(sentinel.ask(&["PING"]).unwrap().text(), "PONG");
    assert_eq!(
        fs::read_to_string(file).unwrap(),
        before,
        "the file is as it was"
    );
}

fn assert_recovered(sentinel: &Sentinel, directory: &Path, file: &Path, quorum: u32, epoch: u64) {
    until(
        directory,
        "what is in memory gets to the disk",
        LONG,
        || monitors_with(file, quorum).then_some(()),
    );
    let vote = sentinel.vote(1, epoch, STRANGER);
    assert_eq!(vote, Some((STRANGER.to_owned(), epoch)));
}

fn logged(sentinel: &Sentinel, part: &str) {
    let log = fs::read_to_string(sentinel.log_path()).unwrap();
    assert!(log.contains(part), "'{part}' in\n{log}");
}

/// A sentinel with a small disk of its own, and where that disk is seen from here; `None` where no
/// file systems may be mounted.
fn on_small_disk(directory: &Path, in_place: bool) -> Option<(Sentinel, PathBuf)> {
    let probe = Command::new("unshare")
        .args([
            "--map-root-user",
            "--mount",
            "mount",
            "-t",
            "tmpfs",
            "x",
            "/mnt",
        ])
        .output();
    if !probe.is_ok_and(|output| output.status.success()) {
        eprintln!("no file systems can be mounted here");
        return None;
    }
    let inner = directory.join("inner");
    // As a mount of its own the file cannot be replaced, only overwritten.
    let bind = if in_place {
        "mount --bind \"$1\" \"$1\"\n"
    } else {
        ""
    };
    // The disk hides the directory of the test, so that the file keeps its path.
    write_script(
        &inner,
        &format!(
            "#!/bin/sh\nset -e\ntext=$(cat \"$1\")\ndisk={disk}\nmount -t tmpfs -o size=64k disk \"$disk\"\n\
             cd \"$disk\"\nprintf '%s\\n' \"$text\" >\"$1\"\n{bind}exec {program} \"$1\"\n",
            disk = directory.display(),
            program = Daemon::Rsentinel.program().display()
        ),
    );
    let outer = directory.join("outer");
    let line = format!(
        "#!/bin/sh\nexec unshare --map-root-user --mount {} \"$1\"\n",
        inner.display()
    );
    write_script(&outer, &line);
    let mut sentinel = Sentinel::start_program(Daemon::Rsentinel, &outer, directory, text);
    let inside = directory.strip_prefix("/").unwrap();
    let seen = Path::new("/proc").join(sentinel.process().id().to_string());
    let seen = seen.join("root").join(inside);
    Some((sentinel, seen))
}

/// Fills the disk to its last byte.
fn fill(disk: &Path) -> PathBuf {
    let filler = disk.join("filler");
    let full = fs::write(&filler, vec![0; 1 << 20]).expect_err("it is a small disk");
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    filler
}

fn remount(sentinel: &mut Sentinel, directory: &Path, how: &str) {
    let status = Command::new("nsenter")
        .args(["--target", &sentinel.process().id().to_string()])
        .args(["--user", "--mount", "--preserve-credentials"])
        .args(["mount", "-o", &format!("remount,{how}")])
        .arg(directory)
        .status();
    assert!(status.unwrap().success(), "remount {how}");
}

#[test]
fn a_full_disk_degrades_and_recovers() {
    let directory = tempfile::tempdir().unwrap();
    let Some((sentinel, disk)) = on_small_disk(directory.path(), false) else {
        return;
    };
    let file = disk.join(sentinel.file().file_name().unwrap());
    let filler = fill(&disk);
    assert_degraded(&sentinel, &file, 1, 5, 50);
    logged(
        &sentinel,
        "Failed after writing (0) bytes to tmp config file (No space left on device)",
    );
    logged(
        &sentinel,
        "WARNING: Sentinel was not able to save the new configuration on disk!!!: No space left on device",
    );
    fs::remove_file(filler).unwrap();
    assert_recovered(&sentinel, directory.path(), &file, 5, 51);
    let names = fs::read_dir(&disk).unwrap().count();
    assert_eq!(names, 1, "temporary files stayed");
}

#[test]
fn a_full_disk_spares_a_file_that_can_only_be_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let Some((sentinel, disk)) = on_small_disk(directory.path(), true) else {
        return;
    };
    let file = disk.join(sentinel.file().file_name().unwrap());
    logged(&sentinel, "is overwritten in place");
    let filler = fill(&disk);
    // Needs more room than the file has.
    let long = "x".repeat(30_000);
    let answer = sentinel.ask(&["SENTINEL", "SET", MASTER, "auth-pass", &long]);
    assert_eq!(answer.unwrap().text(), NOT_SAVED);
    assert_degraded(&sentinel, &file, 1, 5, 50);
    fs::remove_file(filler).unwrap();
    assert_recovered(&sentinel, directory.path(), &file, 5, 51);
}

#[test]
fn a_disk_that_turns_read_only_degrades_and_recovers() {
    let directory = tempfile::tempdir().unwrap();
    let Some((mut sentinel, disk)) = on_small_disk(directory.path(), false) else {
        return;
    };
    let file = disk.join(sentinel.file().file_name().unwrap());
    remount(&mut sentinel, directory.path(), "ro");
    assert_degraded(&sentinel, &file, 1, 5, 50);
    logged(
        &sentinel,
        "Could not create tmp config file (Read-only file system)",
    );
    remount(&mut sentinel, directory.path(), "rw");
    assert_recovered(&sentinel, directory.path(), &file, 5, 51);
}

/// fsync(2) that fails while a file of this name exists.
const BROKEN_DISK: &str = r#"
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
int fsync(int fd) {
    const char *sign = getenv("TEST_BROKEN_DISK");
    if (sign && access(sign, F_OK) == 0) { errno = EIO; return -1; }
    return (int)syscall(SYS_fsync, fd);
}
"#;

#[test]
fn a_disk_with_errors_degrades_and_recovers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (source, library) = (path.join("broken.c"), path.join("broken.so"));
    fs::write(&source, BROKEN_DISK).unwrap();
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status();
    assert!(
        built.unwrap().success(),
        "a C compiler links every Rust program"
    );
    let sign = path.join("broken");
    let script = path.join("start");
    write_script(
        &script,
        &format!(
            "#!/bin/sh\nexec env LD_PRELOAD={} TEST_BROKEN_DISK={} {} \"$1\"\n",
            library.display(),
            sign.display(),
            Daemon::Rsentinel.program().display()
        ),
    );
    let sentinel = Sentinel::start_program(Daemon::Rsentinel, &script, path, text);
    let file = sentinel.file();
    until(path, "the id is in the file", SHORT, || {
        fs::read_to_string(&file)
            .unwrap()
            .contains("sentinel myid")
            .then_some(())
    });
    fs::write(&sign, "").unwrap();
    assert_degraded(&sentinel, &file, 1, 5, 50);
    logged(
        &sentinel,
        "Could not sync tmp config file to disk (Input/output error)",
    );
    fs::remove_file(&sign).unwrap();
    assert_recovered(&sentinel, path, &file, 5, 51);
}
