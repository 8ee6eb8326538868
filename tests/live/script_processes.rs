//! The processes of scripts: how they begin, what they get, how they end. Nearly all of it is
//! asked of redis-sentinel too, so that it is true and not only our opinion.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::harness::{
    Daemon, MASTER, Recorder, SHORT, Sentinel, UNTIL_SENTINEL_ENDS, write_script,
};
use crate::harness::{Subscriber, until};

const BOTH: [Daemon; 2] = [Daemon::Rsentinel, Daemon::Reference];

/// One sentinel, which watches a server that need not exist, and whose scripts may be changed.
pub(crate) struct Lone {
    pub(crate) sentinel: Sentinel,
    pub(crate) directory: TempDir,
    pub(crate) recorder: Recorder,
}

impl Lone {
    /// `then` is what its notification script, a recorder, does after recording.
    fn start(daemon: Daemon, then: &str) -> Lone {
        Lone::start_program(daemon, daemon.program(), then)
    }

    /// The same, by a program that becomes the daemon.
    pub(crate) fn start_program(daemon: Daemon, program: &Path, then: &str) -> Lone {
        let directory = TempDir::new().expect("a temporary directory");
        let recorder = Recorder::new(directory.path(), "notify", then);
        let text = |port: u16| {
            format!(
                "port {port}\nbind 127.0.0.1\ndir {}\nloglevel debug\n\
                 sentinel deny-scripts-reconfig no\n\
                 sentinel monitor {MASTER} 127.0.0.1 1 1\n\
                 sentinel down-after-milliseconds {MASTER} 3600000\n",
                directory.path().display()
            )
        };
        let sentinel = Sentinel::start_program(daemon, program, directory.path(), text);
        let lone = Lone {
            sentinel,
            directory,
            recorder,
        };
        lone.debug("script-retry-delay", 3_600_000);
        lone
    }

    /// Sets the recorder as notification script, which calls it once.
    pub(crate) fn call(&self) {
        self.set_script(&self.recorder.path());
    }

    fn set_script(&self, path: &str) {
        let reply = self
            .sentinel
            .ask(&["SENTINEL", "SET", MASTER, "notification-script", path]);
        assert_eq!(reply.expect("the sentinel answers").text(), "OK", "{path}");
    }

    pub(crate) fn debug(&self, what: &str, ms: u64) {
        let reply = self
            .sentinel
            .ask(&["SENTINEL", "DEBUG", what, &ms.to_string()]);
        assert_eq!(reply.expect("the sentinel answers").text(), "OK");
    }

    #[track_caller]
    pub(crate) fn until(&self, what: &str, condition: impl Fn() -> bool) {
        until(self.directory.path(), what, SHORT, || {
            condition().then_some(())
        });
    }

    /// The only job, as PENDING-SCRIPTS shows it.
    fn job(&self) -> Option<BTreeMap<String, String>> {
        let pending = self.sentinel.ask(&["SENTINEL", "PENDING-SCRIPTS"])?;
        let [job] = pending.items() else { return None };
        let pairs = job.items().chunks_exact(2);
        Some(pairs.map(|pair| (pair[0].text(), pair[1].text())).collect())
    }

    /// What the log has of an event.
    pub(crate) fn told(&self, name: &str) -> Vec<String> {
        let events = self.sentinel.log().events(name);
        events.into_iter().map(|line| line.rest).collect()
    }
}

fn exists(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

/// The environment in a file that `env` wrote, without what every shell sets anew.
fn environment(text: &str) -> BTreeSet<String> {
    let own = ["PWD=", "OLDPWD=", "SHLVL=", "_="];
    let lines = text
        .lines()
        .filter(|line| !own.iter().any(|name| line.starts_with(name)));
    lines.map(str::to_owned).collect()
}

/// What descriptors of a listing by `ls -l` lead to.
fn targets(listing: &str) -> BTreeSet<String> {
    let lines = listing.lines().filter_map(|line| line.split(" -> ").nth(1));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_script_gets_the_sentinels_environment_directory_streams_group_and_limits_and_no_socket() {
    let shell = |text: &str| {
        let output = Command::new("sh").args(["-c", text]).output();
        String::from_utf8_lossy(&output.expect("there is a shell").stdout).into_owned()
    };
    for daemon in BOTH {
        let mut lone = Lone::start(
            daemon,
            "d=$(dirname \"$0\"); echo spoken-to-stdout; echo spoken-to-stderr >&2\n\
             cat /proc/self/status > $d/status; cat /proc/$$/stat > $d/stat; cat /proc/$$/limits > $d/limits\n\
             env > $d/env; umask > $d/umask; pwd > $d/cwd; ls -l /proc/self/fd > $d/fds; : > $d/done",
        );
        lone.call();
        let at = |name: &str| lone.directory.path().join(name);
        lone.until("the script has ended", || at("done").exists());
        let read = |name: &str| fs::read_to_string(at(name)).expect("the script wrote it");

        assert_eq!(
            environment(&read("env")),
            environment(&shell("env")),
            "{daemon:?}"
        );
        assert_eq!(
            read("cwd").trim(),
            lone.directory.path().display().to_string()
        );
        assert_eq!(read("umask"), shell("umask"));
        let log = fs::read_to_string(lone.sentinel.log_path()).expect("the log is there");
        assert!(log.contains("spoken-to-stdout\n") && log.contains("spoken-to-stderr\n"));

        let open: BTreeSet<_> = targets(&read("fds"))
            .difference(&targets(&shell("ls -l /proc/self/fd")))
            .cloned()
            .collect();
        let log_path = lone.sentinel.log_path().display().to_string();
        let expected = [log_path, at("fds").display().to_string()];
        let strange: Vec<_> = open
            .iter()
            .filter(|t| !expected.contains(t) && !t.starts_with("/proc/") && *t != "/dev/null")
            .collect();
        assert!(
            strange.is_empty(),
            "{daemon:?} lets its scripts have {strange:?}"
        );

        let sentinel = lone.sentinel.process().id();
        let stat = |text: String| -> Vec<String> {
            let after = text.rsplit_once(')').expect("a name").1.to_owned();
            after.split_whitespace().map(str::to_owned).collect()
        };
        let own = stat(read("stat"));
        let its = stat(fs::read_to_string(format!("/proc/{sentinel}/stat")).expect("it runs"));
        assert_eq!(own[1], sentinel.to_string(), "the parent");
        assert_eq!(own[2..4], its[2..4], "process group and session");
        let limits = fs::read_to_string(format!("/proc/{sentinel}/limits")).expect("it runs");
        assert_eq!(read("limits"), limits);

        if daemon == Daemon::Rsentinel {
            let status = read("status");
            let mask = |name: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                u64::from_str_radix(line.expect("a line").trim(), 16).expect("a mask")
            };
            let bit = |signal: u64| 1 << (signal - 1);
            let (hup, pipe, alarm, child) = (bit(1), bit(13), bit(14), bit(17));
            assert_eq!(mask("SigBlk:"), 0);
            assert_eq!(mask("SigIgn:") & (hup | pipe | alarm | child), 0);
        }
    }
}

#[test]
fn a_bare_name_is_a_file_of_the_directory_and_not_searched_for() {
    for daemon in BOTH {
        let lone = Lone::start(daemon, "");
        lone.set_script("notify");
        lone.until("the script was called", || {
            !lone.recorder.calls().is_empty()
        });
        // `true` is on every PATH, but this one fails.
        write_script(&lone.directory.path().join("true"), "#!/bin/sh\nexit 3\n");
        lone.set_script("true");
        lone.until("the script failed", || {
            !lone.told("-script-error").is_empty()
        });
        assert_eq!(lone.told("-script-error"), ["true 0 3"], "{daemon:?}");
    }
}

#[test]
fn what_cannot_be_executed_counts_as_exit_status_2_and_is_not_run_again() {
    for daemon in BOTH {
        let lone = Lone::start(daemon, "");
        let subscriber = Subscriber::start(lone.sentinel.port());
        let file = |name: &str, text: &str| {
            let path = lone.directory.path().join(name);
            write_script(&path, text);
            path.display().to_string()
        };
        let directory = lone.directory.path().display().to_string();
        let paths = [
            file("without-interpreter", "echo a shell would run this\n"),
            file("with-a-missing-interpreter", "#!/no/such/interpreter\n"),
            directory,
        ];
        let mut errors = Vec::new();
        for path in &paths {
            lone.set_script(path);
            errors.push(format!("{path} 0 2"));
            lone.until("the error is told", || {
                lone.told("-script-error").len() == errors.len()
            });
        }
        assert_eq!(lone.told("-script-error"), errors, "{daemon:?}");
        lone.until("subscribers are told too", || {
            subscriber.on("-script-error").len() == errors.len()
        });
        assert_eq!(lone.job(), None, "{daemon:?}");
    }
}

#[test]
fn a_script_that_exits_with_1_waits_for_its_next_run_and_one_that_exits_with_3_is_given_up() {
    for daemon in BOTH {
        let lone = Lone::start(daemon, "exit 1");
        lone.call();
        lone.until("it waits", || {
            lone.job()
                .is_some_and(|job| job["flags"] == "scheduled" && job["retry-num"] == "1")
        });
        let job = lone.job().expect("a job");
        let names: BTreeSet<&str> = job.keys().map(String::as_str).collect();
        let expected = ["argv", "flags", "pid", "retry-num", "run-delay"];
        assert_eq!(names, expected.into(), "{daemon:?}");
        assert_eq!(job["pid"], "0");
        let delay: u64 = job["run-delay"].parse().expect("a number");
        assert!(delay > 3_500_000 && delay <= 3_600_000, "{delay}");
        let pid = lone.recorder.calls()[0].pid;
        lone.until("the log has its end", || {
            lone.told("-script-child").contains(&format!("{pid} 1 0"))
        });
        assert!(lone.told("+script-child").contains(&pid.to_string()));
        assert!(lone.told("-script-error").is_empty());

        let lone = Lone::start(daemon, "exit 3");
        lone.call();
        let error = format!("{} 0 3", lone.recorder.path());
        lone.until("it is given up", || {
            lone.told("-script-error") == [error.clone()]
        });
        assert_eq!(lone.job(), None);
    }
}

#[test]
fn a_script_that_fails_is_run_ten_times() {
    for daemon in BOTH {
        let lone = Lone::start(daemon, "kill -USR1 $$");
        lone.debug("script-retry-delay", 1);
        lone.call();
        let error = format!("{} 10 0", lone.recorder.path());
        lone.until("it is given up", || {
            lone.told("-script-error") == [error.clone()]
        });
        assert_eq!(lone.recorder.calls().len(), 10, "{daemon:?}");
        let words = lone.recorder.words();
        assert!(words.iter().all(|call| *call == words[0]), "{words:?}");
        assert_eq!(lone.job(), None);
    }
}

#[test]
fn a_script_that_hangs_is_shown_then_killed_and_waits_to_run_again() {
    for daemon in BOTH {
        let lone = Lone::start(daemon, UNTIL_SENTINEL_ENDS);
        lone.call();
        lone.until("it runs", || lone.recorder.calls().len() == 1);
        let job = lone.job().expect("a job");
        let names: BTreeSet<&str> = job.keys().map(String::as_str).collect();
        let expected = ["argv", "flags", "pid", "retry-num", "run-time"];
        assert_eq!(names, expected.into(), "{daemon:?}");
        let pid = lone.recorder.calls()[0].pid.to_string();
        assert_eq!(
            (job["flags"].as_str(), job["retry-num"].as_str()),
            ("running", "1")
        );
        assert_eq!(job["pid"], pid);
        lone.debug("script-max-runtime", 200);
        lone.until("it has ended", || {
            lone.told("-script-child").contains(&format!("{pid} 0 9"))
        });
        assert!(!exists(&pid), "{daemon:?}");
        let timeout = format!("{} {pid}", lone.recorder.path());
        assert_eq!(lone.told("-script-timeout"), [timeout], "{daemon:?}");
        assert_eq!(lone.job().expect("a job")["flags"], "scheduled");
        assert!(lone.told("-script-error").is_empty());
    }
}

#[test]
fn a_script_has_ended_when_its_process_has_whatever_it_started_in_the_background() {
    for daemon in BOTH {
        let background = format!("( {UNTIL_SENTINEL_ENDS} ) & echo $! > $(dirname $0)/background");
        let lone = Lone::start(daemon, &background);
        lone.call();
        lone.until("it has ended", || {
            lone.told("-script-child")
                .iter()
                .any(|text| text.ends_with(" 0 0"))
        });
        let file = lone.directory.path().join("background");
        let pid = fs::read_to_string(file).expect("the script wrote it");
        assert!(exists(pid.trim()), "{daemon:?}");
        assert_eq!(lone.job(), None);
    }
}

#[test]
fn a_clean_stop_leaves_running_scripts_alone_and_drops_those_that_wait() {
    for daemon in BOTH {
        let go_on = "until [ -e $(dirname $0)/go ]; do sleep 0.1; done; : > $(dirname $0)/survived";
        let mut lone = Lone::start(daemon, go_on);
        lone.call();
        for _ in 0..16 {
            lone.sentinel
                .ask(&["SENTINEL", "SET", MASTER, "quorum", "2"]);
        }
        lone.until("sixteen run", || lone.recorder.calls().len() == 16);
        let status = lone.sentinel.end_by("TERM");
        assert!(status.success(), "{daemon:?}: {status}");
        let pids: Vec<String> = lone
            .recorder
            .calls()
            .iter()
            .map(|c| c.pid.to_string())
            .collect();
        let alive = pids.iter().filter(|pid| exists(pid)).count();
        fs::write(lone.directory.path().join("go"), "").expect("the directory is writable");
        assert_eq!(alive, 16, "{daemon:?}");
        lone.until("they end by themselves", || {
            !pids.iter().any(|pid| exists(pid))
        });
        assert!(lone.directory.path().join("survived").exists());
        assert_eq!(lone.recorder.calls().len(), 16, "the 17th was never called");
    }
}

#[test]
fn scripts_have_an_exit_status_also_under_a_sentinel_that_was_started_with_sigchld_ignored() {
    // Whoever started the sentinel ignored SIGCHLD, and that is inherited.
    let directory = TempDir::new().expect("a temporary directory");
    let program = directory.path().join("sentinel");
    let daemon = env!("CARGO_BIN_EXE_rsentinel");
    let text = format!("#!/bin/sh\nexec env --ignore-signal=CHLD {daemon} \"$@\"\n");
    write_script(&program, &text);
    let lone = Lone::start_program(Daemon::Rsentinel, &program, "exit 3");
    lone.call();
    let error = format!("{} 0 3", lone.recorder.path());
    lone.until("it is given up", || {
        lone.told("-script-error") == [error.clone()]
    });
}
