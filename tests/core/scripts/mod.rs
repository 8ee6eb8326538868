//! Scripts: what they are called for ([`calls`]), and their queue, their repeats and their end
//! ([`queue`]).

mod calls;
mod queue;

use rsentinel::core::action::Action;
use rsentinel::core::event::{Event, Instruction, ScriptEnd, SetChange, SetOption, TimingKey};
use rsentinel::core::scripts::ScriptId;

use super::cluster::*;
use super::world::World;

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
