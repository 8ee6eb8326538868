//! Scripts: what they are called for, their queue, their repeats and their end.

use rsentinel::core::action::Action;
use rsentinel::core::event::{
    Event, Instruction, ScriptEnd, SetChange, SetOption, StartFailure, TimingKey,
};
use rsentinel::core::notice::Level;
use rsentinel::core::scripts::ScriptId;
use rsentinel::core::view::ScriptState;

use super::cluster::*;
use super::world::{Disk, World};

const NOTIFY: &str = "/notify";
const RECONFIG: &str = "/reconfig";
/// The longest a script may run.
const MAX_RUNTIME: u64 = 60_000;

impl World {
    /// Scripts started: when, which, with what.
    fn starts(&self) -> Vec<(u64, ScriptId, Vec<&str>)> {
        let done = self.done.iter();
        done.filter_map(|d| match &d.action {
            Action::StartScript { script, argv } => {
                let argv = argv.iter().map(String::as_str).collect();
                Some((d.at, *script, argv))
            }
            _ => None,
        })
        .collect()
    }

    /// Arguments of the scripts started from an instant on.
    fn calls_since(&self, since: u64) -> Vec<Vec<&str>> {
        let starts = self.starts().into_iter();
        let late = starts.filter(|(at, _, _)| *at >= since);
        late.map(|(_, _, argv)| argv).collect()
    }

    /// When scripts were killed, and which.
    fn kills(&self) -> Vec<(u64, ScriptId)> {
        let done = self.done.iter();
        done.filter_map(|d| match d.action {
            Action::KillScript { script } => Some((d.at, script)),
            _ => None,
        })
        .collect()
    }

    fn script_starts(&mut self, script: ScriptId, pid: u32) {
        self.tell(Event::ScriptStarted { script, pid });
    }

    fn script_ends(&mut self, script: ScriptId, end: ScriptEnd) {
        self.tell(Event::ScriptEnded { script, end });
    }

    /// Makes `+set`, an event of warning level, so many times.
    fn set_quorum(&mut self, values: impl IntoIterator<Item = u32>) {
        let change = |n| SetChange {
            shown: format!("quorum {n}"),
            option: SetOption::Quorum(n),
        };
        self.set(values.into_iter().map(change).collect());
    }

    fn set(&mut self, changes: Vec<SetChange>) {
        self.instruct(Instruction::Set {
            name: name(),
            changes,
            then_error: None,
        });
    }

    fn debug(&mut self, key: TimingKey, ms: u64) {
        self.instruct(Instruction::Debug {
            changes: vec![(key, ms)],
            then_error: None,
        });
    }
}

fn with_scripts(replicas: usize, peers: usize) -> Plan {
    plan(replicas, peers, 2).with(|group| {
        group.notification_script = Some(NOTIFY.into());
        group.client_reconfig_script = Some(RECONFIG.into());
    })
}

/// A world in which the script of `+monitor` has ended.
fn quiet(replicas: usize, peers: usize) -> World {
    let mut w = with_scripts(replicas, peers).settled();
    let first = w.starts()[0].1;
    w.script_starts(first, 100);
    w.script_ends(first, ScriptEnd::Exited(0));
    w
}

/// A quiet world without servers' noise, and the one script that runs in it, begun now.
fn one_running(pid: u32) -> (World, ScriptId) {
    let mut w = quiet(0, 0);
    w.set_quorum([2]);
    let script = w.starts().last().expect("a start").1;
    w.script_starts(script, pid);
    (w, script)
}

fn quorum_of<'a>(argv: &[&'a str]) -> &'a str {
    argv[2].rsplit(' ').next().expect("a last word")
}

// ---- what scripts are called for ----

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

// ---- the queue ----

#[test]
fn sixteen_run_at_once_and_the_next_starts_in_the_turn_in_which_one_ends() {
    let mut w = quiet(0, 0);
    let from = w.now;
    w.set_quorum(1..=18);
    let starts = w.calls_since(from);
    let quorums: Vec<&str> = starts.iter().map(|argv| quorum_of(argv)).collect();
    let expected: Vec<String> = (1..=16).map(|n| n.to_string()).collect();
    assert_eq!(quorums, expected, "the oldest sixteen, in order");
    w.run(500);
    assert_eq!(w.calls_since(from).len(), 16);
    let third = w.starts()[3].1;
    w.script_starts(third, 5);
    w.script_ends(third, ScriptEnd::Exited(0));
    let at = w.now;
    let last = w.starts().last().cloned().expect("a start");
    assert_eq!((last.0, quorum_of(&last.2)), (at, "17"));
    assert_eq!(w.calls_since(from).len(), 17);
}

#[test]
fn the_257th_job_drops_the_oldest_that_does_not_run_and_the_log_says_so_once() {
    let mut w = quiet(0, 0);
    w.set_quorum(1..=16);
    w.run(1);
    let said = |w: &World| {
        let logs = w.logs();
        logs.iter().filter(|(_, l)| l.text.contains("drop")).count()
    };
    w.set_quorum(17..=256);
    assert_eq!(w.view().scripts.len(), 256);
    assert_eq!(said(&w), 0);
    w.set_quorum(257..=260);
    let view = w.view();
    let kept: Vec<u32> = view
        .scripts
        .iter()
        .map(|s| s.argv[2].rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    let expected: Vec<u32> = (1..=16).chain(21..=260).collect();
    assert_eq!(kept, expected);
    assert_eq!(said(&w), 1);
    assert_eq!(w.starts().len(), 1 + 16);
}

#[test]
fn a_job_that_waits_to_run_again_can_be_dropped_too() {
    let (mut w, script) = one_running(7);
    w.script_ends(script, ScriptEnd::Exited(1));
    w.set_quorum(1..=256);
    let view = w.view();
    assert_eq!(view.scripts.len(), 256);
    assert!(view.scripts.iter().all(|s| s.runs <= 1));
    let from = w.now + 1;
    w.run(40_000);
    assert!(w.calls_since(from).is_empty(), "nothing runs again");
}

// ---- ends and repeats ----

#[test]
fn a_script_that_ends_well_is_forgotten_and_no_event_is_published() {
    let (mut w, script) = one_running(77);
    w.run(10);
    w.script_ends(script, ScriptEnd::Exited(0));
    assert!(w.view().scripts.is_empty());
    assert!(w.told("+script-child").contains(&(w.now - 10, "77")));
    assert!(w.told("-script-child").contains(&(w.now, "77 0 0")));
    assert!(!w.was_told("-script-error"));
    assert!(
        w.notices()
            .all(|(_, n)| !n.name.as_str().contains("script-child")
                || n.name.level() == Level::Debug && n.master.is_none())
    );
}

#[test]
fn a_status_of_2_or_more_is_final_and_announced_with_signal_then_status() {
    for status in [2, 3, 255] {
        let (mut w, script) = one_running(77);
        w.script_ends(script, ScriptEnd::Exited(status));
        assert!(w.view().scripts.is_empty());
        let error = format!("{NOTIFY} 0 {status}");
        assert_eq!(w.told("-script-error"), [(w.now, error.as_str())]);
        let child = format!("77 {status} 0");
        assert_eq!(
            w.told("-script-child").last(),
            Some(&(w.now, child.as_str()))
        );
        let told = w
            .notices()
            .find(|(_, n)| n.name.as_str() == "-script-error");
        assert_eq!(told.expect("it was told").1.master, None);
        w.run(100_000);
        assert_eq!(w.starts().len(), 2);
    }
}

#[test]
fn a_status_of_1_or_a_signal_runs_again_up_to_ten_times_after_30_s_doubled_each_time() {
    for (end, error) in [
        (ScriptEnd::Exited(1), "/notify 0 1"),
        (ScriptEnd::Killed(15), "/notify 15 0"),
    ] {
        // The script of `-monitor`: with nothing left to watch, hours pass quickly.
        let mut w = quiet(0, 0);
        w.instruct(Instruction::Remove { name: name() });
        let script = w.starts()[1].1;
        let mut waits = Vec::new();
        loop {
            w.script_starts(script, 77);
            w.run(5);
            w.script_ends(script, end);
            let view = w.view().scripts;
            let Some(job) = view.first() else { break };
            assert!(!w.was_told("-script-error"));
            assert_eq!(job.pid, 0);
            let ScriptState::Scheduled { delay_ms } = job.state else {
                panic!("{job:?}");
            };
            let runs = w.starts().len();
            w.run(delay_ms - 1);
            assert_eq!(w.starts().len(), runs);
            w.run(1);
            assert_eq!(w.starts().len(), runs + 1);
            assert_eq!(w.starts().last().expect("a start").1, script);
            waits.push(delay_ms);
        }
        let expected: Vec<u64> = (0..9).map(|n| 30_000 << n).collect();
        assert_eq!(waits, expected);
        assert_eq!(w.told("-script-error"), [(w.now, error)]);
    }
}

#[test]
fn a_script_that_runs_again_goes_before_younger_ones() {
    let (mut w, script) = one_running(77);
    w.script_ends(script, ScriptEnd::Exited(1));
    w.set_quorum(101..=120);
    w.run(30_000);
    let younger: Vec<ScriptId> = w.starts()[2..].iter().map(|start| start.1).collect();
    assert_eq!(younger.len(), 16, "no room until one of them ends");
    assert!(!younger.contains(&script));
    w.script_starts(younger[0], 5);
    w.script_ends(younger[0], ScriptEnd::Exited(0));
    assert_eq!(w.starts().last().expect("a start").1, script);
}

#[test]
fn the_retry_delay_in_force_when_a_script_ends_is_used() {
    let (mut w, script) = one_running(77);
    w.debug(TimingKey::ScriptRetryDelay, 10);
    w.script_ends(script, ScriptEnd::Exited(1));
    let ended = w.now;
    w.run(100);
    assert_eq!(
        w.starts().last().map(|s| (s.0, s.1)),
        Some((ended + 10, script))
    );
}

#[test]
fn a_retry_delay_beyond_all_time_is_no_panic_and_never_comes() {
    let (mut w, script) = one_running(77);
    w.debug(TimingKey::ScriptRetryDelay, u64::MAX);
    w.script_ends(script, ScriptEnd::Exited(1));
    w.run(1_000_000);
    assert_eq!(w.starts().len(), 2);
}

#[test]
fn a_script_may_run_for_exactly_the_maximum_and_is_then_killed_and_announced() {
    let (mut w, script) = one_running(77);
    let begun = w.now;
    w.run(MAX_RUNTIME);
    assert!(w.kills().is_empty());
    w.run(1);
    assert_eq!(w.kills(), [(begun + MAX_RUNTIME + 1, script)]);
    assert_eq!(w.told("-script-timeout"), [(w.now, "/notify 77")]);
    w.run(3);
    w.script_ends(script, ScriptEnd::Killed(9));
    assert_eq!(w.told("-script-child").last(), Some(&(w.now, "77 0 9")));
    assert!(!w.was_told("-script-error"), "it runs again");
    let ended = w.now;
    w.run(30_000);
    assert_eq!(
        w.starts().last().map(|s| (s.0, s.1)),
        Some((ended + 30_000, script))
    );
    assert_eq!(w.kills().len(), 1);
    assert_eq!(w.told("-script-timeout").len(), 1);
}

#[test]
fn a_killed_script_that_does_not_end_is_killed_and_announced_once_a_second() {
    let (mut w, script) = one_running(77);
    w.run(MAX_RUNTIME + 1);
    let first = w.now;
    w.run(2_500);
    let kills = [first, first + 1_000, first + 2_000].map(|at| (at, script));
    assert_eq!(w.kills(), kills);
    assert_eq!(w.told("-script-timeout").len(), 3);
    w.script_ends(script, ScriptEnd::Killed(9));
    w.run(10_000);
    assert_eq!(w.kills().len(), 3);
}

#[test]
fn the_time_of_a_script_begins_with_its_process() {
    let mut w = quiet(0, 0);
    w.set_quorum([2]);
    let script = w.starts()[1].1;
    w.run(200_000);
    assert!(w.kills().is_empty(), "there is nothing to kill");
    w.script_starts(script, 77);
    let begun = w.now;
    w.run(100_000);
    assert_eq!(w.kills()[0], (begun + MAX_RUNTIME + 1, script));
}

#[test]
fn a_shorter_maximum_applies_to_what_runs_already() {
    let (mut w, script) = one_running(77);
    let begun = w.now;
    w.run(1_000);
    w.debug(TimingKey::ScriptMaxRuntime, 1_500);
    w.run(1_000);
    assert_eq!(w.kills(), [(begun + 1_501, script)]);
    w.debug(TimingKey::ScriptMaxRuntime, 1);
    assert_eq!(w.kills().len(), 1, "not before the second is over");
}

#[test]
fn scripts_start_and_are_killed_in_tilt() {
    let (mut w, script) = one_running(77);
    w.run(MAX_RUNTIME - 10_000);
    w.stall(5_000);
    assert!(w.view().tilt);
    let from = w.now;
    w.set_quorum([3]);
    assert_eq!(w.calls_since(from).len(), 1);
    w.run(6_000);
    assert!(w.view().tilt);
    assert_eq!(w.kills().first().map(|k| k.1), Some(script));
}

// ---- starts that fail ----

#[test]
fn what_is_no_program_is_dropped_as_if_it_had_ended_with_2_and_the_log_says_why() {
    let mut w = quiet(0, 0);
    w.set_quorum([2]);
    let script = w.starts()[1].1;
    let failure = StartFailure::NotExecutable("Exec format error".into());
    w.tell(Event::ScriptFailed { script, failure });
    assert_eq!(w.told("-script-error"), [(w.now, "/notify 0 2")]);
    assert!(w.view().scripts.is_empty());
    let logs = w.logs();
    let line = &logs.last().expect("a line").1.text;
    assert!(line.contains("/notify") && line.contains("Exec format error"));
}

#[test]
fn without_a_process_to_spare_a_script_stays_first_and_nothing_starts_for_a_second() {
    let mut w = quiet(0, 0);
    w.set_quorum([2, 3]);
    let from = w.now;
    let both = [w.starts()[1].1, w.starts()[2].1];
    for script in both {
        let failure = StartFailure::NoProcess("Resource temporarily unavailable".into());
        w.tell(Event::ScriptFailed { script, failure });
    }
    let errors = [(from, "/notify 99 0"), (from, "/notify 99 0")];
    assert_eq!(w.told("-script-error"), errors);
    let lines = w.logs();
    let lines = lines.iter().filter(|(_, l)| l.text.contains("unavailable"));
    assert_eq!(lines.count(), 1);
    w.run(500);
    w.set_quorum([4]);
    assert_eq!(w.starts().len(), 3, "also what is new waits");
    assert!(w.view().scripts.iter().all(|s| s.pid == 0 && s.runs == 0));
    w.run(1_000);
    let starts = w.starts();
    let again: Vec<_> = starts[3..].iter().map(|s| (s.0, s.1)).collect();
    assert_eq!(again[..2], both.map(|script| (from + 1_000, script)));
    assert_eq!(again.len(), 3);
}

#[test]
fn starts_that_failed_do_not_use_up_the_ten_runs() {
    let mut w = quiet(0, 0);
    w.set_quorum([2]);
    let script = w.starts()[1].1;
    for _ in 0..20 {
        let failure = StartFailure::NoProcess("no memory".into());
        w.tell(Event::ScriptFailed { script, failure });
        w.run(1_000);
    }
    w.script_starts(script, 77);
    w.script_ends(script, ScriptEnd::Exited(1));
    let view = w.view();
    assert_eq!(view.scripts[0].runs, 1);
    assert_eq!(
        view.scripts[0].state,
        ScriptState::Scheduled { delay_ms: 30_000 }
    );
}

#[test]
fn facts_about_scripts_that_do_not_run_change_nothing() {
    let (mut w, script) = one_running(77);
    w.script_ends(script, ScriptEnd::Exited(1));
    let told = w.notices().count();
    let unknown = ScriptId(4711);
    for script in [script, unknown] {
        w.script_starts(script, 5);
        w.script_ends(script, ScriptEnd::Exited(0));
        w.script_ends(script, ScriptEnd::Killed(9));
    }
    assert_eq!(w.notices().count(), told);
    assert_eq!(w.view().scripts.len(), 1);
}

// ---- what is shown ----

#[test]
fn the_listing_shows_argv_state_process_times_and_runs_oldest_first() {
    let (mut w, first) = one_running(77);
    w.set_quorum([5]);
    let second = w.starts()[2].1;
    w.script_starts(second, 78);
    w.run(40);
    w.script_ends(first, ScriptEnd::Exited(1));
    w.run(300);
    let view = w.view().scripts;
    assert_eq!(
        *view[0].argv,
        [NOTIFY, "+set", &format!("{MASTER} quorum 2")]
    );
    assert_eq!((view[0].pid, view[0].runs), (0, 1));
    assert_eq!(view[0].state, ScriptState::Scheduled { delay_ms: 29_700 });
    assert_eq!((view[1].pid, view[1].runs), (78, 1));
    assert_eq!(view[1].state, ScriptState::Running { for_ms: 340 });
    w.set_quorum(101..=120);
    let last = w.view().scripts.last().cloned().expect("a script");
    assert_eq!(last.state, ScriptState::Scheduled { delay_ms: 0 });
    assert_eq!(last.runs, 0);
    w.run(60_000);
    assert_eq!(
        w.view().scripts[0].state,
        ScriptState::Scheduled { delay_ms: 0 },
        "due, but there is no room"
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
