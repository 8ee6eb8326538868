//! One connection from its acceptance to its end: reading requests, carrying them out one by
//! one, writing what waits. One task does all of it; events are written to it by the fan-out, too.

use std::rc::Rc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::commands::client_line;
use crate::core::notice::Level;
use crate::resp::{Limits, RequestReader};

use super::at_once::{self, Answered};
use super::carry_out::{Flow, carry_out};
use super::clients::Client;
use super::questions::Questions;
use super::serve::Shared;
use super::stream::{Ended, Stream};

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
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    // Also when this task is dropped or panics.
    let _enrolled = Enrolled {
        shared: Rc::clone(&shared),
        client: Rc::clone(&client),
    };
    let stream = Stream::new(&shared, &client, stream);
    let end = match read_and_run(&shared, &client, &stream).await {
        Ok(end) => end,
        Err(Ended::ByThem) => End::Written,
        Err(Ended::Now) => return,
    };
    if end == End::Now {
        return;
    }
    if let Ok(Err(_killed)) = timeout(LAST_WRITES, stream.write_rest()).await {
        return;
    }
    if end == End::AfterProtocolError {
        let _ = timeout(DISCARD_FOR, stream.discard(DISCARD_AT_MOST)).await;
    }
}

struct Enrolled {
    shared: Rc<Shared>,
    client: Rc<Client>,
}

impl Drop for Enrolled {
    fn drop(&mut self) {
        self.client.kill();
        self.client.written_through(None);
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

/// Why no more requests are carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nothing more is to be written.
    Now,
    /// Replies are still to be written.
    Written,
    /// The same, and what still comes in is to be thrown away.
    AfterProtocolError,
}

async fn read_and_run<S>(
    shared: &Shared,
    client: &Rc<Client>,
    stream: &Stream<'_, S>,
) -> Result<End, Ended>
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let mut requests = RequestReader::new(Limits {
        max_bulk: shared.limits.max_bulk,
    });
    // What has come and is not understood yet.
    let mut buffer = BytesMut::new();
    let mut turn = 0;
    let mut questions = Questions::default();
    loop {
        if requests.is_between_requests() && !buffer.is_empty() && questions.is_empty() {
            let answered = at_once::answer(shared, client, &buffer, REQUESTS_PER_TURN - turn);
            buffer.advance(answered.bytes);
            turn += answered.requests;
        }
        let auth_required = shared.settings.auth_required(&client.session.borrow());
        let request = match requests.read(&mut buffer, auth_required) {
            Ok(request) => request,
            Err(error) => {
                stream
                    .while_writing(questions.settle(shared, client))
                    .await?;
                shared.counters.errors.add(1);
                if !client.session.borrow().replies.muted() {
                    client.outbox.reply(|out| error.encode(out));
                }
                shared.log_client(Level::Verbose, &format!("Protocol error ({error})"), client);
                return Ok(End::AfterProtocolError);
            }
        };
        client.unread.set(buffer.len() + requests.held());
        client.unread_free.set(buffer.capacity() - buffer.len());
        if let Some(words) = request {
            let work = carry_out(shared, client, &mut questions, &words);
            match stream.while_writing(work).await? {
                Flow::GoOn => {}
                Flow::CloseWritten => return Ok(End::Written),
                Flow::CloseNow => return Ok(End::Now),
            }
            if !client.outbox.has_room() {
                stream.room().await?;
            }
            turn += 1;
            if turn < REQUESTS_PER_TURN {
                continue;
            }
        }
        if turn >= REQUESTS_PER_TURN {
            turn = 0;
            stream.while_writing(yield_now()).await?;
            continue;
        }
        if !questions.is_empty() {
            match stream
                .while_writing(questions.settle(shared, client))
                .await?
            {
                Flow::GoOn => {}
                Flow::CloseWritten => return Ok(End::Written),
                Flow::CloseNow => return Ok(End::Now),
            }
            continue;
        }
        if buffer.len() + requests.held() > shared.limits.query_buffer {
            let what = "Closing client that reached max query buffer length";
            shared.log_client(Level::Warning, what, client);
            return Ok(End::Now);
        }
        if buffer.is_empty() {
            // A pause between requests: no memory is kept for what may come.
            buffer = BytesMut::new();
        }
        let may_answer = buffer.is_empty() && requests.is_between_requests();
        let arrived = |bytes: &[u8]| {
            let answered = if may_answer {
                at_once::answer(shared, client, bytes, REQUESTS_PER_TURN - turn)
            } else {
                Answered::default()
            };
            turn += answered.requests;
            buffer.extend_from_slice(&bytes[answered.bytes..]);
        };
        if !client.outbox.has_room() {
            stream.room().await?;
        }
        stream.read(arrived).await?;
    }
}
