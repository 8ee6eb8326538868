//! What waits to be written to one connection: own replies, and pushes whose bytes are shared
//! with other subscribers. One side appends and never waits, the other writes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem::size_of;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::OutputLimit;

use super::counters::Counters;

/// The first bytes of a connection's waiting output that no limit counts (measured: the size of
/// the reference's fixed reply buffer).
const UNCOUNTED: usize = 16 * 1024;

/// Counted bytes that may wait for a connection that still has to authenticate: its answers are
/// short errors (the reference's number).
const UNAUTHENTICATED_LIMIT: usize = 1024;

/// With this many bytes waiting no further request of the connection is carried out until some
/// have gone. Far above what a client that reads leaves waiting; it bounds the memory of one
/// that does not where no output limit is configured.
const ENOUGH_WAITING: usize = 32 * 1024 * 1024;

/// Pieces handed to the system in one write: the gain is gone well before.
const PIECES_PER_WRITE: usize = 64;

/// The waiting output of one connection.
#[derive(Debug, Default)]
pub struct Outbox {
    state: RefCell<State>,
    /// Something to write, or the end.
    changed: Notify,
    /// Something was written.
    drained: Notify,
}

#[derive(Debug, Default)]
struct State {
    pieces: VecDeque<Bytes>,
    /// Own replies behind the last piece.
    tail: BytesMut,
    /// Pushes that wait for the reply of a running command.
    held: Option<Vec<Bytes>>,
    /// Bytes in all three.
    waiting: usize,
    over_soft_since: Option<Instant>,
    finished: bool,
}

/// Which rule the waiting output is judged by.
#[derive(Clone, Copy, Debug)]
pub enum OutputRule {
    /// The connection still has to authenticate.
    Unauthenticated,
    /// The limit of its class.
    Class(OutputLimit),
}

impl Outbox {
    /// Appends a reply; `write` gets the buffer to append to.
    pub fn reply(&self, write: impl FnOnce(&mut BytesMut)) {
        let mut state = self.state.borrow_mut();
        let before = state.tail.len();
        write(&mut state.tail);
        state.waiting += state.tail.len() - before;
        self.changed.notify_one();
    }

    /// Appends a push, behind the reply of the running command if there is one.
    pub fn push(&self, bytes: Bytes) {
        let mut state = self.state.borrow_mut();
        state.waiting += bytes.len();
        if let Some(held) = &mut state.held {
            held.push(bytes);
            return;
        }
        state.seal_tail();
        state.pieces.push_back(bytes);
        self.changed.notify_one();
    }

    /// From now on pushes wait: a command of the connection is running and its reply comes first.
    pub fn hold_pushes(&self) {
        let mut state = self.state.borrow_mut();
        state.held.get_or_insert_default();
    }

    /// The reply of the running command has been appended.
    pub fn release_pushes(&self) {
        let mut state = self.state.borrow_mut();
        let held = state.held.take().unwrap_or_default();
        if !held.is_empty() {
            state.seal_tail();
            state.pieces.extend(held);
            self.changed.notify_one();
        }
    }

    /// Nothing more will be appended: [`Outbox::write_to`] ends when all is written.
    pub fn finish(&self) {
        self.state.borrow_mut().finished = true;
        self.changed.notify_one();
    }

    /// Bytes waiting, with what keeping them costs.
    pub fn memory(&self) -> usize {
        let state = self.state.borrow();
        let pieces = state.pieces.len() + state.held.as_ref().map_or(0, Vec::len);
        state.waiting + pieces * size_of::<Bytes>()
    }

    /// Whether the connection has to be closed for what waits. To be asked after each append
    /// and from time to time.
    pub fn is_over(&self, rule: OutputRule) -> bool {
        let counted = self.memory().saturating_sub(UNCOUNTED);
        let limit = match rule {
            OutputRule::Unauthenticated => return counted > UNAUTHENTICATED_LIMIT,
            OutputRule::Class(limit) => limit,
        };
        let counted = u64::try_from(counted).unwrap_or(u64::MAX);
        let is_past = |bytes: u64| bytes != 0 && counted >= bytes;
        let mut state = self.state.borrow_mut();
        if !is_past(limit.soft) {
            state.over_soft_since = None;
            return is_past(limit.hard);
        }
        let since = *state.over_soft_since.get_or_insert_with(Instant::now);
        is_past(limit.hard) || since.elapsed() > Duration::from_secs(limit.soft_seconds)
    }

    /// Waits until the other end has taken enough for another request to be carried out.
    pub async fn room(&self) {
        while self.state.borrow().waiting >= ENOUGH_WAITING {
            self.drained.notified().await;
        }
    }

    /// Writes until [`Outbox::finish`] or an error; then closes this direction.
    pub async fn write_to<W>(&self, writer: &mut W, counters: &Counters) -> io::Result<()>
    where
        W: AsyncWrite + Unpin,
    {
        while let Some(batch) = self.next_batch().await {
            let slices: Vec<IoSlice<'_>> = batch.iter().map(|b| IoSlice::new(b)).collect();
            let count = writer.write_vectored(&slices).await?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            counters.writes.add(1);
            counters.bytes_out.add(count);
            self.state.borrow_mut().drop_written(count);
            self.drained.notify_one();
        }
        writer.shutdown().await
    }

    /// The front of what waits, which stays there until it is written; `None` at the end.
    async fn next_batch(&self) -> Option<Vec<Bytes>> {
        loop {
            {
                let mut state = self.state.borrow_mut();
                state.seal_tail();
                if !state.pieces.is_empty() {
                    return Some(
                        state
                            .pieces
                            .iter()
                            .take(PIECES_PER_WRITE)
                            .cloned()
                            .collect(),
                    );
                }
                if state.finished {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }
}

impl State {
    fn seal_tail(&mut self) {
        if !self.tail.is_empty() {
            let piece = self.tail.split().freeze();
            self.pieces.push_back(piece);
        }
    }

    fn drop_written(&mut self, mut count: usize) {
        self.waiting -= count;
        while let Some(front) = self.pieces.front_mut() {
            if front.len() > count {
                let _ = front.split_to(count);
                return;
            }
            count -= front.len();
            self.pieces.pop_front();
        }
        // All gone: the memory of a burst is not kept.
        if self.pieces.capacity() > PIECES_PER_WRITE {
            self.pieces = VecDeque::new();
        }
        if self.tail.is_empty() && self.tail.capacity() > UNCOUNTED {
            self.tail = BytesMut::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BufMut;

    use super::*;

    fn limit(hard: u64, soft: u64, soft_seconds: u64) -> OutputRule {
        OutputRule::Class(OutputLimit {
            hard,
            soft,
            soft_seconds,
        })
    }

    fn filled(bytes: usize) -> Outbox {
        let outbox = Outbox::default();
        outbox.reply(|out| out.put_bytes(b'x', bytes));
        outbox
    }

    async fn written(outbox: &Outbox) -> Vec<u8> {
        let mut bytes = Vec::new();
        outbox.finish();
        let done = outbox.write_to(&mut bytes, &Counters::default()).await;
        done.expect("memory takes all");
        bytes
    }

    #[tokio::test]
    async fn pushes_wait_for_the_reply_of_a_running_command() {
        let outbox = Outbox::default();
        outbox.push(Bytes::from_static(b"1"));
        outbox.hold_pushes();
        outbox.push(Bytes::from_static(b"3"));
        outbox.reply(|out| out.put_slice(b"2"));
        outbox.release_pushes();
        outbox.reply(|out| out.put_slice(b"4"));
        assert_eq!(written(&outbox).await, b"1234");
        assert_eq!(outbox.memory(), 0);
    }

    #[tokio::test]
    async fn more_pieces_than_one_write_takes_leave_in_order() {
        let outbox = Outbox::default();
        let pieces: Vec<String> = (0..500).map(|n| format!("{n},")).collect();
        for piece in &pieces {
            outbox.push(Bytes::from(piece.clone()));
        }
        assert_eq!(written(&outbox).await, pieces.concat().into_bytes());
    }

    #[test]
    fn the_first_16_kib_never_count() {
        assert!(!filled(16 * 1024).is_over(limit(1, 0, 0)));
        assert!(filled(16 * 1024 + 1).is_over(limit(1, 0, 0)));
        assert!(!filled(17 * 1024).is_over(OutputRule::Unauthenticated));
        assert!(filled(17 * 1024 + 1).is_over(OutputRule::Unauthenticated));
        assert!(!filled(1 << 20).is_over(limit(0, 0, 0)));
    }

    #[test]
    fn the_soft_limit_gives_time() {
        let outbox = filled(1 << 20);
        assert!(!outbox.is_over(limit(0, 1024, 3600)));
        assert!(outbox.is_over(limit(1024, 1024, 3600)));
    }

    #[test]
    fn held_pushes_count_too() {
        let outbox = Outbox::default();
        outbox.hold_pushes();
        outbox.push(Bytes::from(vec![b'x'; 1 << 20]));
        assert!(outbox.is_over(limit(1 << 19, 0, 0)));
    }
}
