//! Waking subscribers. Writing an event to thousands of them takes tens of milliseconds; they are
//! woken in portions, everybody else's turn between two.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::sync::Notify;
use tokio::task::yield_now;

use super::clients::Client;
use super::serve::Shared;

/// Woken at a time: about half a millisecond of writing.
const PORTION: usize = 64;

/// Subscribers with something to be written, in the order in which they are woken.
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

/// Wakes those that were added.
pub async fn wake_all(shared: Rc<Shared>) {
    let waiting = &shared.fan_out.waiting;
    loop {
        shared.fan_out.more.notified().await;
        while !waiting.borrow().is_empty() {
            for _ in 0..PORTION {
                let Some(client) = waiting.borrow_mut().pop_front() else {
                    break;
                };
                client.in_fan_out.set(false);
                client.wake();
            }
            // Sockets are looked at before this goes on.
            yield_now().await;
        }
        // The memory of a burst is not kept.
        waiting.borrow_mut().shrink_to(PORTION);
    }
}
