//! The queue of scripts: who may start, who waits how long, who has run too long.
//!
//! ```text
//!              due, fewer than 16 run             0, or 2 and more
//!   waiting -----------------------------> running -----------------> gone
//!      ^                                      |
//!      |   1, or a signal, up to the 10th run |
//!      '--------------------------------------'
//! ```
//!
//! A script keeps its place in the queue while it runs and while it waits to run again.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::types::Mono;

use super::super::event::ScriptEnd;
use super::super::timings::Timings;
use super::super::view::{ScriptState, ScriptView};

/// Jobs kept, running ones included; one more drops the oldest that does not run (measured).
pub const MAX_JOBS: usize = 256;
/// Jobs that run at the same time (measured).
const MAX_RUNNING: usize = 16;
/// How often a job runs at most (measured).
const MAX_RUNS: u32 = 10;
/// How long nothing is started after a process could not be made: long enough not to fill the
/// log, short beside what a script is for.
const START_PAUSE_MS: u64 = 1_000;
/// A killed script that does not end is announced this often.
const KILL_PAUSE_MS: u64 = 1_000;

/// Names one job; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScriptId(pub u64);

/// The jobs, oldest first.
#[derive(Debug, Default)]
pub struct Queue {
    jobs: VecDeque<Job>,
    next_id: u64,
    /// Nothing starts before this instant.
    pause_until: Option<Mono>,
    overflows: bool,
    changed: bool,
}

#[derive(Debug)]
struct Job {
    id: ScriptId,
    argv: Arc<[String]>,
    /// How often it ran, this time included.
    runs: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Since it was added, or until an instant.
    Waiting(Option<Mono>),
    Running {
        /// When it was started.
        since: Mono,
        /// Its process, once that is known to exist.
        pid: Option<u32>,
        /// When it was killed last.
        killed: Option<Mono>,
    },
}

/// Something to be done now.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Start a job.
    Start {
        /// Which.
        script: ScriptId,
        /// Path and arguments.
        argv: Arc<[String]>,
    },
    /// Kill a job that has run too long.
    Kill {
        /// Which.
        script: ScriptId,
        /// Its path.
        path: String,
        /// Its process.
        pid: u32,
    },
}

/// What became of a job that ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its path.
    pub path: String,
    /// The process that ended, if there was one.
    pub pid: Option<u32>,
    /// It failed and will not run again.
    pub gave_up: bool,
}

impl Queue {
    /// Adds a job at the end; what had to be dropped for it.
    pub fn add(&mut self, argv: Arc<[String]>) -> Option<Arc<[String]>> {
        self.changed = true;
        self.next_id += 1;
        let mut dropped = None;
        if self.jobs.len() >= MAX_JOBS
            && let Some(at) = self.jobs.iter().position(|job| !job.is_running())
        {
            dropped = self.jobs.remove(at).map(|job| job.argv);
        }
        self.overflows |= dropped.is_some();
        self.jobs.push_back(Job {
            id: ScriptId(self.next_id),
            argv,
            runs: 0,
            state: State::Waiting(None),
        });
        dropped
    }

    /// True from a job that was dropped for another until the queue is half empty.
    pub fn overflows(&self) -> bool {
        self.overflows
    }

    /// Something has to be looked at again.
    pub fn touch(&mut self) {
        self.changed = true;
    }

    /// Whether something has to be looked at again; asked once.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// The next thing to do at `now`: starts, oldest first, then kills.
    pub fn step(&mut self, now: Mono, timings: &Timings) -> Option<Step> {
        if self.pause_until.is_some_and(|until| until <= now) {
            self.pause_until = None;
        }
        self.start_one(now).or_else(|| self.kill_one(now, timings))
    }

    fn start_one(&mut self, now: Mono) -> Option<Step> {
        if self.pause_until.is_some() || self.running() >= MAX_RUNNING {
            return None;
        }
        let job = self.jobs.iter_mut().find(|job| job.is_due(now))?;
        job.runs += 1;
        job.state = State::Running {
            since: now,
            pid: None,
            killed: None,
        };
        Some(Step::Start {
            script: job.id,
            argv: job.argv.clone(),
        })
    }

    fn kill_one(&mut self, now: Mono, timings: &Timings) -> Option<Step> {
        let overdue = |job: &&mut Job| job.kill_at(timings).is_some_and(|at| at <= now);
        let job = self.jobs.iter_mut().find(overdue)?;
        let State::Running {
            pid: Some(pid),
            killed,
            ..
        } = &mut job.state
        else {
            return None;
        };
        *killed = Some(now);
        Some(Step::Kill {
            script: job.id,
            path: path_of(&job.argv),
            pid: *pid,
        })
    }

    /// When [`Queue::step`] has something to do again if nothing happens.
    pub fn next_step(&self, timings: &Timings) -> Option<Mono> {
        let may_start = self.running() < MAX_RUNNING;
        let starts = self.jobs.iter().filter_map(|job| match job.state {
            State::Waiting(until) if may_start => until.max(self.pause_until),
            _ => None,
        });
        let kills = self.jobs.iter().filter_map(|job| job.kill_at(timings));
        starts.chain(kills).min()
    }

    /// The process of a started job exists; false for a job that is not known to have been started.
    pub fn started(&mut self, id: ScriptId, process: u32, now: Mono) -> bool {
        self.changed = true;
        match self.job(id).map(|job| &mut job.state) {
            Some(State::Running { since, pid, .. }) => {
                *since = now;
                *pid = Some(process);
                true
            }
            _ => false,
        }
    }

    /// No process could be made for a job: it stays, this was no run, and nothing is started for
    /// a while. True for the first such failure of that while.
    pub fn not_started(&mut self, id: ScriptId, now: Mono) -> bool {
        self.changed = true;
        if let Some(job) = self.job(id).filter(|job| job.is_running()) {
            job.runs = job.runs.saturating_sub(1);
            job.state = State::Waiting(None);
        }
        self.pause_until
            .replace(now.plus(START_PAUSE_MS))
            .is_none_or(|until| until <= now)
    }

    /// A job's process has ended, or could not become the program.
    pub fn ended(
        &mut self,
        id: ScriptId,
        end: ScriptEnd,
        now: Mono,
        timings: &Timings,
    ) -> Option<Ended> {
        self.changed = true;
        let at = self.jobs.iter().position(|job| job.id == id)?;
        let job = self.jobs.get_mut(at)?;
        let State::Running { pid, .. } = job.state else {
            return None;
        };
        let path = path_of(&job.argv);
        let again = matches!(end, ScriptEnd::Killed(_) | ScriptEnd::Exited(1));
        if again && job.runs < MAX_RUNS {
            let doublings = job.runs.saturating_sub(1);
            let delay = timings.script_retry_delay.saturating_mul(1 << doublings);
            job.state = State::Waiting(Some(now.plus(delay)));
        } else {
            self.jobs.remove(at);
            self.overflows &= self.jobs.len() > MAX_JOBS / 2;
        }
        let gave_up = end != ScriptEnd::Exited(0) && self.job(id).is_none();
        Some(Ended { path, pid, gave_up })
    }

    /// The path of a job.
    pub fn path(&self, id: ScriptId) -> Option<String> {
        let job = self.jobs.iter().find(|job| job.id == id)?;
        Some(path_of(&job.argv))
    }

    /// All jobs, for a listing.
    pub fn view(&self, now: Mono) -> Arc<[ScriptView]> {
        self.jobs.iter().map(|job| job.view(now)).collect()
    }

    fn job(&mut self, id: ScriptId) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.id == id)
    }

    fn running(&self) -> usize {
        self.jobs.iter().filter(|job| job.is_running()).count()
    }
}

impl Job {
    fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    fn is_due(&self, now: Mono) -> bool {
        matches!(self.state, State::Waiting(until) if until.is_none_or(|at| at <= now))
    }

    /// When its process is to be killed (again): it may run for exactly the maximum.
    fn kill_at(&self, timings: &Timings) -> Option<Mono> {
        match self.state {
            State::Running {
                since,
                pid: Some(_),
                killed,
            } => {
                let first = since.plus(timings.script_max_runtime).plus(1);
                Some(killed.map_or(first, |at| first.max(at.plus(KILL_PAUSE_MS))))
            }
            _ => None,
        }
    }

    fn view(&self, now: Mono) -> ScriptView {
        let (pid, state) = match self.state {
            State::Waiting(until) => {
                let delay_ms = until.map_or(0, |at| at.since(now));
                (None, ScriptState::Scheduled { delay_ms })
            }
            State::Running { since, pid, .. } => {
                let for_ms = now.since(since);
                (pid, ScriptState::Running { for_ms })
            }
        };
        ScriptView {
            argv: self.argv.clone(),
            pid: pid.unwrap_or(0),
            state,
            runs: self.runs,
        }
    }
}

fn path_of(argv: &[String]) -> String {
    argv.first().cloned().unwrap_or_default()
}
