//! Turns for connections with much to write. Copying a long listing into a socket takes as long as
//! a dozen short requests; one such write at a time, and everybody else's turn between two, keeps
//! many who ask for listings from delaying the others.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::sync::Notify;
use tokio::task::yield_now;

use super::clients::Client;
use super::serve::Shared;

/// Where a connection with much to write stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteTurn {
    /// It has not asked.
    #[default]
    NotAsked,
    /// It waits.
    Asked,
    /// It may write once.
    Given,
}

/// Those who wait for their turn, in their order.
#[derive(Debug, Default)]
pub struct LargeWrites {
    /// `None` is where [`LargeWrites::after_these`] ends, at most once.
    waiting: RefCell<VecDeque<Option<Rc<Client>>>>,
    asked: Notify,
    has_end: Cell<bool>,
    end: Notify,
}

impl LargeWrites {
    /// Whether it is the connection's turn, which is over with that; if not, it is woken then.
    pub fn may_write(&self, client: &Rc<Client>) -> bool {
        match client.write_turn.get() {
            WriteTurn::Given => {
                client.write_turn.set(WriteTurn::NotAsked);
                return true;
            }
            WriteTurn::Asked => {}
            WriteTurn::NotAsked => {
                client.write_turn.set(WriteTurn::Asked);
                self.waiting.borrow_mut().push_back(Some(Rc::clone(client)));
                self.asked.notify_one();
            }
        }
        false
    }

    /// Waits until those had their turns who wait now, or less. What is long would only wait
    /// behind them: it is newer when it is made then, and more can share it.
    pub async fn after_these(&self) {
        if self.waiting.borrow().is_empty() {
            return;
        }
        if !self.has_end.replace(true) {
            self.waiting.borrow_mut().push_back(None);
        }
        self.end.notified().await;
    }
}

/// Gives turns, and lets everybody act between two.
pub async fn give_turns(shared: Rc<Shared>) {
    let writes = &shared.large_writes;
    loop {
        let next = writes.waiting.borrow_mut().pop_front();
        match next {
            Some(None) => {
                writes.has_end.set(false);
                writes.end.notify_waiters();
            }
            Some(Some(client)) => {
                client.give_write_turn();
                // Sockets are looked at before this goes on.
                yield_now().await;
            }
            None => writes.asked.notified().await,
        }
    }
}
