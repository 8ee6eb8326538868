//! What is refused, in which words and in which order; what is tolerated, and what is warned of.

mod memory_files;

use memory_files::{MemoryFiles, conf, read};
use rsentinel::config::{ConfigError, parse};

const M: &str = "sentinel monitor m 127.0.0.1 6379 2\n";

fn message(text: &str) -> String {
    match read(text) {
        Ok(_) => format!("accepted: {text}"),
        Err(ConfigError::Rejected { complaint, .. }) => complaint.to_string(),
        Err(other) => other.to_string(),
    }
}

#[test]
fn generic_errors_have_the_words_of_the_reference() {
    let table: &[(&str, &str)] = &[
        ("bogus x", "Bad directive or wrong number of arguments"),
        ("include", "Bad directive or wrong number of arguments"),
        ("include a b", "Bad directive or wrong number of arguments"),
        ("user", "Bad directive or wrong number of arguments"),
        (
            "rename-command x",
            "Bad directive or wrong number of arguments",
        ),
        (
            "rename-command nosuch x",
            "No such command in rename-command",
        ),
        (
            "rename-command FLUSHALL \"\"",
            "No such command in rename-command",
        ),
        (
            "rename-command PING SUBSCRIBE",
            "Target command name already exists",
        ),
        (
            "rename-command PING x\nrename-command ping y",
            "No such command in rename-command",
        ),
        ("port", "wrong number of arguments"),
        ("port 26379 # x", "wrong number of arguments"),
        ("requirepass a b", "wrong number of arguments"),
        ("port \"26379", "Unbalanced quotes in configuration line"),
        ("port \"2\"6379", "Unbalanced quotes in configuration line"),
        ("daemonize maybe", "argument must be 'yes' or 'no'"),
        (
            "loglevel notice#x",
            "argument(s) must be one of the following: debug, verbose, notice, warning, nothing",
        ),
        ("port 1s", "argument couldn't be parsed into an integer"),
        (
            "port 70000",
            "argument must be between 0 and 65535 inclusive",
        ),
        (
            "maxclients 0",
            "argument must be between 1 and 4294967295 inclusive",
        ),
        (
            "timeout -1",
            "argument must be between 0 and 2147483647 inclusive",
        ),
        (
            "client-query-buffer-limit 1.5mb",
            "argument must be a memory value",
        ),
        (
            "proto-max-bulk-len 1kb",
            "argument must be between 1048576 and 9223372036854775807 inclusive",
        ),
        (
            "unixsocketperm 888",
            "argument couldn't be parsed as an octal number",
        ),
        (
            "unixsocketperm 1777",
            "argument must be between 0 and 777 inclusive",
        ),
        (
            "bind 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7",
            "Too many bind addresses specified.",
        ),
        ("dir /missing", "No such file or directory"),
        (
            "logfile /missing/x",
            "Can't open the log file: No such file or directory",
        ),
        (
            "include /missing",
            "Fatal error, can't open config file '/missing': No such file or directory",
        ),
        (
            "client-output-buffer-limit normal 1mb 1",
            "Wrong number of arguments in buffer limit configuration.",
        ),
        (
            "client-output-buffer-limit foo 1mb 1 0",
            "Invalid client class specified in buffer limit configuration.",
        ),
        (
            "client-output-buffer-limit normal 1mb x 0",
            "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
        ),
        (
            "oom-score-adj-values 1 2 9999",
            "Invalid oom-score-adj-values, elements must be between -2000 and 2000.",
        ),
        (
            "proc-title-template {x}",
            "template format is invalid or contains unknown variables",
        ),
        ("foo.bar", "Module config specified without value"),
        (
            "user default on bogus",
            "Error in user declaration 'default': Syntax error",
        ),
        (
            "user default on #12",
            "Error in user declaration 'default': The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters",
        ),
        (
            "user a on\nuser a on",
            "Error in user declaration 'a': Duplicate user found. A user can only be defined once in config files",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(message(text), *expected, "{text}");
    }
}

#[test]
fn sentinel_errors_have_the_words_of_the_reference() {
    let table: &[(&str, &str)] = &[
        (
            "sentinel bogus",
            "Unrecognized sentinel configuration statement.",
        ),
        (
            "sentinel quorum m 1",
            "Unrecognized sentinel configuration statement.",
        ),
        (
            "sentinel monitor m 127.0.0.1 6379",
            "Unrecognized sentinel configuration statement.",
        ),
        (
            "sentinel auth-pass m a b",
            "Unrecognized sentinel configuration statement.",
        ),
        (
            "sentinel auth-pass x a",
            "No such master with specified name.",
        ),
        (
            "sentinel known-replica x 127.0.0.1 1",
            "No such master with specified name.",
        ),
        (
            "sentinel monitor m2 nohost 70000 0",
            "Quorum must be 1 or greater.",
        ),
        ("sentinel monitor m2 nohost 70000 1", "Invalid port number."),
        (
            "sentinel monitor m2 nohost 6379 1",
            "Can't resolve instance hostname.",
        ),
        (
            "sentinel monitor m 127.0.0.1 6379 3",
            "Duplicate master name.",
        ),
        (
            "sentinel down-after-milliseconds m 0",
            "negative or zero time parameter.",
        ),
        (
            "sentinel down-after-milliseconds m abc",
            "negative or zero time parameter.",
        ),
        (
            "sentinel failover-timeout m -1",
            "negative or zero time parameter.",
        ),
        (
            "sentinel master-reboot-down-after-period m -1",
            "negative time parameter.",
        ),
        (
            "sentinel notification-script m /x",
            "Notification script seems non existing or non executable.",
        ),
        (
            "sentinel client-reconfig-script m /x",
            "Client reconfiguration script seems non existing or non executable.",
        ),
        (
            "sentinel known-sentinel m 127.0.0.1 1 a\nsentinel known-sentinel m 127.0.0.1 2 a",
            "Duplicate runid for sentinel.",
        ),
        (
            "sentinel rename-command m config a\nsentinel rename-command m CONFIG b",
            "Same command renamed multiple times with rename-command.",
        ),
        ("sentinel myid abc", "Malformed Sentinel id in myid option."),
        (
            "sentinel deny-scripts-reconfig x",
            "Please specify yes or no for the deny-scripts-reconfig options.",
        ),
        (
            "sentinel resolve-hostnames x",
            "Please specify yes or no for the resolve-hostnames option.",
        ),
        (
            "sentinel announce-hostnames x",
            "Please specify yes or no for the announce-hostnames option.",
        ),
    ];
    for (line, expected) in table {
        assert_eq!(message(&format!("{line}\n{M}")), *expected, "{line}");
    }
}

#[test]
fn the_report_names_file_line_text_and_fault() {
    let text = format!("# a\n\n{M}  sentinel down-after-milliseconds m 0  \n");
    let error = read(&text).unwrap_err();
    let version = env!("CARGO_PKG_VERSION");
    let tail = "Reading the configuration file, at line 4\n>>> 'sentinel down-after-milliseconds m 0'\nnegative or zero time parameter.";
    let banner = format!("\n*** FATAL CONFIG FILE ERROR (rsentinel {version}) ***\n");
    assert_eq!(error.to_string(), format!("{banner}{tail}"));
    let named = error.in_file("/etc/sentinel.conf").to_string();
    assert_eq!(named, format!("{banner}File: /etc/sentinel.conf\n{tail}"));
    let untied = read("logfile /missing/x").unwrap_err().to_string();
    assert_eq!(
        untied,
        format!("{banner}Can't open the log file: No such file or directory")
    );
}

#[test]
fn no_error_shows_a_password() {
    for line in [
        "requirepass s3cr3t x",
        "sentinel auth-pass unknown s3cr3t",
        "sentinel authpass m s3cr3t",
        "sentinel auth-pass m \"s3cr3t",
        "user default on >s3cr3t bogus",
        "masterauth s3cr3t x",
        "user bob on >s3cr3t\nuser bob on >s3cr3t",
    ] {
        let text = format!("{line}\n{M}");
        let error = read(&text).expect_err(line);
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error}");
    }
    let conf = conf("requirepass s3cr3t\nmasterauth s3cr3t\nuser bob on >s3cr3t\n");
    assert!(!format!("{conf:?}").contains("s3cr3t"), "{conf:?}");
}

#[test]
fn a_generic_error_comes_before_a_sentinel_error_and_pass_one_before_pass_two() {
    let late_generic = format!("sentinel bogus\n{M}bogus x\n");
    assert_eq!(
        message(&late_generic),
        "Bad directive or wrong number of arguments"
    );
    let late_first_pass = "sentinel monitor m nohost 1 1\nsentinel myid x\n";
    assert_eq!(
        message(late_first_pass),
        "Malformed Sentinel id in myid option."
    );
    let late_monitor = "sentinel bogus\nsentinel monitor m nohost 1 1\n";
    assert_eq!(message(late_monitor), "Can't resolve instance hostname.");
}

#[test]
fn lines_may_precede_what_they_depend_on() {
    let conf = conf(
        "sentinel known-replica m replica-0.example 6379\n\
         sentinel down-after-milliseconds m 1s\n\
         sentinel monitor m node.example 6379 2\n\
         sentinel resolve-hostnames yes\n",
    );
    let master = &conf.sentinel.masters[0];
    assert_eq!(master.down_after, 1);
    assert_eq!(master.address.host(), "node.example");
    assert_eq!(master.known_replicas[0].host(), "replica-0.example");
}

#[test]
fn included_files_are_read_in_place_and_errors_name_them() {
    let mut files = MemoryFiles::with(&[
        ("one.conf", "port 1\ninclude two.conf\n"),
        ("two.conf", "port 2\nmaxclients 7\n"),
        ("glob/a", "port 11\nmaxcl"),
        ("glob/b", "ients 12\n"),
        ("bad.conf", "\nport x\n"),
        ("loop.conf", "include loop.conf\n"),
    ]);
    let conf = parse(b"port 3\ninclude one.conf\nmaxclients 5\n", &mut files).unwrap();
    assert_eq!((conf.server.port, conf.server.maxclients), (2, 5));
    let globbed = parse(b"include glob/*\ninclude none/*\n", &mut files).unwrap();
    assert_eq!((globbed.server.port, globbed.server.maxclients), (11, 12));
    let error = parse(b"include bad.conf\n", &mut files)
        .unwrap_err()
        .in_file("main.conf");
    assert!(
        error
            .to_string()
            .contains("File: bad.conf\nReading the configuration file, at line 2\n")
    );
    assert!(parse(b"include loop.conf", &mut files).is_err());
}

#[test]
fn the_last_of_several_lines_counts() {
    let conf = conf("port 1\nbind 1.1.1.1 -::1\nPORT 33\"230\"\nbind \"127.0.0.1 -::1\"\nhz 5\n");
    assert_eq!(conf.server.port, 33230);
    assert_eq!(conf.server.bind.len(), 2);
    assert_eq!(conf.server.bind[1].host, "::1");
    assert!(conf.server.bind[1].optional);
    assert!(conf.warnings.is_empty(), "{:?}", conf.warnings);
}

#[test]
fn what_only_the_reference_or_an_old_version_wrote_is_tolerated_with_a_warning() {
    let text = format!(
        "{M}{M}sentinel known-slave m 127.0.0.1 1\nsentinel known-replica m 127.0.0.1 1\n\
         sentinel known-replica m 127.0.0.1 6379\nsentinel known-sentinel m 1.1.1.1 0 abc\n\
         sentinel known-sentinel unknown 127.0.0.1 1\nsentinel announce-port 70000\n\
         sentinel config-epoch m 9\nsentinel leader-epoch m -1\nsentinel\nsave \"\"\n"
    );
    let conf = conf(&text);
    let master = &conf.sentinel.masters[0];
    assert_eq!(master.known_replicas.len(), 1);
    assert_eq!(master.known_peers.len(), 1);
    assert_eq!(master.leader_epoch, rsentinel::types::Epoch::MAX);
    assert_eq!(conf.sentinel.current_epoch.get(), 9);
    assert_eq!(conf.sentinel.announce_port, 0);
    assert_eq!(conf.warnings.len(), 5, "{:#?}", conf.warnings);
}

#[test]
fn what_has_no_effect_is_warned_of_unless_it_changes_nothing() {
    let quiet = conf("acllog-max-len 128\nappendonly yes\nslave-priority 5\n");
    assert!(quiet.warnings.is_empty(), "{:?}", quiet.warnings);
    let text = format!("{M}unixsocketgroup x\nsentinel notification-script m /x.sh\n");
    let expected =
        "directive 'unixsocketgroup' is accepted and kept but has no effect in this version";
    assert_eq!(conf(&text).warnings, [expected]);
}

#[test]
fn a_vote_counts_only_in_the_epoch_of_the_last_vote() {
    let vote = |epoch| {
        let text = format!("{M}# rsentinel voted-for m {epoch} abc\nsentinel leader-epoch m 7\n");
        conf(&text).sentinel.masters[0].voted_for.clone()
    };
    assert_eq!(vote(7), Some(rsentinel::types::RunId::new("abc")));
    assert_eq!(vote(6), None);
}
