//! Snapshots for listings: one at a time is asked for, and all who come meanwhile share the next,
//! which is taken after they asked. What was formatted from one is shared, too.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};

use crate::commands::masters_listing;
use crate::core::view::View;
use crate::resp::Proto;

use super::door::Call;
use super::serve::Shared;

/// Who waits for a snapshot, and what the last one looked like.
#[derive(Debug, Default)]
pub struct Snapshots {
    waiting: RefCell<Vec<oneshot::Sender<Arc<View>>>>,
    wanted: Notify,
    masters: RefCell<Masters>,
    /// Of the last listing, in bytes.
    length: Cell<usize>,
}

/// SENTINEL MASTERS, formatted at most once for each protocol.
#[derive(Debug, Default)]
struct Masters {
    of: Weak<View>,
    resp2: Option<Bytes>,
    resp3: Option<Bytes>,
}

impl Snapshots {
    /// A snapshot from now or later; `None` when the monitor is gone.
    pub async fn fresh(&self) -> Option<Arc<View>> {
        let (reply, answer) = oneshot::channel();
        self.waiting.borrow_mut().push(reply);
        self.wanted.notify_one();
        answer.await.ok()
    }

    /// The reply to SENTINEL MASTERS.
    pub fn masters(&self, view: &Arc<View>, proto: Proto) -> Bytes {
        let mut masters = self.masters.borrow_mut();
        // The pointer keeps the place of a snapshot that is gone from being used again.
        if !std::ptr::eq(masters.of.as_ptr(), Arc::as_ptr(view)) {
            *masters = Masters {
                of: Arc::downgrade(view),
                ..Masters::default()
            };
        }
        let listing = match proto {
            Proto::Resp2 => &mut masters.resp2,
            Proto::Resp3 => &mut masters.resp3,
        };
        let length = &self.length;
        let format = || {
            let bytes = masters_listing(view).to_bytes_of_about(length.get(), proto);
            length.set(bytes.len());
            bytes
        };
        listing.get_or_insert_with(format).clone()
    }

    /// To be called from time to time: nothing is kept for nobody.
    pub fn forget_listings(&self) {
        *self.masters.borrow_mut() = Masters::default();
    }
}

/// Fetches snapshots while there is a monitor.
pub async fn fetch_all(shared: Rc<Shared>) {
    let snapshots = &shared.snapshots;
    loop {
        snapshots.wanted.notified().await;
        let waiting = std::mem::take(&mut *snapshots.waiting.borrow_mut());
        if waiting.is_empty() {
            continue;
        }
        let (reply, answer) = oneshot::channel();
        if shared.door.clients.send(Call::View(reply)).await.is_err() {
            continue;
        }
        let Ok(view) = answer.await else { continue };
        for one in waiting {
            // Whoever has gone away meanwhile needs no answer.
            let _ = one.send(Arc::clone(&view));
        }
    }
}
