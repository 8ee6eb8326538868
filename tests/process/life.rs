//! The program as its service manager sees it: start, signals, background, pid file, notices.

use std::fs::{self, File};
use std::io::Read as _;
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};

use super::place::{PATIENCE, Place, Running, started, started_by, wait_for, wait_for_id};

#[test]
fn sigterm_is_a_clean_stop_with_exit_0_known_lines_and_no_pid_file() {
    let place = Place::new("pidfile s.pid");
    let mut running = started(&place, &[]);
    wait_for_id(&place);
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code(), Some(0));
    assert!(!place.path("s.pid").exists());

    let out = place.read("out");
    assert!(out.contains("Running mode=sentinel, port="), "{out}");
    let (_, stop) = out
        .split_once(":signal-handler (")
        .expect("no handler line");
    let lines: Vec<&str> = stop.lines().collect();
    assert!(
        lines[0].ends_with(") Received SIGTERM scheduling shutdown..."),
        "{out}"
    );
    assert!(lines[1].ends_with(" * User requested shutdown..."), "{out}");
    assert!(stop.contains(" * Removing the pid file.\n"), "{out}");
    assert!(
        stop.ends_with(" # Sentinel is now ready to exit, bye bye...\n"),
        "{out}"
    );
}

#[test]
fn sigint_stops_too_and_hup_pipe_and_alrm_are_ignored() {
    let place = Place::new("pidfile s.pid");
    let mut running = started(&place, &[]);
    for ignored in [Signal::SIGHUP, Signal::SIGPIPE, Signal::SIGALRM] {
        running.signal(ignored);
    }
    running.signal(Signal::SIGINT);
    assert_eq!(running.wait().code(), Some(0));
    assert!(
        place
            .read("out")
            .contains("Received SIGINT scheduling shutdown...")
    );
}

#[test]
fn a_daemonized_start_exits_0_at_once_and_leaves_a_background_process_with_a_pid_file() {
    let place = Place::new("pidfile s.pid\nlogfile s.log");
    let status = place.command(&["--daemonize", "yes"]).status().unwrap();
    assert_eq!(status.code(), Some(0));
    let pid = wait_for("the pid file", || place.read("s.pid").trim().parse().ok());
    let daemon = Daemon(pid);
    kill(Pid::from_raw(daemon.0), Signal::SIGTERM).unwrap();
    place.wait_for_line("s.log", "ready to exit, bye bye...");
    // Its new parent may take a while to collect it: what matters is that it is not running.
    wait_for("the end of the daemon", || ended(pid).then_some(()));
    assert!(!place.path("s.pid").exists());
    assert_eq!(place.read("out"), "");
    assert!(
        place
            .read("s.log")
            .lines()
            .all(|line| line.starts_with(&format!("{pid}:")))
    );
}

/// A process that is not our child; should the test fail, it ends with the test.
struct Daemon(i32);

impl Drop for Daemon {
    fn drop(&mut self) {
        if !ended(self.0) {
            let _ = kill(Pid::from_raw(self.0), Signal::SIGKILL);
        }
    }
}

fn ended(pid: i32) -> bool {
    match fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")) {
        Err(_) => true,
        Ok(stat) => stat
            .rsplit_once(") ")
            .is_some_and(|(_, rest)| rest.starts_with('Z')),
    }
}

#[test]
fn systemd_is_notified_and_daemonize_is_then_ignored() {
    let place = Place::new("pidfile s.pid\ndaemonize yes");
    let socket = UnixDatagram::bind(place.path("notify")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut buffer = [0; 200];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    let child = place
        .command(&["--supervised", "systemd"])
        .env("NOTIFY_SOCKET", place.path("notify"))
        .spawn()
        .unwrap();
    let mut running = Running(child);
    assert!(told().starts_with("STATUS="));
    assert_eq!(told(), "STATUS=Ready to accept connections\n");
    assert_eq!(told(), "READY=1\n");
    running.signal(Signal::SIGTERM);
    assert_eq!(told(), "STOPPING=1\n");
    assert_eq!(running.wait().code(), Some(0));
    assert!(
        place
            .read("out")
            .contains("* Supervised by systemd. Please make sure")
    );
}

/// Makes every save hang: reading a pipe whose writer says nothing waits for ever, as on a disk that
/// is gone. The disk is back when the result is dropped.
fn hang_a_save(place: &Place) -> (File, TcpStream) {
    // The id is saved by renaming over the file: it must be there before the pipe is.
    wait_for_id(place);
    fs::remove_file(place.path("s.conf")).unwrap();
    mkfifo(&place.path("s.conf"), Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    let saving = place.say("SENTINEL FLUSHCONFIG\r\n");
    let mut nonblocking = File::options();
    nonblocking
        .write(true)
        .custom_flags(OFlag::O_NONBLOCK.bits());
    // It can be opened like this only while somebody reads it.
    let hanging = wait_for("the start of a save", || {
        nonblocking.open(place.path("s.conf")).ok()
    });
    (hanging, saving)
}

#[test]
fn a_disk_that_hangs_holds_up_neither_answers_nor_the_end() {
    let place = Place::new("pidfile s.pid");
    let mut running = started(&place, &[]);
    let (hanging, mut saving) = hang_a_save(&place);

    let mut answer = [0; 5];
    let mut asking = place.say("SENTINEL MYID\r\n");
    asking.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"$40\r\n");

    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code(), Some(1));
    let out = place.read("out");
    assert!(out.contains(" # The stop takes too long"), "{out}");
    assert_eq!(saving.read(&mut answer).unwrap_or(0), 0, "it was not saved");
    drop(hanging);
}

#[test]
fn a_second_sigint_ends_a_stop_that_hangs_with_exit_1() {
    let place = Place::new("pidfile s.pid");
    let mut running = started(&place, &[]);
    let _hanging = hang_a_save(&place);
    running.signal(Signal::SIGINT);
    place.wait_for_line("out", ") Received SIGINT scheduling shutdown...\n");
    running.signal(Signal::SIGINT);
    assert_eq!(running.wait().code(), Some(1));
    let out = place.read("out");
    assert!(out.ends_with(") You insist... exiting now.\n"), "{out}");
}

#[test]
fn other_signals_kill_and_leave_the_pid_file() {
    for signal in [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGQUIT] {
        let place = Place::new("pidfile s.pid");
        let mut running = started(&place, &[]);
        running.signal(signal);
        assert_eq!(running.wait().signal(), Some(signal as i32));
        assert!(place.path("s.pid").exists());
    }
}

#[test]
fn upstart_sees_the_process_stop_and_lets_it_go_on() {
    let place = Place::new("pidfile s.pid\nsupervised auto\ndaemonize yes\nloglevel verbose");
    let child = place.command(&[]).env("UPSTART_JOB", "x").spawn().unwrap();
    let mut running = Running(child);
    let stat = format!("/proc/{}/stat", running.0.id());
    wait_for("the stopped process", || {
        fs::read_to_string(&stat)
            .unwrap()
            .contains(") T ")
            .then_some(())
    });
    assert!(!place.path("s.pid").exists());
    running.signal(Signal::SIGCONT);
    wait_for_id(&place);
    let mut info = String::new();
    let mut asking = place.say("INFO server\r\nSHUTDOWN\r\n");
    asking.read_to_string(&mut info).unwrap();
    assert!(info.contains("process_supervised:upstart\r\n"), "{info}");
    assert_eq!(running.wait().code(), Some(0));
    let out = place.read("out");
    assert!(out.contains(" - Upstart supervision detected.\n"), "{out}");
    let told = " * supervised by upstart, will stop to signal readiness.\n";
    assert!(out.contains(told), "{out}");
}

#[test]
fn systemd_that_is_not_there_is_complained_of_and_nobody_supervises() {
    let place = Place::new("pidfile s.pid\nsupervised systemd");
    let mut running = started(&place, &[]);
    let mut info = String::new();
    let mut asking = place.say("INFO server\r\nSHUTDOWN\r\n");
    asking.read_to_string(&mut info).unwrap();
    assert!(info.contains("process_supervised:no\r\n"), "{info}");
    assert_eq!(running.wait().code(), Some(0));
    let complaint = "# systemd supervision error: NOTIFY_SOCKET not found!\n";
    assert_eq!(place.read("out").matches(complaint).count(), 4);
}

#[test]
fn loglevel_nothing_is_silent_even_about_signals() {
    let place = Place::new("pidfile s.pid\nloglevel nothing");
    let mut running = started(&place, &[]);
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code(), Some(0));
    assert_eq!(place.read("out"), "");
}

#[test]
fn a_configuration_error_goes_to_stderr_with_line_number_and_exit_1() {
    let place = Place::new("");
    // The file has three lines: the first option line is line 5.
    for (options, quoted, complaint) in [
        (&["--port"][..], "port", "wrong number of arguments"),
        (
            &["--foo", "bar"],
            "foo \"bar\"",
            "Bad directive or wrong number of arguments",
        ),
        (
            &["bar"],
            "\"bar\"",
            "Bad directive or wrong number of arguments",
        ),
        (
            &["--port", "--bind", "127.0.0.1"],
            "port \"--bind\" \"127.0.0.1\"",
            "wrong number of arguments",
        ),
    ] {
        let status = place.command(options).status().unwrap();
        assert_eq!(status.code(), Some(1), "{options:?}");
        let err = place.read("err");
        let lines: Vec<&str> = err.lines().collect();
        assert_eq!(lines[0], "");
        assert!(
            lines[1].starts_with("*** FATAL CONFIG FILE ERROR ("),
            "{err}"
        );
        let tail = [
            "Reading the configuration file, at line 5",
            &format!(">>> '{quoted}'"),
            complaint,
        ]
        .join("\n");
        assert!(err.trim_end().ends_with(&tail), "{err}");
        assert_eq!(place.read("out"), "");
    }
}

#[test]
fn a_file_that_is_not_writable_is_refused_in_the_configured_log() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new("logfile s.log");
    fs::set_permissions(place.path("s.conf"), fs::Permissions::from_mode(0o444)).unwrap();
    if File::options()
        .append(true)
        .open(place.path("s.conf"))
        .is_ok()
    {
        return; // A privileged user may write anything.
    }
    assert_eq!(place.command(&[]).status().unwrap().code(), Some(1));
    assert!(
        place
            .read("s.log")
            .contains("is not writable: Permission denied. Exiting...")
    );
    assert_eq!(place.read("out"), "");
}

#[test]
fn standard_input_is_read_after_the_file_and_before_the_options() {
    let place = Place::new("pidfile s.pid");
    fs::write(
        place.path("in"),
        "loglevel nothing\nlogfile from-stdin.log\n",
    )
    .unwrap();
    let child = place
        .command(&["--loglevel", "notice", "-"])
        .stdin(File::open(place.path("in")).unwrap())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let line = format!("Running mode=sentinel, port={}.", place.port);
    place.wait_for_line("from-stdin.log", &line);
    wait_for("the pid file", || {
        place.path("s.pid").exists().then_some(())
    });
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code(), Some(0));
    assert!(place.read("out").contains("* Reading config from stdin"));
}

#[test]
fn the_watchdog_of_systemd_is_fed_while_the_monitor_works() {
    let place = Place::new("pidfile s.pid\nsupervised systemd");
    let socket = UnixDatagram::bind(place.path("notify")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut buffer = [0; 200];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    let mut command = place.command(&[]);
    command
        .env("NOTIFY_SOCKET", place.path("notify"))
        .env("WATCHDOG_USEC", "100000");
    let mut running = started_by(&place, &mut command);
    wait_for("readiness", || (told() == "READY=1\n").then_some(()));
    for _ in 0..5 {
        assert_eq!(told(), "WATCHDOG=1\n");
    }
    running.signal(Signal::SIGTERM);
    wait_for("the stop", || (told() == "STOPPING=1\n").then_some(()));
    assert_eq!(running.wait().code(), Some(0));
}
