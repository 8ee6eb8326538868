//! The bounded queue between those who say something and the thread that writes it.
//!
//! A push holds the lock for the time of moving one string; the writer takes everything there
//! is in one swap and writes it outside the lock. So a hung disk or terminal stops the writer
//! and nobody else: the queue fills, further lines are dropped, and their number is kept.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::line::Line;

/// The most lines waiting: a few seconds of the loudest failover of a thousand masters, and at
/// most about 9 MB if every line has the greatest length.
pub(super) const CAPACITY: usize = 8192;

/// What became of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pushed {
    /// It waits for the writer, or it was dropped and counted.
    Taken,
    /// There is no writer: the caller writes it itself.
    NoWriter(Line),
}

/// Everything the writer has to write now.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) lines: Vec<Line>,
    /// Lines dropped since the last batch.
    pub(super) dropped: u64,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<Line>,
    dropped: u64,
    writer: Writer,
    /// The writer holds a batch that it has not finished.
    writing: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Writer {
    #[default]
    None,
    Running,
    /// Writes what waits, then ends.
    Ending,
    /// Did not end in time: it still holds the log, so nobody may write.
    Hung,
}

#[derive(Debug)]
pub(super) struct LineQueue {
    state: Mutex<State>,
    capacity: usize,
    /// There is something for the writer.
    filled: Condvar,
    /// The writer has finished a batch, or ended.
    written: Condvar,
}

impl LineQueue {
    pub(super) fn new(capacity: usize) -> Self {
        LineQueue {
            state: Mutex::default(),
            capacity,
            filled: Condvar::new(),
            written: Condvar::new(),
        }
    }

    /// From here on lines wait for a writer, which must call [`LineQueue::next_batch`].
    /// `false` if there is one already.
    pub(super) fn open(&self) -> bool {
        let mut state = self.lock();
        let opened = state.writer == Writer::None;
        if opened {
            state.writer = Writer::Running;
        }
        opened
    }

    /// Takes an [`LineQueue::open`] back: no writer came.
    pub(super) fn reopen_without_writer(&self) {
        self.lock().writer = Writer::None;
    }

    pub(super) fn push(&self, line: Line) -> Pushed {
        let mut state = self.lock();
        if state.writer == Writer::None {
            return Pushed::NoWriter(line);
        }
        if state.lines.len() >= self.capacity || state.writer == Writer::Hung {
            state.dropped += 1;
            return Pushed::Taken;
        }
        state.lines.push(line);
        drop(state);
        self.filled.notify_one();
        Pushed::Taken
    }

    /// The writer's call: waits for lines. The batch before counts as written now. `None`: the
    /// queue is empty and closed; the writer ends.
    pub(super) fn next_batch(&self) -> Option<Batch> {
        let mut state = self.lock();
        state.writing = false;
        self.written.notify_all();
        while state.lines.is_empty() && state.dropped == 0 {
            if state.writer != Writer::Running {
                state.writer = Writer::None;
                self.written.notify_all();
                return None;
            }
            state = self
                .filled
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.writing = true;
        Some(Batch {
            lines: std::mem::take(&mut state.lines),
            dropped: std::mem::take(&mut state.dropped),
        })
    }

    /// Waits until everything said before has been written, at most `patience`. Whether it was.
    pub(super) fn flush(&self, patience: Duration) -> bool {
        self.wait(patience, |state| {
            state.writer == Writer::None || (state.lines.is_empty() && !state.writing)
        })
    }

    /// Lets the writer write what waits and end; whether it did within `patience`. Lines said
    /// later are the business of those who say them ([`Pushed::NoWriter`]), unless it did not.
    pub(super) fn close(&self, patience: Duration) -> bool {
        let mut state = self.lock();
        if state.writer == Writer::Running {
            state.writer = Writer::Ending;
        }
        drop(state);
        self.filled.notify_one();
        let ended = self.wait(patience, |state| state.writer == Writer::None);
        if !ended {
            self.lock().writer = Writer::Hung;
        }
        ended
    }

    fn wait(&self, patience: Duration, done: impl Fn(&State) -> bool) -> bool {
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            if done(&state) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self
                .written
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// A panic elsewhere while holding the lock must not silence the log: the state is valid
    /// after every statement.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
