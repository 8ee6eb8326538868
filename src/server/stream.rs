//! The socket of a connection as its task uses it: whatever the task waits for, what waits in the
//! outbox is written meanwhile, and a kill ends the waiting. The fan-out of events writes to it,
//! too.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::clients::Client;
use super::serve::Shared;

/// The most read at a time; as much as the reference's unit, times four. All connections are read
/// into the same memory, so that one that asks nothing needs none.
pub const LARGEST_READ: usize = 64 * 1024;

/// A socket and what waits to be written to it.
pub struct Stream<'a, S> {
    shared: &'a Shared,
    client: &'a Rc<Client>,
    socket: Rc<RefCell<S>>,
}

/// A socket that is written to by others than its task.
pub type WritableSocket = Rc<RefCell<dyn AsyncWrite + Unpin>>;

/// Why a connection is not served on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The other end says no more, but may still read.
    ByThem,
    /// It was killed, or cannot be written to.
    Now,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin + 'static> Stream<'a, S> {
    /// The stream of this connection.
    pub fn new(shared: &'a Shared, client: &'a Rc<Client>, socket: S) -> Self {
        let socket = Rc::new(RefCell::new(socket));
        client.written_through(Some(socket.clone()));
        Stream {
            shared,
            client,
            socket,
        }
    }

    /// Waits for `work`.
    pub async fn while_writing<F: Future>(&self, work: F) -> Result<F::Output, Ended> {
        let mut work = pin!(work);
        self.wait(|cx| work.as_mut().poll(cx).map(Ok)).await
    }

    /// Waits until the other end has taken enough for another request.
    pub async fn room(&self) -> Result<(), Ended> {
        poll_fn(|cx| {
            self.client.served_by(cx.waker());
            if self.client.is_killed() {
                return Poll::Ready(Err(Ended::Now));
            }
            match self.poll_write(cx) {
                Poll::Ready(Err(_)) => Poll::Ready(Err(Ended::Now)),
                _ if self.client.outbox.has_room() => Poll::Ready(Ok(())),
                _ => Poll::Pending,
            }
        })
        .await
    }

    /// Waits for bytes and hands them on. More requests are waited for only when the replies to
    /// those before are on their way, but what has come is taken first: the replies of a pipeline
    /// leave together.
    pub async fn read(&self, mut arrived: impl FnMut(&[u8])) -> Result<(), Ended> {
        let (shared, client) = (self.shared, self.client);
        self.wait(|cx| {
            let mut memory = shared.input.borrow_mut();
            let mut into = ReadBuf::new(&mut memory);
            let read = Pin::new(&mut *self.socket.borrow_mut()).poll_read(cx, &mut into);
            match ready!(read) {
                Err(_) => Poll::Ready(Err(Ended::Now)),
                Ok(()) if into.filled().is_empty() => Poll::Ready(Err(Ended::ByThem)),
                Ok(()) => {
                    shared.counters.reads.add(1);
                    shared.counters.bytes_in.add(into.filled().len());
                    client.last_read.set(Instant::now());
                    arrived(into.filled());
                    Poll::Ready(Ok(()))
                }
            }
        })
        .await
    }

    /// Writes all that waits and says that this was all. An error when it is not possible, or the
    /// connection was killed.
    pub async fn write_rest(&self) -> Result<(), Ended> {
        poll_fn(|cx| {
            self.client.served_by(cx.waker());
            if self.client.is_killed() {
                return Poll::Ready(Err(Ended::Now));
            }
            // One that cannot be written to any more is closed all the same.
            if ready!(self.poll_write(cx)).is_ok() {
                let mut socket = self.socket.borrow_mut();
                let _ = ready!(Pin::new(&mut *socket).poll_shutdown(cx));
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Throws away what still comes, about so many bytes at most.
    pub async fn discard(&self, at_most: usize) {
        let mut left = at_most;
        poll_fn(|cx| {
            let mut memory = self.shared.input.borrow_mut();
            while left > 0 {
                let mut into = ReadBuf::new(&mut memory);
                let mut socket = self.socket.borrow_mut();
                let read = ready!(Pin::new(&mut *socket).poll_read(cx, &mut into));
                if read.is_err() || into.filled().is_empty() {
                    break;
                }
                left = left.saturating_sub(into.filled().len());
            }
            Poll::Ready(())
        })
        .await;
    }

    async fn wait<T>(
        &self,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<Result<T, Ended>>,
    ) -> Result<T, Ended> {
        poll_fn(|cx| {
            self.client.served_by(cx.waker());
            if self.client.is_killed() {
                return Poll::Ready(Err(Ended::Now));
            }
            if let Poll::Ready(done) = poll(cx) {
                return Poll::Ready(done);
            }
            match self.poll_write(cx) {
                Poll::Ready(Err(_)) => Poll::Ready(Err(Ended::Now)),
                // It goes on when the socket takes more, or its turn to write comes.
                _ => Poll::Pending,
            }
        })
        .await
    }

    fn poll_write(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        write_waiting(self.shared, self.client, cx, &mut *self.socket.borrow_mut())
    }
}

/// Writes until nothing waits for the connection.
fn write_waiting<W: AsyncWrite + Unpin + ?Sized>(
    shared: &Shared,
    client: &Rc<Client>,
    cx: &mut Context<'_>,
    mut socket: &mut W,
) -> Poll<io::Result<()>> {
    let outbox = &client.outbox;
    while !outbox.is_empty() {
        if !outbox.is_small() && !shared.large_writes.may_write(client) {
            return Poll::Pending;
        }
        let count = ready!(outbox.poll_write(cx, &mut socket))?;
        shared.counters.writes.add(1);
        shared.counters.bytes_out.add(count);
    }
    Poll::Ready(Ok(()))
}

/// Writes what waits for a connection, as its task would if it were woken, which takes longer.
/// What cannot be written now its task writes as soon as it can.
pub fn write_for_task(shared: &Shared, client: &Rc<Client>) {
    if client.is_killed() {
        return;
    }
    client.with_socket(|socket, cx| {
        // A panic ends this connection alone, as in its task.
        let write = AssertUnwindSafe(|| write_waiting(shared, client, cx, socket));
        match catch_unwind(write) {
            Err(_panic) => client.kill(),
            // Its task reads what has come before, and then meets the error, too.
            Ok(Poll::Ready(Err(_))) => client.wake(),
            Ok(_) => {}
        }
    });
}
