//! One client connection: requests in order, replies in order, pushed messages in between.

use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::commands::{self, Outcome, Session};
use crate::request::take_request;
use crate::server::Shared;

/// Serves until either side ends it.
pub(crate) async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    let Ok(peer) = stream.peer_addr() else { return };
    let (id, inbox) = shared.lock().add_client(peer);
    converse(&shared, stream, id, inbox).await;
    shared.lock().clients.remove(&id);
}

async fn converse(
    shared: &Shared,
    mut stream: TcpStream,
    id: u64,
    mut inbox: tokio::sync::mpsc::Receiver<bytes::Bytes>,
) {
    let mut session = Session::new(id);
    let mut input = BytesMut::new();
    let mut output = BytesMut::new();
    loop {
        tokio::select! {
            biased;
            // The outbox's other end is dropped when somebody kills this client.
            pushed = inbox.recv() => {
                let Some(pushed) = pushed else { return };
                shared.while_hung().await;
                if stream.write_all(&pushed).await.is_err() {
                    return;
                }
            }
            read = stream.read_buf(&mut input) => {
                if !matches!(read, Ok(count) if count > 0) {
                    return;
                }
                shared.while_hung().await;
                let end = answer_all(shared, &mut session, &mut input, &mut output);
                if stream.write_all(&output).await.is_err() || end {
                    return;
                }
                output.clear();
            }
        }
    }
}

/// Answers all complete requests; true when the connection has to end.
fn answer_all(
    shared: &Shared,
    session: &mut Session,
    input: &mut BytesMut,
    output: &mut BytesMut,
) -> bool {
    loop {
        let Ok(request) = take_request(input) else {
            output.extend_from_slice(b"-ERR Protocol error\r\n");
            return true;
        };
        let Some(request) = request else { return false };
        let outcome = commands::run(&mut shared.lock(), session, &request.words);
        match outcome {
            Outcome::Answer(reply) => reply.write_to(output),
            Outcome::Silence => {}
            Outcome::AnswerAndClose(reply) => {
                reply.write_to(output);
                return true;
            }
            Outcome::Shutdown => {
                shared.end.notify_one();
                return true;
            }
        }
    }
}
