//! One connection from its acceptance to its end: reading requests, carrying them out one by
//! one, writing what waits.

use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::commands::client_line;
use crate::core::notice::Level;
use crate::resp::{Limits, RequestReader};

use super::carry_out::{Flow, carry_out};
use super::clients::Client;
use super::serve::Shared;

/// How much is read at a time: little at first, because most connections ask little and there
/// may be very many, then twice as much after each read that was filled.
const FIRST_READ: usize = 1024;
/// The most read at a time; as much as the reference's unit, times four.
const LARGEST_READ: usize = 64 * 1024;
/// Requests carried out before the other connections get their turn.
const REQUESTS_PER_TURN: usize = 128;
/// How long a connection that is being closed may take to accept what is left for it.
const LAST_WRITES: Duration = Duration::from_secs(10);
/// How long, and how much, input is thrown away after a protocol error. Closing with unread
/// input would make the system discard the error line on its way to the client.
const DISCARD_FOR: Duration = Duration::from_secs(1);
/// See [`DISCARD_FOR`].
const DISCARD_AT_MOST: usize = 1024 * 1024;

/// Serves a connection until it ends, then forgets it.
pub async fn serve<S>(shared: Rc<Shared>, client: Rc<Client>, stream: S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Also when this task is dropped or panics.
    let _enrolled = Enrolled {
        shared: Rc::clone(&shared),
        client: Rc::clone(&client),
    };
    let (mut input, mut output) = tokio::io::split(stream);
    let mut writing = pin!(client.outbox.write_to(&mut output, &shared.counters));
    let end = tokio::select! {
        biased;
        () = client.killed() => End::Now,
        // Before writing, so that the replies of a pipeline leave together.
        end = read_and_run(&shared, &client, &mut input) => end,
        _ = &mut writing => End::Now,
    };
    if end != End::Now {
        client.outbox.finish();
        tokio::select! {
            () = client.killed() => return,
            _ = timeout(LAST_WRITES, &mut writing) => {}
        }
    }
    if end == End::AfterProtocolError {
        let _ = timeout(DISCARD_FOR, discard(&mut input)).await;
    }
}

struct Enrolled {
    shared: Rc<Shared>,
    client: Rc<Client>,
}

impl Drop for Enrolled {
    fn drop(&mut self) {
        self.client.kill();
        self.shared.subscriptions.borrow_mut().forget(&self.client);
        self.shared.clients.remove(self.client.id);
        self.shared.log(
            Level::Verbose,
            format!(
                "Client closed connection {}",
                client_line(&self.client.info())
            ),
        );
    }
}

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nothing more is to be written.
    Now,
    /// Replies are still to be written.
    Written,
    /// The same, and what still comes in is to be thrown away.
    AfterProtocolError,
}

async fn read_and_run<R>(shared: &Shared, client: &Rc<Client>, input: &mut R) -> End
where
    R: AsyncRead + Unpin,
{
    let mut requests = RequestReader::new(Limits {
        max_bulk: shared.limits.max_bulk,
    });
    let mut buffer = BytesMut::new();
    let mut read_size = FIRST_READ;
    let mut turn = 0;
    loop {
        let auth_required = shared.settings.auth_required(&client.session.borrow());
        let request = match requests.read(&mut buffer, auth_required) {
            Ok(request) => request,
            Err(error) => {
                shared.counters.errors.add(1);
                if !client.session.borrow().replies.muted() {
                    client.outbox.reply(|out| error.encode(out));
                }
                shared.log_client(Level::Verbose, &format!("Protocol error ({error})"), client);
                return End::AfterProtocolError;
            }
        };
        client.unread.set(buffer.len() + requests.held());
        if let Some(words) = request {
            match carry_out(shared, client, &words).await {
                Flow::GoOn => {}
                Flow::CloseWritten => return End::Written,
                Flow::CloseNow => return End::Now,
            }
            client.outbox.room().await;
            turn += 1;
            if turn % REQUESTS_PER_TURN == 0 {
                yield_now().await;
            }
            continue;
        }
        if buffer.len() + requests.held() > shared.limits.query_buffer {
            let what = "Closing client that reached max query buffer length";
            shared.log_client(Level::Warning, what, client);
            return End::Now;
        }
        if buffer.is_empty() {
            // A pause between requests: keep no more memory than the next read may need.
            buffer = BytesMut::new();
        }
        buffer.reserve(read_size);
        client.unread_free.set(buffer.capacity() - buffer.len());
        let room = buffer.capacity() - buffer.len();
        match input.read_buf(&mut buffer).await {
            Ok(0) => return End::Written,
            Err(_) => return End::Now,
            Ok(count) => {
                shared.counters.reads.add(1);
                shared.counters.bytes_in.add(count);
                client.last_read.set(tokio::time::Instant::now());
                read_size = if count == room {
                    (read_size * 2).min(LARGEST_READ)
                } else {
                    (read_size / 2).max(FIRST_READ)
                };
            }
        }
    }
}

async fn discard<R: AsyncRead + Unpin>(input: &mut R) {
    let mut rest = input.take(DISCARD_AT_MOST as u64);
    let _ = tokio::io::copy(&mut rest, &mut tokio::io::sink()).await;
}
