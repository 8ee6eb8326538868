//! From what a command decided to what its connection is told: the replies that need nothing,
//! and those for which the monitor, the address table or the other connections are asked.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::commands::{Next, dispatch, hello_reply, instruct_reply, waits_for};
use crate::core;
use crate::core::event::{DownQuestion, Instruction};
use crate::core::notice::Level;
use crate::core::view::View;
use crate::resp::Reply;

use super::access;
use super::admission::note_peer;
use super::clients::Client;
use super::door::Call;
use super::questions::Questions;
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

/// Carries one request out. Returns when its replies have been appended to the outbox, so that
/// replies keep the order of requests, or when it is owed an answer like those before it (see
/// [`Questions`]); other connections go on meanwhile.
pub async fn carry_out(
    shared: &Shared,
    client: &Rc<Client>,
    questions: &mut Questions,
    words: &[Bytes],
) -> Flow {
    if !questions.is_empty() && !questions.may_join(words) {
        match questions.settle(shared, client).await {
            Flow::GoOn => {}
            other => return other,
        }
    }
    wait_for_pause(shared, client, words).await;
    let next = dispatch(&mut client.session.borrow_mut(), &shared.settings, words);
    if !matches!(next, Next::AskDown(_)) {
        // What looked like a question, and is none: its reply comes after those that are owed.
        match questions.settle(shared, client).await {
            Flow::GoOn => {}
            other => return other,
        }
    }
    let answer = answer(shared, client, questions, next).await;
    if client.session.borrow().was_carried_out {
        shared.counters.commands.add(1);
    }
    match answer {
        Ok(Answer::One(reply)) => reply_unless_muted(shared, client, &reply),
        Ok(Answer::Encoded(bytes)) => {
            if !client.session.borrow().replies.muted() {
                client.outbox.shared_reply(bytes);
                shared.check_output(client);
            }
        }
        Ok(Answer::Confirmations(all)) => all.iter().for_each(|one| say(shared, client, one)),
        Ok(Answer::Later) => return Flow::GoOn,
        Err(flow) => return flow,
    }
    client.session.borrow_mut().replies.request_done();
    finish(shared, client)
}

/// After the replies to a request.
pub fn finish(shared: &Shared, client: &Client) -> Flow {
    client.outbox.release_pushes();
    if client.session.borrow().kept_bytes() > shared.limits.query_buffer {
        let what = "Closing client that reached max query buffer length";
        shared.log_client(Level::Warning, what, client);
        return Flow::CloseNow;
    }
    if client.close_after_reply.get() {
        Flow::CloseWritten
    } else {
        Flow::GoOn
    }
}

/// Waits while a pause holds this request back.
async fn wait_for_pause(shared: &Shared, client: &Client, words: &[Bytes]) {
    while let Some(mode) = shared.pause.in_force() {
        let waits = waits_for(mode, &client.session.borrow(), &shared.settings, words);
        client.session.borrow_mut().held = waits;
        if !waits {
            return;
        }
        shared.pause.changed().await;
        client.session.borrow_mut().held = false;
    }
}

/// What is said to a request.
enum Answer {
    One(Reply),
    /// The same, in the protocol of the connection.
    Encoded(Bytes),
    /// The pushes that confirm a change of subscriptions.
    Confirmations(Vec<Reply>),
    /// It is among the questions that are owed one.
    Later,
}

/// The monitor is gone, so the process is ending.
struct Gone;

impl From<Gone> for Flow {
    fn from(_: Gone) -> Self {
        Flow::CloseNow
    }
}

/// Appends a reply unless CLIENT REPLY silences it.
pub fn reply_unless_muted(shared: &Shared, client: &Rc<Client>, reply: &Reply) {
    if !client.session.borrow().replies.muted() {
        say(shared, client, reply);
    } else if let Reply::Error(_) = reply {
        shared.counters.errors.add(1);
    }
}

/// Appends a reply in the protocol the connection speaks now.
fn say(shared: &Shared, client: &Rc<Client>, reply: &Reply) {
    if let Reply::Error(_) = reply {
        shared.counters.errors.add(1);
    }
    let proto = client.session.borrow().proto;
    client.outbox.reply(|out| reply.encode(proto, out));
    shared.check_output(client);
}

/// `Err` when there is nothing to say.
async fn answer(
    shared: &Shared,
    client: &Rc<Client>,
    questions: &mut Questions,
    next: Next,
) -> Result<Answer, Flow> {
    let reply = match next {
        Next::Reply(reply) => reply,
        Next::View(format) => format(&*view(shared).await?),
        Next::Masters => {
            shared.large_writes.after_these().await;
            let view = view(shared).await?;
            let proto = client.session.borrow().proto;
            return Ok(Answer::Encoded(shared.snapshots.masters(&view, proto)));
        }
        Next::Facts(format) => {
            let view = view(shared).await?;
            format(&view, &shared.facts())
        }
        Next::Addresses(format) => format(&shared.door.addresses.load()),
        Next::AskDown(question) => {
            note_peer(shared, client);
            questions.asked(ask_down(shared, client, question).await?);
            return Ok(Answer::Later);
        }
        Next::Hello(text) => {
            note_peer(shared, client);
            let place = shared.door.peers.reserve().await.map_err(|_| Gone)?;
            // Nothing is awaited between here and the reply, so no event that this hello causes
            // can get in front of it.
            place.send(Call::Hello(text));
            hello_reply()
        }
        Next::Instruct(instruction) => instruct_reply(instruct(shared, client, instruction).await?),
        Next::InstructThen(instruction, when_ok) => {
            match instruct(shared, client, instruction).await? {
                core::Reply::Ok => when_ok,
                other => instruct_reply(other),
            }
        }
        Next::Clients(query) => shared.clients.answer(&query, client),
        Next::Subscribed(confirmations) | Next::Unsubscribed(confirmations) => {
            let mut subscriptions = shared.subscriptions.borrow_mut();
            subscriptions.learn(client, &confirmations);
            return Ok(Answer::Confirmations(confirmations));
        }
        Next::Pause { ms, mode } => {
            shared.pause.begin(ms, mode);
            Reply::OK
        }
        Next::Unpause => {
            shared.pause.lift();
            Reply::OK
        }
        Next::Denied(reply, denial) => {
            shared.counters.denied(denial.reason);
            shared.access.note(denial, client);
            reply
        }
        Next::Acl(step) => access::carry_out(shared, client, step).await,
        Next::Shutdown => {
            shared.shut_down();
            // There is no reply: the connection stays open until the process has stopped.
            std::future::pending().await
        }
        Next::Close => return Err(Flow::CloseNow),
    };
    Ok(Answer::One(reply))
}

/// A snapshot. When many wait for the monitor, only those who wait are delayed.
async fn view(shared: &Shared) -> Result<Arc<View>, Gone> {
    shared.snapshots.fresh().await.ok_or(Gone)
}

async fn ask_down(
    shared: &Shared,
    client: &Client,
    question: DownQuestion,
) -> Result<oneshot::Receiver<core::Reply>, Gone> {
    let (reply, answer) = oneshot::channel();
    let client_name = client.session.borrow().name.clone();
    client.outbox.hold_pushes();
    let call = Call::AskDown {
        question,
        client_name,
        reply,
    };
    shared.door.peers.send(call).await.map_err(|_| Gone)?;
    Ok(answer)
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
