//! The scripts of operators: which are called for what, and the [`queue`] they wait in.
//!
//! A notification script is called for every event of warning level that is tied to its master;
//! a client reconfiguration script when the group's address changes: by the leader when the
//! promotion is proved, by everybody else when the new configuration is adopted. The shell only
//! starts and kills processes.

mod queue;

use std::sync::Arc;

use crate::types::{Address, MasterName, Now};

use super::action::Action;
use super::deadlines::Deadline;
use super::event::{ScriptEnd, StartFailure};
use super::notice::{EventName, Level};
use super::view::ScriptView;
use super::{MasterId, Sentinel};

pub(super) use queue::Queue;
pub use queue::ScriptId;
use queue::{Ended, MAX_JOBS, Step};

/// The part this sentinel had in a change of the master's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It led the failover.
    Leader,
    /// It adopted the configuration of another sentinel.
    Observer,
}

impl Sentinel {
    /// Calls the notification script of the master that an event is tied to, if it has one.
    pub(super) fn notify_script(&mut self, master: &MasterName, name: EventName, text: &str) {
        if name.level() != Level::Warning {
            return;
        }
        let script = self
            .names
            .get(master)
            .and_then(|id| self.masters.get(id))
            .and_then(|master| master.settings.notification_script.clone());
        if let Some(path) = script {
            self.queue_script(vec![path, name.as_str().to_owned(), text.to_owned()]);
        }
    }

    /// Calls the client reconfiguration script of a group whose address changed, if it has one.
    pub(super) fn reconfigure_clients(
        &mut self,
        id: MasterId,
        part: Part,
        from: &Address,
        to: &Address,
    ) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let Some(path) = master.settings.client_reconfig_script.clone() else {
            return;
        };
        let announce = self.settings.announce_hostnames;
        let part = match part {
            Part::Leader => "leader",
            Part::Observer => "observer",
        };
        let argv = vec![
            path,
            master.name.to_string(),
            part.to_owned(),
            // The one state there is.
            "start".to_owned(),
            from.announced(announce),
            from.port().to_string(),
            to.announced(announce),
            to.port().to_string(),
        ];
        self.queue_script(argv);
    }

    fn queue_script(&mut self, argv: Vec<String>) {
        let was_full = self.scripts.overflows();
        let dropped = self.scripts.add(argv.into());
        if let Some(argv) = dropped.filter(|_| !was_full) {
            let what = argv.join(" ");
            let text = format!(
                "{MAX_JOBS} scripts run or wait: the oldest that waits is dropped for each new one, first {what}"
            );
            self.log(Level::Warning, text);
        }
    }

    /// Starts what may start and kills what has run too long; to be called at the end of a turn.
    pub(super) fn tend_scripts(&mut self, now: Now) {
        if !self.scripts.take_changed() {
            return;
        }
        while let Some(step) = self.scripts.step(now.mono, &self.timings) {
            match step {
                Step::Start { script, argv } => {
                    self.out.push_back(Action::StartScript { script, argv });
                }
                Step::Kill { script, path, pid } => {
                    self.announce_text(EventName::ScriptTimeout, None, format!("{path} {pid}"));
                    self.out.push_back(Action::KillScript { script });
                }
            }
        }
        let next = self.scripts.next_step(&self.timings);
        self.deadlines.set(Deadline::Scripts, next);
    }

    /// A script's process exists.
    pub(super) fn script_started(&mut self, script: ScriptId, pid: u32, now: Now) {
        if self.scripts.started(script, pid, now.mono) {
            self.announce_text(EventName::ScriptChild, None, pid.to_string());
        }
    }

    /// A script's process does not exist.
    pub(super) fn script_failed(&mut self, script: ScriptId, failure: StartFailure, now: Now) {
        let Some(path) = self.scripts.path(script) else {
            return;
        };
        match failure {
            StartFailure::NoProcess(reason) => {
                if self.scripts.not_started(script, now.mono) {
                    let text = format!("Scripts can't be started at present: {reason}");
                    self.log(Level::Warning, text);
                }
                // What the reference says when the fork fails.
                self.announce_text(EventName::ScriptError, None, format!("{path} 99 0"));
            }
            StartFailure::NotExecutable(reason) => {
                let text = format!("The script {path} can't be executed: {reason}");
                self.log(Level::Warning, text);
                self.script_ended(script, ScriptEnd::Exited(NOT_EXECUTABLE), now);
            }
        }
    }

    /// A script has ended.
    pub(super) fn script_ended(&mut self, script: ScriptId, end: ScriptEnd, now: Now) {
        let (status, signal) = match end {
            ScriptEnd::Exited(status) => (status, 0),
            ScriptEnd::Killed(signal) => (0, signal),
        };
        let Some(Ended { path, pid, gave_up }) =
            self.scripts.ended(script, end, now.mono, &self.timings)
        else {
            return;
        };
        if let Some(pid) = pid {
            let text = format!("{pid} {status} {signal}");
            self.announce_text(EventName::ScriptChildEnd, None, text);
        }
        if gave_up {
            let text = format!("{path} {signal} {status}");
            self.announce_text(EventName::ScriptError, None, text);
        }
    }

    /// What SENTINEL PENDING-SCRIPTS shows.
    pub(super) fn scripts_view(&self, now: Now) -> Arc<[ScriptView]> {
        self.scripts.view(now.mono)
    }
}

/// The exit status that stands for a file that is no program.
const NOT_EXECUTABLE: u8 = 2;
