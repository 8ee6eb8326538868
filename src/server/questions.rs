//! Questions of a peer whose answers wait for the disk: those that arrive together wait together.
//!
//! A host with hundreds of masters dies, and a peer asks for as many votes on one connection.
//! Answered one after the other, each would wait for a write of its own.

use std::collections::VecDeque;
use std::rc::Rc;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::commands::down_reply;
use crate::core::Reply;

use super::carry_out::{Flow, finish, reply_unless_muted};
use super::clients::Client;
use super::serve::Shared;

/// So many questions of one connection are asked before the first answer is awaited.
const AT_MOST: usize = 1_024;

/// Questions that have been asked, in order, and not been answered.
#[derive(Debug, Default)]
pub struct Questions {
    waiting: VecDeque<oneshot::Receiver<Reply>>,
}

impl Questions {
    /// Nothing is owed.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// One more.
    pub fn asked(&mut self, answer: oneshot::Receiver<Reply>) {
        self.waiting.push_back(answer);
    }

    /// Whether this request may be carried out while answers are owed: it looks like a question.
    pub fn may_join(&self, words: &[Bytes]) -> bool {
        let is = |at: usize, word: &str| {
            let given = words.get(at);
            given.is_some_and(|given| given.eq_ignore_ascii_case(word.as_bytes()))
        };
        self.waiting.len() < AT_MOST && is(0, "sentinel") && is(1, "is-master-down-by-addr")
    }

    /// Waits for all answers and gives them, in order.
    pub async fn settle(&mut self, shared: &Shared, client: &Rc<Client>) -> Flow {
        if self.waiting.is_empty() {
            return Flow::GoOn;
        }
        while let Some(answer) = self.waiting.pop_front() {
            // The monitor is gone: the process is ending.
            let Ok(answer) = answer.await else {
                return Flow::CloseNow;
            };
            reply_unless_muted(shared, client, &down_reply(answer));
            client.session.borrow_mut().replies.request_done();
        }
        finish(shared, client)
    }
}
