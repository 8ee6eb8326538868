//! SENTINEL commands that change a master: MONITOR, SET, RESET, REMOVE, FAILOVER; and the
//! question of another sentinel.

use super::*;
use crate::core::event::{DownQuestion, FailoverHow, SetChange, SetOption};
use crate::types::Secret;

fn set(stage: &mut Stage, options: &str) -> (Vec<SetChange>, Option<String>) {
    match stage.instruction(&format!("sentinel set mymaster {options}")) {
        Instruction::Set {
            name,
            changes,
            then_error,
        } => {
            assert_eq!(name, MasterName::new("mymaster"));
            (changes, then_error)
        }
        other => panic!("{other:?}"),
    }
}

/// The only change that a SET of one option makes.
fn one(stage: &mut Stage, option: &str) -> (String, SetOption) {
    let (mut changes, error) = set(stage, option);
    assert_eq!((changes.len(), error), (1, None), "{option}");
    let change = changes.remove(0);
    (change.shown, change.option)
}

#[test]
fn monitor_checks_quorum_port_and_name_in_this_order() {
    let mut stage = Stage::new();
    for (line, error) in [
        ("x 1.2.3.4 nope nope", "ERR Invalid quorum"),
        ("x 1.2.3.4 nope 2147483648", "ERR Invalid quorum"),
        ("x 1.2.3.4 nope 0", "ERR Invalid port"),
        ("x 1.2.3.4 6379 0", "ERR Quorum must be 1 or greater."),
        ("x 1.2.3.4 6379 -1", "ERR Quorum must be 1 or greater."),
        (
            "a\tb 1.2.3.4 6379 1",
            "ERR Master name must not contain control characters",
        ),
        (
            "a\u{a0}b 1.2.3.4 6379 1",
            "ERR Master name must not be empty or contain white space",
        ),
    ] {
        assert_eq!(
            stage.error(&format!("sentinel monitor {line}")),
            error,
            "{line}"
        );
    }
    for name in [b"".as_slice(), b"a b"] {
        assert_eq!(
            stage.say_words(&[b"sentinel", b"monitor", name, b"1.2.3.4", b"1", b"1"]),
            Reply::error("ERR Master name must not be empty or contain white space")
        );
    }
}

#[test]
fn monitor_leaves_host_and_port_range_to_the_core() {
    assert_eq!(
        Stage::new().instruction("sentinel monitor x not-an-ip 99999 2147483647"),
        Instruction::Monitor {
            name: MasterName::new("x"),
            host: "not-an-ip".into(),
            port: 99999,
            quorum: 2_147_483_647
        }
    );
}

#[test]
fn the_plain_instructions_carry_their_argument() {
    let mut stage = Stage::new();
    let name = MasterName::new("Nope");
    assert_eq!(
        stage.instruction("sentinel remove Nope"),
        Instruction::Remove { name: name.clone() }
    );
    for (words, how) in [
        ("Nope", FailoverHow::Forced),
        ("Nope COORDINATED", FailoverHow::Coordinated),
        ("Nope coordinated", FailoverHow::Coordinated),
        ("Nope FORCE", FailoverHow::Unknown),
    ] {
        assert_eq!(
            stage.instruction(&format!("sentinel failover {words}")),
            Instruction::Failover {
                name: name.clone(),
                how
            }
        );
    }
    assert_eq!(
        stage.say("sentinel failover Nope COORDINATED now"),
        Reply::error("ERR wrong number of arguments for 'sentinel|failover' command")
    );
    assert_eq!(
        stage.instruction("sentinel reset m*"),
        Instruction::Reset {
            pattern: "m*".into()
        }
    );
    assert_eq!(
        stage.instruction("sentinel flushconfig"),
        Instruction::FlushConfig
    );
    let bytes: [&[u8]; 3] = [b"sentinel", b"remove", b"\xff"];
    assert_eq!(
        stage.say_words(&bytes),
        Reply::error("ERR No such master with that name")
    );
}

#[test]
fn set_reads_every_option() {
    let mut stage = Stage::new();
    for (option, expected) in [
        ("Down-After-Milliseconds 5", SetOption::DownAfter(5)),
        ("failover-timeout 6", SetOption::FailoverTimeout(6)),
        ("parallel-syncs 7", SetOption::ParallelSyncs(7)),
        ("quorum 8", SetOption::Quorum(8)),
        ("auth-user bob", SetOption::AuthUser(Some("bob".into()))),
        ("auth-user ", SetOption::AuthUser(None)),
        (
            "rename-command SLAVEOF xyz",
            SetOption::RenameCommand("SLAVEOF".into(), "xyz".into()),
        ),
        (
            "master-reboot-down-after-period 0",
            SetOption::MasterRebootDownAfter(0),
        ),
        (
            "primary-reboot-down-after-period 9",
            SetOption::MasterRebootDownAfter(9),
        ),
    ] {
        assert_eq!(
            one(&mut stage, option),
            (option.to_owned(), expected),
            "{option}"
        );
    }
}

#[test]
fn set_never_shows_the_password() {
    let (shown, option) = one(&mut Stage::new(), "AUTH-pass s3cret");
    assert_eq!(shown, "AUTH-pass ******");
    assert_eq!(option, SetOption::AuthPass(Some(Secret::new(b"s3cret"))));
    let (shown, option) = one(&mut Stage::new(), "auth-pass ");
    assert_eq!(
        (shown.as_str(), option),
        ("auth-pass ******", SetOption::AuthPass(None))
    );
}

#[test]
fn set_keeps_what_came_before_the_first_bad_option() {
    let mut stage = Stage::new();
    let (changes, error) = set(
        &mut stage,
        "quorum 2 parallel-syncs 3 Quorum x failover-timeout 1",
    );
    assert_eq!(changes.len(), 2);
    assert_eq!(
        error.as_deref(),
        Some("ERR Invalid argument 'x' for SENTINEL SET 'Quorum'")
    );
}

#[test]
fn set_refuses_bad_values_and_unknown_options() {
    let mut stage = Stage::new();
    for option in [
        "down-after-milliseconds 0",
        "failover-timeout -1",
        "parallel-syncs 0",
        "quorum 2147483648",
        "quorum +1",
        "master-reboot-down-after-period -1",
    ] {
        let (name, value) = option.split_once(' ').unwrap();
        let expected = format!("ERR Invalid argument '{value}' for SENTINEL SET '{name}'");
        assert_eq!(set(&mut stage, option).1, Some(expected), "{option}");
    }
    assert_eq!(
        set(&mut stage, "rename-command  x").1.as_deref(),
        Some("ERR Invalid argument '' for SENTINEL SET 'rename-command'")
    );
    for (option, named) in [
        ("foo bar", "foo"),
        ("quorum 1 quorum", "quorum"),
        ("rename-command a", "rename-command"),
    ] {
        let expected =
            format!("ERR Unknown option or number of arguments for SENTINEL SET '{named}'");
        assert_eq!(set(&mut stage, option).1, Some(expected), "{option}");
    }
}

#[test]
fn scripts_may_be_changed_only_where_that_is_allowed_and_if_they_can_run() {
    let mut stage = Stage::new();
    let denied = "ERR Reconfiguration of scripts path is denied for security reasons. Check the \
                  deny-scripts-reconfig configuration directive in your Sentinel configuration";
    for option in ["notification-script /nope", "client-reconfig-script "] {
        assert_eq!(
            set(&mut stage, option).1.as_deref(),
            Some(denied),
            "{option}"
        );
    }
    stage.settings.allow_scripts_reconfig = true;
    stage.settings.is_executable = Arc::new(|path| path == "/ok");
    assert_eq!(
        set(&mut stage, "notification-script /nope").1.as_deref(),
        Some("ERR Notification script seems non existing or non executable")
    );
    assert_eq!(
        set(&mut stage, "client-reconfig-script /nope").1.as_deref(),
        Some("ERR Client reconfiguration script seems non existing or non executable")
    );
    assert_eq!(
        one(&mut stage, "notification-script /ok").1,
        SetOption::NotificationScript(Some("/ok".into()))
    );
    assert_eq!(
        one(&mut stage, "client-reconfig-script ").1,
        SetOption::ClientReconfigScript(None)
    );
}

#[test]
fn control_characters_are_kept_out_of_the_file_but_not_out_of_passwords() {
    let mut stage = Stage::new();
    stage.settings.allow_scripts_reconfig = true;
    for option in [
        "notification-script a\n",
        "client-reconfig-script \u{7f}",
        "rename-command a\n b",
        "rename-command a b\0",
    ] {
        let (changes, error) = set(&mut stage, option);
        assert!(changes.is_empty(), "{option:?}");
        assert!(
            error
                .unwrap()
                .contains("must not contain control characters"),
            "{option:?}"
        );
    }
    assert_eq!(
        one(&mut stage, "auth-pass a\nb").1,
        SetOption::AuthPass(Some(Secret::new(b"a\nb")))
    );
    assert_eq!(
        one(&mut stage, "auth-user a\nb").1,
        SetOption::AuthUser(Some("a\nb".into()))
    );
}

#[test]
fn the_question_of_another_sentinel_is_read_strictly() {
    let mut stage = Stage::new();
    let error = "ERR value is not an integer or out of range";
    for line in [
        "127.0.0.1 x 0 *",
        "127.0.0.1 05 0 *",
        "127.0.0.1 1 x *",
        "127.0.0.1 1 -1 *",
    ] {
        assert_eq!(
            stage.error(&format!("sentinel is-master-down-by-addr {line}")),
            error,
            "{line}"
        );
    }
    let Next::AskDown(question) = stage.next("sentinel is-master-down-by-addr 127.0.0.1 -5 9 *")
    else {
        panic!()
    };
    let epoch = Epoch::new(9).unwrap();
    assert_eq!(
        question,
        DownQuestion {
            host: "127.0.0.1".into(),
            port: -5,
            epoch,
            candidate: None
        }
    );
    let Next::AskDown(question) = stage.next("sentinel is-primary-down-by-addr h 1 9 abc") else {
        panic!()
    };
    assert_eq!(question.candidate, Some(RunId::new("abc")));
    let nobody = "a".repeat(1070);
    let Next::AskDown(question) =
        stage.next(&format!("sentinel is-master-down-by-addr h 1 9 {nobody}"))
    else {
        panic!()
    };
    assert_eq!(question.candidate, None, "too long to be anybody's id");
}

#[test]
fn the_core_s_answers_have_their_shapes_on_the_wire() {
    use crate::commands::{down_reply, instruct_reply};
    use crate::core;
    use crate::core::action::DownOpinion;
    let opinion = |leader, epoch| {
        core::Reply::Down(DownOpinion {
            down: true,
            leader,
            epoch,
        })
    };
    assert_eq!(
        down_reply(opinion(None, Epoch::ZERO)),
        Reply::Array(vec![Reply::Int(1), Reply::bulk("*"), Reply::Int(0)])
    );
    assert_eq!(
        down_reply(opinion(Some(RunId::new("abc")), Epoch::MAX)),
        Reply::Array(vec![
            Reply::Int(1),
            Reply::bulk("abc"),
            Reply::Int(i64::MAX)
        ])
    );
    assert_eq!(instruct_reply(core::Reply::Ok), Reply::OK);
    assert_eq!(instruct_reply(core::Reply::Count(2)), Reply::Int(2));
    assert_eq!(
        instruct_reply(core::Reply::Error("ERR x".into())),
        Reply::error("ERR x")
    );
}
