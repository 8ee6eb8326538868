//! Children that are no scripts: what scripts leave behind when the sentinel is the first process
//! of a container, and what a shell that became the sentinel had started before. They are waited
//! for when they end, and the exit status of a script is never taken for one of theirs.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::harness::{Daemon, MASTER, SHORT, children_of, signal, until, write_script};
use crate::script_processes::Lone;

const BOTH: [Daemon; 2] = [Daemon::Rsentinel, Daemon::Reference];

const INTO_CONTAINER: [&str; 4] = ["--pid", "--fork", "--kill-child", "--mount-proc"];

/// A directory with a program that becomes the daemon, after a shell text.
fn program(daemon: Daemon, text: &str) -> TempDir {
    let directory = TempDir::new().expect("a temporary directory");
    let daemon = daemon.program().display();
    let text = format!("#!/bin/sh\n{text} {daemon} \"$@\"\n");
    write_script(&directory.path().join("sentinel"), &text);
    directory
}

/// A daemon that is the first process of a process namespace; `None` where that is not permitted.
fn contained(daemon: Daemon, then: &str) -> Option<(Lone, u32)> {
    let probe = Command::new("unshare")
        .args(INTO_CONTAINER)
        .arg("true")
        .stderr(Stdio::null())
        .status();
    if !probe.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no process namespace can be made here (unshare {INTO_CONTAINER:?})");
        return None;
    }
    let text = format!("exec unshare {}", INTO_CONTAINER.join(" "));
    let program = program(daemon, &text);
    let mut lone = Lone::start_program(daemon, &program.path().join("sentinel"), then);
    let info = lone.sentinel.ask(&["INFO", "server"]).expect("it answers");
    assert!(info.text().contains("process_id:1\r\n"), "{daemon:?}");
    let [inside] = lone.sentinel.process().children()[..] else {
        panic!("unshare has one child");
    };
    Some((lone, inside))
}

/// Children of a process that have ended and are not waited for.
fn unburied(id: u32) -> usize {
    let has_ended = |child: &u32| {
        let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        stat.rsplit_once(')')
            .is_some_and(|(_, after)| after.starts_with(" Z"))
    };
    children_of(id)
        .iter()
        .filter(|child| has_ended(child))
        .count()
}

fn found(lone: &Lone, pid: &str) -> bool {
    let text =
        format!("waitpid() returned a pid ({pid}) we can't find in our scripts execution queue!");
    let lines = lone.sentinel.log().lines();
    lines
        .iter()
        .any(|line| line.whole.ends_with(&format!("# {text}")))
}

fn pids(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_first_process_of_a_container_waits_for_what_its_scripts_left_behind() {
    for daemon in BOTH {
        let leaves = "sh -c 'echo $$ >> left; exec sleep 0.3' & exit 3";
        let Some((lone, inside)) = contained(daemon, leaves) else {
            return;
        };
        lone.call();
        let left = lone.directory.path().join("left");
        lone.until("what was left has ended, and was waited for", || {
            let pids = pids(&left);
            pids.len() == 1 && found(&lone, &pids[0]) && unburied(inside) == 0
        });
        let error = format!("{} 0 3", lone.recorder.path());
        assert_eq!(lone.told("-script-error"), [error], "{daemon:?}");
    }
}

#[test]
fn no_exit_status_of_a_script_is_lost_among_many_ends_of_others() {
    // Some of what a script leaves ends before it, at the same time, or later.
    let leaves =
        "for n in 0 0 0.05 0.1; do sh -c 'echo $$ >> left; exec sleep $0' $n & done; exit 3";
    let Some((lone, inside)) = contained(Daemon::Rsentinel, leaves) else {
        return;
    };
    lone.call();
    for _ in 1..60 {
        lone.sentinel
            .ask(&["SENTINEL", "SET", MASTER, "quorum", "2"]);
    }
    let left = lone.directory.path().join("left");
    lone.until("all have ended", || {
        lone.told("-script-error").len() == 60 && pids(&left).len() == 240 && unburied(inside) == 0
    });
    let error = format!("{} 0 3", lone.recorder.path());
    assert!(lone.told("-script-error").iter().all(|told| *told == error));
    for call in lone.recorder.calls() {
        assert!(!found(&lone, &call.pid.to_string()), "{call:?}");
    }
    assert!(pids(&left).iter().any(|pid| found(&lone, pid)));
}

#[test]
fn sigterm_ends_the_first_process_of_a_container() {
    for daemon in BOTH {
        let Some((mut lone, inside)) = contained(daemon, "") else {
            return;
        };
        signal(inside, "TERM");
        let status = lone.sentinel.wait_end();
        assert_eq!(status.code(), Some(0), "{daemon:?}");
        let lines = lone.sentinel.log().lines();
        let last = lines.last().expect("it has logged");
        assert!(
            last.whole
                .ends_with("# Sentinel is now ready to exit, bye bye..."),
            "{daemon:?}: {last:?}"
        );
    }
}

#[test]
fn the_children_of_a_shell_that_became_the_sentinel_are_waited_for() {
    for daemon in BOTH {
        let text = "sh -c 'echo $$ > left; until [ -e go ]; do sleep 0.1; done' & exec";
        let program = program(daemon, text);
        let mut lone = Lone::start_program(daemon, &program.path().join("sentinel"), "");
        let left = lone.directory.path().join("left");
        let own = lone.sentinel.process().id();
        let [child] = &pids(&left)[..] else {
            panic!("the shell has started one");
        };
        assert!(children_of(own).contains(&child.parse().expect("a process id")));
        fs::write(lone.directory.path().join("go"), "").expect("the directory is writable");
        until(lone.directory.path(), "it was waited for", SHORT, || {
            (found(&lone, child) && unburied(own) == 0).then_some(())
        });
    }
}
