//! What waits to be written to one connection: own replies, and pushes whose bytes are shared
//! with other subscribers. One side appends and never waits, the other writes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem::size_of;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWrite;
use tokio::time::Instant;

use crate::config::OutputLimit;

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

/// Shared bytes up to this many are copied.
const COPY_BELOW: usize = 512;

/// About the most bytes handed to the system in one write.
const BYTES_PER_WRITE: usize = 256 * 1024;

/// Pieces handed to the system in one write: the gain is gone well before.
const PIECES_PER_WRITE: usize = 64;

/// The waiting output of one connection.
#[derive(Debug, Default)]
pub struct Outbox {
    state: RefCell<State>,
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
    }

    /// Appends a reply whose bytes others are sent, too.
    pub fn shared_reply(&self, bytes: Bytes) {
        let mut state = self.state.borrow_mut();
        state.waiting += bytes.len();
        state.append(bytes);
    }

    /// Appends a push, behind the reply of the running command if there is one.
    pub fn push(&self, bytes: Bytes) {
        let mut state = self.state.borrow_mut();
        state.waiting += bytes.len();
        match &mut state.held {
            Some(held) => held.push(bytes),
            None => state.append(bytes),
        }
    }

    /// From now on pushes wait: a command of the connection is running and its reply comes first.
    pub fn hold_pushes(&self) {
        let mut state = self.state.borrow_mut();
        state.held.get_or_insert_default();
    }

    /// The reply of the running command has been appended.
    pub fn release_pushes(&self) {
        let mut state = self.state.borrow_mut();
        for push in state.held.take().unwrap_or_default() {
            state.append(push);
        }
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

    /// Whether the other end has taken enough for another request to be carried out.
    pub fn has_room(&self) -> bool {
        self.state.borrow().waiting < ENOUGH_WAITING
    }

    /// Whether so little waits that no limit counts it.
    pub fn is_small(&self) -> bool {
        self.memory() <= UNCOUNTED
    }

    /// Whether nothing can be written now.
    pub fn is_empty(&self) -> bool {
        let state = self.state.borrow();
        state.pieces.is_empty() && state.tail.is_empty()
    }

    /// Writes some of what waits, which must be something; how much.
    pub fn poll_write<W>(&self, cx: &mut Context<'_>, writer: &mut W) -> Poll<io::Result<usize>>
    where
        W: AsyncWrite + Unpin,
    {
        let mut state = self.state.borrow_mut();
        let writer = Pin::new(writer);
        let written = match (state.pieces.len(), state.pieces.front()) {
            (0, _) => writer.poll_write(cx, front(&state.tail)),
            (1, Some(only)) if state.tail.is_empty() => writer.poll_write(cx, front(only)),
            _ => {
                let mut slices = [IoSlice::new(&[]); PIECES_PER_WRITE];
                let tail: &[u8] = &state.tail;
                let pieces = state.pieces.iter().map(|piece| &piece[..]).chain([tail]);
                let (mut count, mut bytes) = (0, 0);
                for (slice, piece) in slices.iter_mut().zip(pieces) {
                    *slice = IoSlice::new(front(piece));
                    count += 1;
                    bytes += piece.len();
                    if bytes >= BYTES_PER_WRITE {
                        break;
                    }
                }
                writer.poll_write_vectored(cx, &slices[..count])
            }
        };
        let count = ready!(written)?;
        if count == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        state.drop_written(count);
        Poll::Ready(Ok(count))
    }
}

fn front(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(BYTES_PER_WRITE)]
}

impl State {
    /// Appends bytes that others may share. A few bytes are copied: what keeping a share of them
    /// takes is more than they are.
    fn append(&mut self, bytes: Bytes) {
        if bytes.len() > COPY_BELOW {
            self.seal_tail();
            self.pieces.push_back(bytes);
            return;
        }
        if self.tail.len() + bytes.len() > UNCOUNTED {
            // In pieces, so that much that waits is neither moved nor takes more than its size.
            self.seal_tail();
            self.tail = BytesMut::with_capacity(UNCOUNTED);
        }
        self.tail.extend_from_slice(&bytes);
    }

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
                front.advance(count);
                return;
            }
            count -= front.len();
            self.pieces.pop_front();
        }
        // All gone: the memory of a burst is not kept.
        if self.pieces.capacity() > PIECES_PER_WRITE {
            self.pieces = VecDeque::new();
        }
        if count < self.tail.len() {
            self.tail.advance(count);
        } else if self.tail.capacity() > UNCOUNTED {
            self.tail = BytesMut::new();
        } else {
            self.tail.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

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

    fn written(outbox: &Outbox) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        while !outbox.is_empty() {
            let done = outbox.poll_write(&mut cx, &mut bytes);
            assert!(matches!(done, Poll::Ready(Ok(1..))), "memory takes all");
        }
        bytes
    }

    #[test]
    fn pushes_wait_for_the_reply_of_a_running_command() {
        let outbox = Outbox::default();
        outbox.push(Bytes::from_static(b"1"));
        outbox.hold_pushes();
        outbox.push(Bytes::from_static(b"3"));
        outbox.reply(|out| out.put_slice(b"2"));
        outbox.release_pushes();
        outbox.reply(|out| out.put_slice(b"4"));
        assert_eq!(written(&outbox), b"1234");
        assert_eq!(outbox.memory(), 0);
    }

    #[test]
    fn more_pieces_than_one_write_takes_leave_in_order() {
        let outbox = Outbox::default();
        let pieces: Vec<String> = (0..500).map(|n| format!("{n},")).collect();
        for piece in &pieces {
            outbox.push(Bytes::from(piece.clone()));
            outbox.push(Bytes::from(vec![b'x'; COPY_BELOW + 1]));
        }
        let expected = pieces.join(&"x".repeat(COPY_BELOW + 1)) + &"x".repeat(COPY_BELOW + 1);
        assert_eq!(written(&outbox), expected.into_bytes());
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
