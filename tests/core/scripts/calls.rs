//! Who is called for what, with which words.

use rsentinel::core::event::{Instruction, ScriptEnd, SetChange, SetOption};
use rsentinel::core::notice::Level;
use rsentinel::core::scripts::ScriptId;

use super::super::cluster::*;
use super::super::world::Disk;
use super::{NOTIFY, RECONFIG, quiet, with_scripts};

#[test]
fn every_warning_tied_to_a_master_calls_its_script_with_name_and_payload_and_nothing_else_does() {
    let mut w = quiet(2, 2);
    let from = w.now;
    w.kill(R[1]);
    w.kill(P[1]);
    w.kill_master();
    // Each ends at once, so that all of them start.
    for _ in 0..200 {
        w.run(50);
        let begun: Vec<ScriptId> = w.starts().iter().map(|start| start.1).collect();
        for script in begun {
            w.script_starts(script, 5);
            w.script_ends(script, ScriptEnd::Exited(0));
        }
    }
    w.stall(3_000);
    let expected: Vec<Vec<&str>> = w
        .notices()
        .filter(|(at, n)| *at >= from && n.name.level() == Level::Warning && n.master.is_some())
        .map(|(_, n)| vec![NOTIFY, n.name.as_str(), n.text.as_str()])
        .collect();
    let calls: Vec<Vec<&str>> = w
        .calls_since(from)
        .into_iter()
        .filter(|argv| argv[0] == NOTIFY)
        .collect();
    assert_eq!(calls, expected);
    let called = |name: &str, payload: &str| calls.contains(&vec![NOTIFY, name, payload]);
    assert!(called("+sdown", MASTER), "of the master");
    assert!(called("+sdown", &replica(1)), "of a replica");
    assert!(called("+sdown", &peer(1)), "of a peer");
    assert!(called("+new-epoch", "1"));
    assert!(called("+vote-for-leader", &format!("{} 1", me())));
    assert!(w.was_told("+tilt") && w.was_told("+slave") && w.was_told("-role-change"));
    for none in ["+tilt", "+slave", "-role-change", "+slave-reconf-sent"] {
        assert!(!calls.iter().any(|argv| argv[1] == none), "{none}");
    }
}

#[test]
fn the_first_script_is_called_at_birth() {
    let w = with_scripts(0, 0).start();
    let payload = format!("{MASTER} quorum 2");
    assert_eq!(w.calls_since(0), [[NOTIFY, "+monitor", &payload]]);
}

#[test]
fn a_long_payload_is_cut_for_the_script_as_for_everybody() {
    let mut w = quiet(0, 0);
    let from = w.now;
    w.set(vec![SetChange {
        shown: "x".repeat(2_000),
        option: SetOption::Quorum(2),
    }]);
    let told = w.told("+set")[0].1.to_owned();
    assert_eq!(told.len(), 1023);
    assert_eq!(w.calls_since(from), [[NOTIFY, "+set", &told]]);
}

#[test]
fn set_of_a_notification_script_calls_it_for_that_very_set_and_clearing_it_does_not() {
    let mut w = plan(0, 0, 2)
        .process(|c| c.allow_scripts_reconfig = true)
        .settled();
    let change = |path: &str| SetChange {
        shown: format!("notification-script {path}"),
        option: SetOption::NotificationScript((!path.is_empty()).then(|| path.into())),
    };
    w.set(vec![change("/new")]);
    w.set(vec![change("")]);
    w.set_quorum([2]);
    assert_eq!(w.told("+set").len(), 3);
    let payload = format!("{MASTER} notification-script /new");
    assert_eq!(w.calls_since(0), [["/new", "+set", &payload]]);
}

#[test]
fn a_removed_master_calls_its_script_a_last_time_and_its_waiting_scripts_still_run() {
    let mut w = quiet(0, 0);
    w.set_quorum(1..=16);
    let from = w.now;
    w.instruct(Instruction::Remove { name: name() });
    assert_eq!(w.view().scripts.len(), 17);
    let first = w.starts()[1].1;
    w.run(10);
    w.script_starts(first, 5);
    w.script_ends(first, ScriptEnd::Exited(0));
    assert_eq!(w.calls_since(from + 1), [[NOTIFY, "-monitor", MASTER]]);
}

#[test]
fn the_leader_calls_the_reconfiguration_script_once_when_the_promotion_is_proved() {
    let mut w = quiet(2, 2);
    w.server(R[0]).offset = 100;
    w.kill_master();
    let proved = w.until("+promoted-slave", 5_000);
    w.run(0);
    let names: Vec<&str> = w
        .calls_since(proved)
        .iter()
        .map(|argv| {
            if argv[0] == RECONFIG {
                RECONFIG
            } else {
                argv[1]
            }
        })
        .collect();
    let order = ["+promoted-slave", "+failover-state-reconf-slaves", RECONFIG];
    assert_eq!(names[..3], order);
    w.until("+switch-master", 30_000);
    w.run(10_000);
    let calls = w.calls_since(0);
    let calls: Vec<_> = calls.iter().filter(|argv| argv[0] == RECONFIG).collect();
    let words = "mymaster leader start 10.0.0.1 6379 10.0.0.2 6379";
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0][1..].join(" "), words);
}

#[test]
fn an_observer_calls_the_reconfiguration_script_after_the_switch() {
    let mut w = quiet(2, 2);
    let from = w.now;
    w.hello_of(0, 5, R[1], 5);
    let calls = w.calls_since(from);
    let words: Vec<String> = calls.iter().map(|argv| argv.join(" ")).collect();
    assert_eq!(
        words,
        [
            format!("/notify +config-update-from {}", peer(0)),
            "/notify +switch-master mymaster 10.0.0.1 6379 10.0.0.3 6379".to_owned(),
            "/reconfig mymaster observer start 10.0.0.1 6379 10.0.0.3 6379".to_owned(),
        ]
    );
    // The same configuration again, and a newer epoch of it: nothing has changed.
    let then = w.now + 1;
    w.run(1);
    w.hello_of(1, 5, R[1], 5);
    w.hello_of(1, 5, R[1], 6);
    assert!(!w.calls_since(then).iter().any(|argv| argv[0] == RECONFIG));
}

#[test]
fn an_unresolvable_new_address_calls_no_script_until_it_resolves() {
    let mut w = with_scripts(1, 1)
        .process(|c| c.resolve_hostnames = true)
        .settled();
    let from = w.now;
    let hello = hello_text(P[0], &peer_id(0), 5, "new.name:7000", 5);
    w.hello(&hello);
    w.run(100);
    let switched = |argv: &Vec<&str>| argv[0] == RECONFIG || argv[1] == "+switch-master";
    assert!(!w.calls_since(from).iter().any(switched));
    w.names
        .insert("new.name".into(), "10.0.0.3".parse().unwrap());
    w.run(5_000);
    w.hello(&hello);
    w.run(100);
    assert!(w.was_told("+switch-master"));
    let calls = w.calls_since(from);
    let calls: Vec<_> = calls.iter().filter(|argv| argv[0] == RECONFIG).collect();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0][4..], ["10.0.0.1", "6379", "10.0.0.3", "7000"]);
}

#[test]
fn scripts_are_told_names_where_names_are_announced() {
    let mut w = with_scripts(1, 1)
        .process(|c| {
            c.resolve_hostnames = true;
            c.announce_hostnames = true;
        })
        .start();
    w.names
        .insert("new.name".into(), "10.0.0.3".parse().unwrap());
    w.run(1_000);
    let hello = hello_text(P[0], &peer_id(0), 5, "new.name:7000", 5);
    w.hello(&hello);
    w.run(3_000);
    let calls = w.calls_since(0);
    let call = calls.iter().find(|argv| argv[0] == RECONFIG);
    let words = "mymaster observer start 10.0.0.1 6379 new.name 7000";
    assert_eq!(call.expect("a call")[1..].join(" "), words);
}

#[test]
fn a_failover_that_is_aborted_calls_no_reconfiguration_script() {
    let mut w = quiet(1, 2);
    w.server(R[0]).priority = 0;
    w.run(15_000);
    w.kill_master();
    w.until("-failover-abort-no-good-slave", 10_000);
    w.run(100);
    assert!(!w.calls_since(0).iter().any(|argv| argv[0] == RECONFIG));
}

#[test]
fn a_script_that_never_ends_delays_no_failover() {
    let until_switched = |plan: Plan| {
        let mut w = plan.settled();
        w.kill_master();
        let from = w.now;
        w.until("+switch-master", 30_000) - from
    };
    // With a script none of them ever ends; without, none is ever begun.
    assert_eq!(
        until_switched(with_scripts(2, 2)),
        until_switched(plan(2, 2, 2))
    );
}

#[test]
fn a_vote_calls_its_script_only_when_it_is_on_disk() {
    let mut w = quiet(1, 2);
    w.disk = Disk::Writes(700);
    w.asked("10.0.0.1", 6379, 9, Some(&peer_id(0)));
    let told = w.until("+vote-for-leader", 5_000);
    let starts = w.starts();
    let vote = starts.iter().find(|s| s.2[1] == "+vote-for-leader");
    assert_eq!(vote.expect("a call").0, told);
}
