//! Where the program is run: under a hardened unit, as nobody in particular, with a root that
//! cannot be written.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};

use super::place::{PATIENCE, Place, Running, started, started_by, wait_for, wait_for_id};

/// Set in the process that becomes the program: its arguments, separated by this character.
const BECOME: &str = "RSENTINEL_TEST_BECOME";
const BETWEEN: char = '\u{1f}';

/// What `SystemCallFilter=@system-service` and `~@privileged @resources` forbid of the calls that a
/// daemon could be tempted to make.
const FORBIDDEN: &[i64] = &[
    // @resources
    libc::SYS_ioprio_set,
    libc::SYS_mbind,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_setattr,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setscheduler,
    libc::SYS_set_mempolicy,
    libc::SYS_setpriority,
    libc::SYS_setrlimit,
    // @privileged
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_acct,
    libc::SYS_bpf,
    libc::SYS_capset,
    libc::SYS_chroot,
    libc::SYS_fanotify_init,
    libc::SYS_fanotify_mark,
    libc::SYS_open_by_handle_at,
    libc::SYS_pivot_root,
    libc::SYS_quotactl,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setfsuid,
    libc::SYS_setgroups,
    libc::SYS_setresuid,
    libc::SYS_setreuid,
    libc::SYS_setuid,
    libc::SYS_vhangup,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_settimeofday,
    libc::SYS_reboot,
    libc::SYS_kexec_load,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    // Not of @system-service.
    libc::SYS_ptrace,
    libc::SYS_perf_event_open,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_seccomp,
    libc::SYS_syslog,
];

fn filter(rules: BTreeMap<i64, Vec<SeccompRule>>, action: SeccompAction) -> BpfProgram {
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch);
    filter.unwrap().try_into().unwrap()
}

fn argument(index: u8, operator: SeccompCmpOp, value: u64) -> SeccompCondition {
    SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value).unwrap()
}

/// The filters of the unit, on this thread and what it becomes.
fn confine() {
    const WRITE_AND_EXEC: u64 = (libc::PROT_WRITE | libc::PROT_EXEC) as u64;
    let masked = SeccompCmpOp::MaskedEq(WRITE_AND_EXEC);
    // MemoryDenyWriteExecute
    let writable_code = SeccompRule::new(vec![argument(2, masked, WRITE_AND_EXEC)]).unwrap();
    let mut forbidden: BTreeMap<i64, Vec<SeccompRule>> =
        FORBIDDEN.iter().map(|call| (*call, Vec::new())).collect();
    forbidden.insert(libc::SYS_mmap, vec![writable_code]);
    // RestrictAddressFamilies
    let families = [libc::AF_INET, libc::AF_INET6, libc::AF_UNIX];
    let other = families.map(|family| argument(0, SeccompCmpOp::Ne, family as u64));
    let other = SeccompRule::new(other.to_vec()).unwrap();
    let sockets = BTreeMap::from([(libc::SYS_socket, vec![other])]);
    let refused = SeccompAction::Errno(libc::EAFNOSUPPORT as u32);
    apply_filter(&filter(sockets, refused)).unwrap();
    apply_filter(&filter(forbidden, SeccompAction::KillProcess)).unwrap();
}

#[test]
#[ignore = "becomes a confined program, for the others"]
fn become_confined() {
    let Ok(words) = std::env::var(BECOME) else {
        return;
    };
    let mut words = words.split(BETWEEN);
    let program = words.next().unwrap();
    confine();
    let error = Command::new(program).args(words).env_remove(BECOME).exec();
    panic!("{program}: {error}");
}

/// The command of a program that the unit's filters apply to.
fn confined(place: &Place, program: &str, arguments: &[&str]) -> Command {
    let words = [&[program], arguments].concat().join(&BETWEEN.to_string());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["surroundings::become_confined", "--exact", "--ignored"])
        .arg("--nocapture")
        .env(BECOME, words)
        .current_dir(place.path(""))
        .stdout(File::create(place.path("out")).unwrap())
        .stderr(File::create(place.path("err")).unwrap());
    command
}

#[test]
fn the_filters_of_the_unit_kill_a_program_that_makes_a_forbidden_call() {
    let place = Place::new("");
    let nice = confined(&place, "/bin/sh", &["-c", "exec nice -n 5 true"]).status();
    assert_eq!(nice.unwrap().signal(), Some(Signal::SIGSYS as i32));
}

#[test]
fn the_hardened_unit_is_lived_with_from_start_to_stop() {
    let place = Place::new(
        "pidfile s.pid\nlogfile s.log\nsupervised systemd\nloglevel verbose\n\
         sentinel resolve-hostnames yes\nsentinel monitor named localhost 1 1\n\
         sentinel monitor m 127.0.0.1 1 1\nsentinel down-after-milliseconds m 100\n",
    );
    let notify = UnixDatagram::bind(place.path("notify")).unwrap();
    notify.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = confined(&place, env!("CARGO_BIN_EXE_rsentinel"), &["s.conf"]);
    command.env("NOTIFY_SOCKET", place.path("notify"));
    let mut running = started_by(&place, &mut command);
    let mut buffer = [0; 200];
    wait_for("readiness", || {
        let length = notify.recv(&mut buffer).unwrap();
        (&buffer[..length] == b"READY=1\n").then_some(())
    });
    place.wait_for_line("s.log", "+sdown master m ");
    // A save, a new connection, a name looked up, a rotated log.
    fs::rename(place.path("s.log"), place.path("s.log.1")).unwrap();
    let mut saving = place.say("SENTINEL FLUSHCONFIG\r\n");
    let mut answer = [0; 5];
    saving.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"+OK\r\n");
    let addressed = || {
        place.read("s.conf").contains("monitor named 127.0.0.1 1 1")
            || place.read("s.conf").contains("monitor named ::1 1 1")
    };
    wait_for("the name's address in the file", || {
        saving.write_all(b"SENTINEL FLUSHCONFIG\r\n").unwrap();
        saving.read_exact(&mut answer).unwrap();
        addressed().then_some(())
    });
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code(), Some(0), "{}", place.read("err"));
    assert!(place.read("s.log").contains("ready to exit, bye bye..."));
}

#[test]
fn the_unit_file_is_as_hardened_as_debians() {
    let unit = include_str!("../../contrib/rsentinel.service");
    let lines: Vec<&str> = unit.lines().map(str::trim).collect();
    for wanted in [
        "Type=notify",
        "User=redis",
        "Group=redis",
        "Restart=always",
        "UMask=007",
        "LimitNOFILE=65535",
        "RuntimeDirectory=sentinel",
        "RuntimeDirectoryMode=2755",
        "PrivateTmp=true",
        "PrivateDevices=true",
        "PrivateUsers=true",
        "ProtectHome=true",
        "ProtectSystem=strict",
        "ReadWritePaths=-/etc/redis",
        "ReadWritePaths=-/var/lib/redis",
        "ReadWritePaths=-/var/log/redis",
        "CapabilityBoundingSet=",
        "LockPersonality=true",
        "MemoryDenyWriteExecute=true",
        "NoNewPrivileges=true",
        "ProtectClock=true",
        "ProtectControlGroups=true",
        "ProtectHostname=true",
        "ProtectKernelLogs=true",
        "ProtectKernelModules=true",
        "ProtectKernelTunables=true",
        "ProtectProc=invisible",
        "RemoveIPC=true",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "RestrictNamespaces=true",
        "RestrictRealtime=true",
        "RestrictSUIDSGID=true",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~ @privileged @resources",
        "NoExecPaths=/",
    ] {
        assert!(lines.contains(&wanted), "{wanted} is missing");
    }
    let start = lines
        .iter()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let program = start.unwrap().split(' ').next().unwrap();
    assert!(
        start
            .unwrap()
            .ends_with("--supervised systemd --daemonize no")
    );
    let executable = format!("ExecPaths={program} /usr/lib /lib");
    assert!(
        lines.contains(&executable.as_str()),
        "{executable} is missing"
    );
}

#[test]
fn the_unit_file_is_understood_by_systemd() {
    // With a program that exists, or the verdict is only about that.
    let place = Place::new("");
    let unit = include_str!("../../contrib/rsentinel.service");
    let start = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let program = start.unwrap().split(' ').next().unwrap();
    let file = place.path("rsentinel.service");
    fs::write(
        &file,
        unit.replace(program, env!("CARGO_BIN_EXE_rsentinel")),
    )
    .unwrap();
    let verdict = Command::new("systemd-analyze")
        .arg("verify")
        .arg(&file)
        .output();
    let Ok(verdict) = verdict else {
        eprintln!("SKIPPED: systemd-analyze is not installed here");
        return;
    };
    let said = String::from_utf8_lossy(&verdict.stderr).into_owned();
    let about_it: Vec<&str> = said
        .lines()
        .filter(|l| l.contains("rsentinel.service"))
        .collect();
    assert!(verdict.status.success() && about_it.is_empty(), "{said}");
}

/// A script of the shell as root in a mount namespace of its own; false where that is not
/// permitted.
fn can_mount() -> bool {
    let tried = Command::new("unshare")
        .args([
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            "mount -t tmpfs none /mnt",
        ])
        .output();
    let can = tried.is_ok_and(|output| output.status.success());
    if !can {
        eprintln!("SKIPPED: no mount namespace is permitted here");
    }
    can
}

/// The program behind a script that changes what is mounted; `$0` is the place.
fn remounted(place: &Place, script: &str, options: &[&str]) -> Command {
    let script = format!("{script} && cd \"$0\" && exec \"$@\"");
    let mut command = Command::new("unshare");
    command
        .args(["--map-root-user", "--mount", "sh", "-c", &script])
        .arg(fs::canonicalize(place.path("")).unwrap())
        .arg(env!("CARGO_BIN_EXE_rsentinel"))
        .arg("s.conf")
        .args(options)
        .stdout(File::create(place.path("out")).unwrap())
        .stderr(File::create(place.path("err")).unwrap());
    command
}

/// Everything becomes read-only, but what was mounted before.
const READ_ONLY_ROOT: &str = "mount -o remount,bind,ro /";

#[test]
fn with_a_read_only_root_only_the_directory_of_the_file_is_written() {
    if !can_mount() {
        return;
    }
    let place = Place::new("pidfile s.pid");
    let script = format!("mount --bind \"$0\" \"$0\" && {READ_ONLY_ROOT}");
    let mut running = started_by(&place, &mut remounted(&place, &script, &[]));
    wait_for_id(&place);
    assert!(place.read("s.conf").contains("sentinel myid "));
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code(), Some(0));
    assert!(
        !place.read("out").contains(" # WARNING"),
        "{}",
        place.read("out")
    );
}

#[test]
fn a_file_on_a_read_only_file_system_is_refused_with_the_reason() {
    if !can_mount() {
        return;
    }
    let place = Place::new("");
    // The output was opened before.
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\"";
    let status = remounted(&place, script, &[]).status().unwrap();
    assert_eq!(status.code(), Some(1));
    let line = "s.conf is not writable: Read-only file system. Exiting...\n";
    assert!(place.read("out").ends_with(line), "{}", place.read("out"));
}

#[test]
fn the_system_log_gets_every_line_with_its_ident_and_facility() {
    if !can_mount() {
        return;
    }
    let place = Place::new(
        "pidfile s.pid\nsyslog-enabled yes\nsyslog-ident watcher\nsyslog-facility local3\n\
         logfile s.log",
    );
    fs::create_dir(place.path("dev")).unwrap();
    let log = UnixDatagram::bind(place.path("dev/log")).unwrap();
    log.set_read_timeout(Some(PATIENCE)).unwrap();
    let script = "for d in null zero random urandom; do touch \"$0/dev/$d\" && \
                  mount --bind /dev/$d \"$0/dev/$d\" || exit 1; done; mount --rbind \"$0/dev\" /dev";
    let mut running = started_by(&place, &mut remounted(&place, script, &[]));
    let pid = running.0.id();
    let mut buffer = [0; 2000];
    let mut said = || {
        let length = log.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    // Facility 19 and level 5, "notice".
    let line = wait_for("the id", || {
        let line = said();
        line.contains("Sentinel ID is").then_some(line)
    });
    assert!(line.starts_with("<157>"), "{line}");
    assert!(
        line.contains(&format!(" watcher[{pid}]: Sentinel ID is ")),
        "{line}"
    );
    // Now nobody reads any more, and nobody waits for that.
    for _ in 0..2_000 {
        place.say("PING\r\n");
    }
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code(), Some(0));
    assert!(place.read("s.log").contains("ready to exit, bye bye..."));
}

#[test]
fn an_ordinary_user_with_any_umask_is_enough() {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    for (umask, mode) in [("0000", 0o644), ("0007", 0o640), ("0077", 0o600)] {
        let place = Place::new("pidfile s.pid\nlogfile s.log\nunixsocket s.sock");
        let own_copy = place.path("rsentinel");
        fs::copy(env!("CARGO_BIN_EXE_rsentinel"), &own_copy).unwrap();
        let mut words: Vec<OsString> = Vec::new();
        if is_root {
            give_away(&place.path(""));
            let drop_to = [
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
            ];
            words.extend(drop_to.map(OsString::from));
        }
        let script = format!("umask {umask}; exec ./rsentinel s.conf");
        words.extend(["sh", "-c", &script].map(OsString::from));
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .current_dir(place.path(""))
            .stdout(File::create(place.path("out")).unwrap())
            .stderr(File::create(place.path("err")).unwrap());
        let mut running = started_by(&place, &mut command);
        place.wait_for_line("s.log", "Sentinel ID is");
        let permissions = |name: &str| place.path(name).metadata().unwrap().mode() & 0o777;
        assert_eq!(permissions("s.conf"), mode, "{umask}");
        assert!(place.read("s.conf").contains("sentinel myid "));
        running.signal(Signal::SIGTERM);
        assert_eq!(running.wait().code(), Some(0), "{umask}");
        assert!(!place.path("s.sock").exists() && !place.path("s.pid").exists());
    }
}

/// Lets the user 65534 have a directory and all in it.
fn give_away(directory: &Path) {
    fs::set_permissions(directory, Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(directory).unwrap() {
        std::os::unix::fs::chown(entry.unwrap().path(), Some(65534), Some(65534)).unwrap();
    }
    std::os::unix::fs::chown(directory, Some(65534), Some(65534)).unwrap();
}

#[test]
fn a_log_that_is_renamed_goes_on_in_a_new_file() {
    let place = Place::new("pidfile s.pid\nlogfile s.log\nloglevel verbose");
    let _running: Running = started(&place, &[]);
    place.wait_for_line("s.log", "Sentinel ID is");
    fs::rename(place.path("s.log"), place.path("s.log.1")).unwrap();
    place.say("PING\r\n");
    place.wait_for_line("s.log", "Accepted 127.0.0.1:");
    assert!(!place.read("s.log").contains("Sentinel ID is"));
}

#[test]
fn the_log_is_json_when_rsentinel_toml_says_so_from_the_first_line_to_the_last() {
    let place = Place::new("pidfile s.pid\nsentinel monitor m 127.0.0.1 1 1");
    fs::write(place.path("rsentinel.toml"), "log.format = 'json'\n").unwrap();
    let mut running = started(&place, &[]);
    place.wait_for_line(
        "out",
        "\"event\":\"+monitor\",\"message\":\"master m 127.0.0.1 1 quorum 1\"",
    );
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code(), Some(0));
    let out = place.read("out");
    for line in out.lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect(line);
        assert_eq!(value["pid"], running.0.id(), "{line}");
    }
    assert!(
        out.contains("Received SIGTERM scheduling shutdown...") && !out.contains("has no effect")
    );
}
