//! Writing to subscribers. An event for thousands of them takes tens of milliseconds; they are
//! written to in portions, everybody else's turn between two.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::sync::Notify;
use tokio::task::yield_now;

use super::clients::Client;
use super::serve::Shared;
use super::stream::write_for_task;

/// Written to at a time, in about half a millisecond.
const PORTION: usize = 64;

/// Subscribers with something to be written, in the order in which they are written to.
#[derive(Debug, Default)]
pub struct FanOut {
    waiting: RefCell<VecDeque<Rc<Client>>>,
    more: Notify,
}

impl FanOut {
    /// An event was appended to what waits for this connection.
    pub fn add(&self, client: &Rc<Client>) {
        if !client.in_fan_out.replace(true) {
            self.waiting.borrow_mut().push_back(Rc::clone(client));
            self.more.notify_one();
        }
    }
}

/// Writes to those that were added.
pub async fn write_to_all(shared: Rc<Shared>) {
    let waiting = &shared.fan_out.waiting;
    loop {
        shared.fan_out.more.notified().await;
        while !waiting.borrow().is_empty() {
            for _ in 0..PORTION {
                let Some(client) = waiting.borrow_mut().pop_front() else {
                    break;
                };
                client.in_fan_out.set(false);
                write_for_task(&shared, &client);
            }
            // Sockets are looked at before this goes on.
            yield_now().await;
        }
        // The memory of a burst is not kept.
        waiting.borrow_mut().shrink_to(PORTION);
    }
}
