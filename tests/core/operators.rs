//! Instructions of operators.

use rsentinel::core::action::{Action, Socket};
use rsentinel::core::event::{
    ConfigChange, FailoverHow, Instruction, SetChange, SetOption, TimingKey,
};
use rsentinel::core::{Ask, Reply};
use rsentinel::types::MasterName;

use super::cluster::*;
use super::world::{Disk, World, epoch_of};

const NO_MASTER: &str = "ERR No such master with that name";

fn monitor(w: &mut World, name: &str, host: &str, port: i64) -> rsentinel::core::Waiter {
    w.instruct(Instruction::Monitor {
        name: MasterName::new(name),
        host: host.into(),
        port,
        quorum: 3,
    })
}

fn set(
    w: &mut World,
    changes: Vec<(&str, SetOption)>,
    then_error: Option<&str>,
) -> rsentinel::core::Waiter {
    w.instruct(Instruction::Set {
        name: name(),
        changes: changes
            .into_iter()
            .map(|(shown, option)| SetChange {
                shown: shown.into(),
                option,
            })
            .collect(),
        then_error: then_error.map(str::to_owned),
    })
}

fn error(text: &str) -> Reply {
    Reply::Error(text.into())
}

#[test]
fn what_a_new_master_brings_is_told_only_after_the_master_itself() {
    for disk in [Disk::Writes(500), Disk::Fails(500)] {
        let mut w = plan(1, 0, 2).settled();
        w.disk = disk;
        let from = w.now;
        monitor(&mut w, "other", ip(M), 6379);
        w.run(2_000);
        let told: Vec<&str> = w
            .notices()
            .filter(|(at, notice)| *at >= from && notice.text.contains("other"))
            .map(|(_, notice)| notice.name.as_str())
            .collect();
        assert_eq!(told, ["+monitor", "+slave"], "{disk:?}");
    }
}

#[test]
fn monitor_answers_ok_once_the_group_is_durable_and_then_tells_of_it() {
    let mut w = plan(0, 0, 2).settled();
    w.disk = Disk::Writes(30);
    let waiter = monitor(&mut w, "other", "10.0.0.8", 6379);
    let at = w.now;
    assert_eq!(w.reply(waiter), None);
    w.run(100);
    assert_eq!(w.reply(waiter), Some((at + 30, &Reply::Ok)));
    let told = w.told("+monitor");
    assert_eq!(
        told.last(),
        Some(&(at + 30, "master other 10.0.0.8 6379 quorum 3"))
    );
    assert_eq!(w.last_state().masters.len(), 2);
    assert_eq!(w.address("other"), Some(("10.0.0.8".into(), 6379)));
    assert!(
        !w.connects_to("10.0.0.8:6379", rsentinel::core::action::Socket::Command)
            .is_empty()
    );
}

#[test]
fn monitor_that_cannot_be_saved_answers_with_the_error_and_monitors_all_the_same() {
    let mut w = plan(0, 0, 2).settled();
    w.disk = Disk::Fails(1);
    let waiter = monitor(&mut w, "other", "10.0.0.8", 6379);
    w.run(10);
    assert_eq!(
        w.reply(waiter).unwrap().1,
        &error("ERR Failed to save config file. Check server logs.")
    );
    assert_eq!(w.told("+monitor").len(), 2);
    assert_eq!(w.view().masters.len(), 2);
}

#[test]
fn monitor_checks_the_host_then_the_port_then_the_name() {
    let mut w = plan(0, 0, 2).settled();
    let cases = [
        (
            "mymaster",
            "a.name",
            70_000,
            "ERR Invalid IP address or hostname specified",
        ),
        ("mymaster", "10.0.0.8", 70_000, "ERR Invalid port number."),
        ("mymaster", "10.0.0.8", -1, "ERR Invalid port number."),
        ("mymaster", "10.0.0.8", 6379, "ERR Duplicate master name."),
    ];
    for (name, host, port, text) in cases {
        let waiter = monitor(&mut w, name, host, port);
        assert_eq!(w.reply(waiter).unwrap().1, &error(text));
    }
    assert!(w.states().is_empty());
}

#[test]
fn monitor_of_a_name_waits_for_its_look_up() {
    let mut w = plan(0, 0, 2)
        .process(|c| c.resolve_hostnames = true)
        .settled();
    w.names.insert("a.name".into(), "10.0.0.8".parse().unwrap());
    let good = monitor(&mut w, "other", "a.name", 6379);
    let bad = monitor(&mut w, "third", "no.name", 6379);
    w.run(50);
    assert_eq!(w.reply(good).unwrap().1, &Reply::Ok);
    assert_eq!(
        w.reply(bad).unwrap().1,
        &error("ERR Invalid IP address or hostname specified")
    );
    assert_eq!(w.address("other"), Some(("10.0.0.8".into(), 6379)));
}

#[test]
fn two_monitors_of_one_name_that_wait_for_the_same_look_up_give_one_group() {
    let mut w = plan(0, 0, 2)
        .process(|c| c.resolve_hostnames = true)
        .settled();
    w.names.insert("a.name".into(), "10.0.0.8".parse().unwrap());
    let first = monitor(&mut w, "other", "a.name", 6379);
    let second = monitor(&mut w, "other", "a.name", 6379);
    w.run(50);
    assert_eq!(w.reply(first).unwrap().1, &Reply::Ok);
    assert_eq!(
        w.reply(second).unwrap().1,
        &error("ERR Duplicate master name.")
    );
}

#[test]
fn remove_tells_closes_everything_and_persists() {
    let mut w = plan(2, 2, 2).settled();
    let waiter = w.instruct(Instruction::Remove { name: name() });
    assert_eq!(w.told("-monitor"), vec![(w.now, MASTER)]);
    w.run(10);
    assert_eq!(w.reply(waiter).unwrap().1, &Reply::Ok);
    assert!(w.conns.is_empty());
    assert!(w.last_state().masters.is_empty());
    assert_eq!(w.address(NAME), None);
}

#[test]
fn instructions_for_an_unknown_master_are_errors() {
    let mut w = plan(0, 0, 2).settled();
    let nobody = || MasterName::new("nobody");
    for instruction in [
        Instruction::Remove { name: nobody() },
        Instruction::Failover {
            name: nobody(),
            how: FailoverHow::Forced,
        },
        Instruction::Set {
            name: nobody(),
            changes: Vec::new(),
            then_error: None,
        },
    ] {
        let waiter = w.instruct(instruction);
        assert_eq!(w.reply(waiter).unwrap().1, &error(NO_MASTER));
    }
}

#[test]
fn set_applies_each_option_tells_of_each_and_writes_once() {
    let mut w = plan(1, 1, 2).settled();
    let before = w.states().len();
    let waiter = set(
        &mut w,
        vec![
            ("quorum 3", SetOption::Quorum(3)),
            ("failover-timeout 9", SetOption::FailoverTimeout(9)),
            ("parallel-syncs 4", SetOption::ParallelSyncs(4)),
            ("down-after-milliseconds 77", SetOption::DownAfter(77)),
            (
                "master-reboot-down-after-period 5",
                SetOption::MasterRebootDownAfter(5),
            ),
        ],
        None,
    );
    assert_eq!(w.told("+set").len(), 5);
    assert_eq!(w.told("+set")[0].1, format!("{MASTER} quorum 3"));
    w.run(10);
    assert_eq!(w.reply(waiter).unwrap().1, &Reply::Ok);
    assert_eq!(w.states().len(), before + 1);
    let group = &w.last_state().masters[0];
    assert_eq!(
        (group.quorum, group.failover_timeout, group.parallel_syncs),
        (3, 9, 4)
    );
    assert_eq!((group.down_after, group.master_reboot_down_after), (77, 5));
    let view = w.view().masters[0].clone();
    assert_eq!(view.replicas[0].instance.down_after, 77);
    assert_eq!(view.peers[0].instance.down_after, 77);
}

#[test]
fn set_keeps_and_writes_what_came_before_an_error() {
    let mut w = plan(0, 0, 2).settled();
    let waiter = set(
        &mut w,
        vec![("quorum 3", SetOption::Quorum(3))],
        Some("ERR Unknown option"),
    );
    assert_eq!(w.reply(waiter).unwrap().1, &error("ERR Unknown option"));
    w.run(10);
    assert_eq!(w.last_state().masters[0].quorum, 3);
}

#[test]
fn set_of_a_script_is_denied_unless_allowed() {
    let script = || {
        vec![(
            "notification-script /x",
            SetOption::NotificationScript(Some("/x".into())),
        )]
    };
    let mut w = plan(0, 0, 2).settled();
    let waiter = set(&mut w, script(), None);
    assert!(matches!(w.reply(waiter).unwrap().1, Reply::Error(e) if e.contains("denied")));
    assert!(!w.was_told("+set"));
    let mut w = plan(0, 0, 2)
        .process(|c| c.allow_scripts_reconfig = true)
        .settled();
    let waiter = set(&mut w, script(), None);
    w.run(10);
    assert_eq!(w.reply(waiter).unwrap().1, &Reply::Ok);
}

#[test]
fn rename_command_to_itself_removes_the_mapping() {
    let mut w = plan(0, 0, 2).settled();
    let rename = |to: &str| SetOption::RenameCommand("config".into(), to.into());
    set(&mut w, vec![("rename-command", rename("xyz"))], None);
    w.run(10);
    assert_eq!(
        w.last_state().masters[0]
            .renames
            .get("CONFIG")
            .map(String::as_str),
        Some("xyz")
    );
    set(&mut w, vec![("rename-command", rename("CONFIG"))], None);
    w.run(10);
    assert!(w.last_state().masters[0].renames.is_empty());
}

#[test]
fn times_at_their_greatest_do_not_upset_anything() {
    let most = i64::MAX as u64;
    let mut w = plan(2, 2, 2).settled();
    for key in [
        TimingKey::InfoPeriod,
        TimingKey::PingPeriod,
        TimingKey::AskPeriod,
        TimingKey::PublishPeriod,
        TimingKey::TiltTrigger,
        TimingKey::TiltPeriod,
        TimingKey::SlaveReconfTimeout,
        TimingKey::MinLinkReconnectPeriod,
        TimingKey::ElectionTimeout,
    ] {
        w.instruct(Instruction::Debug {
            changes: vec![(key, most)],
            then_error: None,
        });
    }
    w.server(M).role = rsentinel::wire::Role::Replica;
    w.run(20_000);
    set(
        &mut w,
        vec![
            ("d", SetOption::DownAfter(most)),
            ("f", SetOption::FailoverTimeout(most)),
            ("r", SetOption::MasterRebootDownAfter(most)),
        ],
        None,
    );
    w.force();
    w.run(20_000);
    assert!(!w.was_told("+sdown"), "{}", w.story());
}

#[test]
fn timings_at_their_least_do_not_make_the_core_spin() {
    let mut w = plan(2, 2, 2).settled();
    for key in [
        TimingKey::InfoPeriod,
        TimingKey::PingPeriod,
        TimingKey::AskPeriod,
        TimingKey::PublishPeriod,
        TimingKey::TiltTrigger,
        TimingKey::TiltPeriod,
        TimingKey::SlaveReconfTimeout,
        TimingKey::MinLinkReconnectPeriod,
        TimingKey::ElectionTimeout,
    ] {
        w.instruct(Instruction::Debug {
            changes: vec![(key, 1)],
            then_error: None,
        });
    }
    // Everything each millisecond or two for five links is legitimate; more is not.
    w.most_turns_a_second = 12_000;
    w.run(3_000);
    w.kill_master();
    w.run(3_000);
}

#[test]
fn config_set_answers_ok_when_durable_and_a_new_log_level_is_applied() {
    let mut w = plan(0, 1, 2).settled();
    w.disk = Disk::Writes(20);
    let waiter = w.instruct(Instruction::ConfigSet(vec![
        ConfigChange::AnnouncePort(77),
        ConfigChange::LogLevel("debug".into()),
    ]));
    let at = w.now;
    assert!(
        w.done
            .iter()
            .any(|d| matches!(&d.action, Action::SetLogLevel(l) if l == "debug"))
    );
    w.run(100);
    assert_eq!(w.reply(waiter), Some((at + 20, &Reply::Ok)));
    assert_eq!(w.last_state().announce_port, 77);
    assert_eq!(w.last_state().loglevel.as_deref(), Some("debug"));
}

#[test]
fn flushconfig_writes_the_state() {
    let mut w = plan(1, 1, 2).settled();
    let waiter = w.instruct(Instruction::FlushConfig);
    assert_eq!(w.reply(waiter), None);
    w.run(10);
    assert_eq!(w.reply(waiter).unwrap().1, &Reply::Ok);
    assert_eq!(w.states().len(), 1);
}

#[test]
fn debug_changes_timings_and_lists_them() {
    let mut w = plan(0, 0, 2).settled();
    let waiter = w.instruct(Instruction::Debug {
        changes: vec![(TimingKey::InfoPeriod, 500)],
        then_error: None,
    });
    assert_eq!(w.reply(waiter).unwrap().1, &Reply::Ok);
    assert_eq!(w.view().timings[0], ("INFO-PERIOD", 500));
    let start = w.now;
    w.run(5_000);
    let infos = w.times_of(M, |a| *a == Ask::Info);
    assert!(infos.into_iter().filter(|t| *t > start).count() >= 9);
}

#[test]
fn default_down_after_and_failover_timeout_hold_for_later_masters_only() {
    let mut w = plan(0, 0, 2).settled();
    w.instruct(Instruction::Debug {
        changes: vec![
            (TimingKey::DefaultDownAfter, 123),
            (TimingKey::DefaultFailoverTimeout, 456),
        ],
        then_error: None,
    });
    monitor(&mut w, "other", "10.0.0.8", 6379);
    let view = w.view();
    let other = view.master("other").unwrap();
    assert_eq!(
        (other.instance.down_after, other.failover_timeout),
        (123, 456)
    );
    assert_eq!(view.master(NAME).unwrap().instance.down_after, 1_000);
}

#[test]
fn one_monitor_event_per_restored_master_is_the_first_thing_told() {
    let w = plan(0, 0, 2).start();
    assert_eq!(
        w.told("+monitor"),
        vec![(1_000, "master mymaster 10.0.0.1 6379 quorum 2")]
    );
}

#[test]
fn restored_epochs_raise_the_current_epoch() {
    let mut w = plan(1, 0, 1)
        .with(|m| {
            m.config_epoch = epoch_of(8);
            m.leader_epoch = epoch_of(11);
        })
        .settled();
    w.kill(M);
    w.until("+new-epoch", 3_000);
    assert_eq!(w.told("+new-epoch")[0].1, "12");
}

#[test]
fn a_restored_peer_with_the_own_id_and_restored_duplicates_are_dropped() {
    use rsentinel::config::KnownPeer;
    use rsentinel::types::RunId;
    let w = plan(2, 1, 2)
        .with(|m| {
            m.known_replicas.push(address(R[0]));
            m.known_replicas.push(address(M));
            m.known_peers.push(KnownPeer {
                address: address(P[1]),
                id: RunId::new(&me()),
            });
            m.known_peers.push(m.known_peers[0].clone());
        })
        .settled();
    let view = w.view().masters[0].clone();
    assert_eq!((view.replicas.len(), view.peers.len()), (2, 1));
}

#[test]
fn a_peer_heard_of_while_a_new_master_is_being_written_is_connected_to_all_the_same() {
    let mut w = plan(1, 1, 2).settled();
    w.disk = Disk::Hangs;
    monitor(&mut w, "other", ip(R[0]), 6379);
    let hello = hello_text(P[1], &peer_id(1), 0, R[0], 0).replace(&format!(",{NAME},"), ",other,");
    w.hello(&hello);
    w.run(500);
    w.settle_disk(Disk::Writes(1));
    w.run(500);
    w.hello(&hello);
    w.run(500);
    assert_eq!(w.told("+monitor").len(), 2, "{}", w.story());
    assert!(
        !w.connects_to(P[1], Socket::Command).is_empty(),
        "{}",
        w.story()
    );
}
