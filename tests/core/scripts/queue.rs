//! The queue: how many run and wait, what is killed, what runs again and when, what is shown.

use rsentinel::core::event::{Event, Instruction, ScriptEnd, StartFailure, TimingKey};
use rsentinel::core::notice::Level;
use rsentinel::core::scripts::ScriptId;
use rsentinel::core::view::ScriptState;

use super::super::cluster::*;
use super::super::world::World;
use super::{MAX_RUNTIME, NOTIFY, one_running, quiet, quorum_of};

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
