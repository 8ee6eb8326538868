//! From what a command decided to what its connection is told: the replies that need nothing,
//! and those for which the monitor, the address table or the other connections are asked.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::commands::{Next, dispatch, down_reply, hello_reply, instruct_reply};
use crate::core;
use crate::core::event::{DownQuestion, Instruction};
use crate::core::view::View;
use crate::resp::Reply;

use super::clients::Client;
use super::door::Call;
use super::serve::Shared;

/// How a connection goes on after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// With its next request.
    GoOn,
    /// It is closed once everything is written.
    CloseWritten,
    /// It is closed at once.
    CloseNow,
}

/// The monitor is gone: the process is ending.
struct Gone;

/// Carries one request out. Returns when its reply has been appended to the outbox, so that
/// replies keep the order of requests; other connections go on meanwhile.
pub async fn carry_out(shared: &Shared, client: &Rc<Client>, words: &[Bytes]) -> Flow {
    shared.counters.commands.add(1);
    let next = dispatch(&mut client.session.borrow_mut(), &shared.settings, words);
    match next {
        Next::Close => return Flow::CloseNow,
        Next::Shutdown => {
            shared.shut_down();
            // There is no reply: the connection stays open until the process has stopped.
            std::future::pending::<()>().await;
        }
        Next::Subscribed(confirmations) | Next::Unsubscribed(confirmations) => {
            let mut subscriptions = shared.subscriptions.borrow_mut();
            subscriptions.learn(client, &confirmations);
            drop(subscriptions);
            for confirmation in &confirmations {
                say(shared, client, confirmation);
            }
        }
        next => match answer(shared, client, next).await {
            Ok(reply) => {
                say(shared, client, &reply);
                client.outbox.release_pushes();
            }
            Err(Gone) => return Flow::CloseNow,
        },
    }
    if client.close_after_reply.get() {
        Flow::CloseWritten
    } else {
        Flow::GoOn
    }
}

/// Appends a reply in the protocol the connection speaks now.
fn say(shared: &Shared, client: &Rc<Client>, reply: &Reply) {
    if let Reply::Error(text) = reply {
        shared.counters.error(text);
    }
    let proto = client.session.borrow().proto;
    client.outbox.reply(|out| reply.encode(proto, out));
    shared.check_output(client);
}

async fn answer(shared: &Shared, client: &Rc<Client>, next: Next) -> Result<Reply, Gone> {
    match next {
        Next::Reply(reply) => Ok(reply),
        Next::View(format) => Ok(format(&*view(shared).await?)),
        Next::Facts(format) => {
            let view = view(shared).await?;
            Ok(format(&view, &shared.facts()))
        }
        Next::Addresses(format) => Ok(format(&shared.door.addresses.load())),
        Next::AskDown(question) => ask_down(shared, client, question).await.map(down_reply),
        Next::Hello(text) => {
            let place = shared.door.peers.reserve().await.map_err(|_| Gone)?;
            // Nothing is awaited between here and the reply, so no event that this hello causes
            // can get in front of it.
            place.send(Call::Hello(text));
            Ok(hello_reply())
        }
        Next::Instruct(instruction) => {
            let reply = instruct(shared, client, instruction).await?;
            Ok(instruct_reply(reply))
        }
        Next::InstructThen(instruction, when_ok) => {
            match instruct(shared, client, instruction).await? {
                core::Reply::Ok => Ok(when_ok),
                other => Ok(instruct_reply(other)),
            }
        }
        Next::Clients(query) => Ok(shared.clients.answer(&query, client)),
        // The caller has dealt with these.
        Next::Subscribed(_) | Next::Unsubscribed(_) | Next::Shutdown | Next::Close => Err(Gone),
    }
}

/// A snapshot. When many wait for the monitor, only those who wait are delayed.
async fn view(shared: &Shared) -> Result<Arc<View>, Gone> {
    let (reply, answer) = oneshot::channel();
    let sent = shared.door.clients.send(Call::View(reply)).await;
    sent.map_err(|_| Gone)?;
    answer.await.map_err(|_| Gone)
}

async fn ask_down(
    shared: &Shared,
    client: &Client,
    question: DownQuestion,
) -> Result<core::Reply, Gone> {
    let (reply, answer) = oneshot::channel();
    let client_name = client.session.borrow().name.clone();
    client.outbox.hold_pushes();
    let call = Call::AskDown {
        question,
        client_name,
        reply,
    };
    shared.door.peers.send(call).await.map_err(|_| Gone)?;
    answer.await.map_err(|_| Gone)
}

async fn instruct(
    shared: &Shared,
    client: &Client,
    instruction: Instruction,
) -> Result<core::Reply, Gone> {
    let (reply, answer) = oneshot::channel();
    client.outbox.hold_pushes();
    let call = Call::Instruct { instruction, reply };
    shared.door.clients.send(call).await.map_err(|_| Gone)?;
    answer.await.map_err(|_| Gone)
}
