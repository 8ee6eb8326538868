//! Clients that have connected and whose TLS handshake is not done yet: how many there may be,
//! and what becomes of each.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::collections::btree_map::OccupiedEntry;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout};

use crate::core::notice::Level;

use super::client;
use super::listener::{PROTECTED, must_be_refused_unprotected};
use super::serve::Shared;
use super::tls::{Accepting, Failure};

/// The most unfinished handshakes; each takes some 50 KB. Fewer where few clients may come: see
/// [`Handshaking::room`].
const AT_MOST: usize = 512;

/// When there is no place for another, one that has taken this long gives up its own. Honest ones
/// take milliseconds, and far less than this also when all places are taken by them.
const GRACE: Duration = Duration::from_secs(3);

/// Lines about failed handshakes in one second; the others are counted.
const LINES_PER_SECOND: u32 = 10;

/// How long a client that is refused may take to hear why.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The unfinished handshakes, in the order of their connects.
#[derive(Default)]
pub struct Handshaking {
    unfinished: RefCell<BTreeMap<u64, Unfinished>>,
    last_id: Cell<u64>,
    fewer: Notify,
    failures: Failures,
}

struct Unfinished {
    since: Instant,
    ends: String,
    task: AbortHandle,
}

impl Handshaking {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.unfinished.borrow().len()
    }

    /// Waits until another client may be accepted. While there is no place, clients wait in the
    /// backlog of the listener, until a handshake ends or the oldest has had its time.
    pub async fn room(&self, shared: &Shared) {
        let places = (shared.limits.maxclients / 4).clamp(1, AT_MOST);
        while self.len() >= places {
            let Some(oldest) = self.oldest() else { return };
            tokio::select! {
                () = self.fewer.notified() => {}
                () = sleep_until(oldest + GRACE) => self.end_oldest(shared),
            }
        }
    }

    fn oldest(&self) -> Option<Instant> {
        let unfinished = self.unfinished.borrow();
        unfinished.values().next().map(|one| one.since)
    }

    fn end_oldest(&self, shared: &Shared) {
        // The one that was waited for may just have finished.
        let is_late = |one: &OccupiedEntry<'_, u64, Unfinished>| one.get().since.elapsed() >= GRACE;
        let oldest = {
            let mut unfinished = self.unfinished.borrow_mut();
            let oldest = unfinished.first_entry().filter(is_late);
            oldest.map(OccupiedEntry::remove)
        };
        if let Some(one) = oldest {
            one.task.abort();
            let reason = "others wait, and the TLS handshake has taken too long";
            self.failures.say(shared, reason, &one.ends);
        }
    }
}

/// Shakes hands with a client that was let in, and serves it.
pub fn begin(shared: &Rc<Shared>, tls: Accepting, stream: TcpStream, from: SocketAddr) {
    let Ok(at) = stream.local_addr() else {
        return; // The other end is gone already.
    };
    let handshaking = &shared.handshaking;
    let id = handshaking.last_id.get() + 1;
    handshaking.last_id.set(id);
    let task = tokio::task::spawn_local(shake_and_serve(
        Place {
            shared: Rc::clone(shared),
            id,
        },
        tls,
        stream,
        from,
        at,
    ));
    let one = Unfinished {
        since: Instant::now(),
        ends: format!("addr={from} laddr={at}"),
        task: task.abort_handle(),
    };
    handshaking.unfinished.borrow_mut().insert(id, one);
}

/// A place among the unfinished; dropping it gives it back.
struct Place {
    shared: Rc<Shared>,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let handshaking = &self.shared.handshaking;
        handshaking.unfinished.borrow_mut().remove(&self.id);
        handshaking.fewer.notify_one();
    }
}

async fn shake_and_serve(
    place: Place,
    tls: Accepting,
    stream: TcpStream,
    from: SocketAddr,
    at: SocketAddr,
) {
    let fd = i64::from(stream.as_raw_fd());
    let outcome = tls.accept(stream).await;
    let shared = Rc::clone(&place.shared);
    drop(place);
    let mut stream = match outcome {
        Ok(stream) => stream,
        Err(failure) => {
            return shared
                .handshaking
                .failures
                .note(&shared, &failure, from, at);
        }
    };
    if must_be_refused_unprotected(&shared, from) {
        shared.counters.rejected.add(1);
        let words = async {
            stream.write_all(PROTECTED).await?;
            stream.shutdown().await
        };
        // Best effort: who does not listen is closed all the same.
        let _ = timeout(LAST_WORDS, words).await;
        return;
    }
    let client = shared
        .clients
        .enrol(from.to_string(), at.to_string(), fd, &shared);
    client::serve(shared, client, stream).await;
}

/// The lines about failed handshakes: a storm of them must not drown the log.
#[derive(Default)]
struct Failures {
    second: Cell<Option<Instant>>,
    said: Cell<u32>,
    unsaid: Cell<u32>,
}

impl Failures {
    fn note(&self, shared: &Shared, failure: &Failure, from: SocketAddr, at: SocketAddr) {
        let ends = format!("addr={from} laddr={at}");
        if failure.said_nothing {
            let text = format!("Client closed connection before its TLS handshake: {ends}");
            return shared.log(Level::Verbose, text);
        }
        self.say(shared, &failure.reason, &ends);
    }

    fn say(&self, shared: &Shared, reason: &str, ends: &str) {
        let now = Instant::now();
        let same_second = self
            .second
            .get()
            .is_some_and(|began| now - began < Duration::from_secs(1));
        if !same_second {
            self.second.set(Some(now));
            self.said.set(0);
            let unsaid = self.unsaid.take();
            if unsaid > 0 {
                let text = format!("{unsaid} more TLS handshakes of clients have failed");
                shared.log(Level::Warning, text);
            }
        }
        if self.said.get() >= LINES_PER_SECOND {
            self.unsaid.set(self.unsaid.get().saturating_add(1));
            return;
        }
        self.said.set(self.said.get() + 1);
        let text = format!("Error accepting a client connection: {reason} ({ends})");
        shared.log(Level::Warning, text);
    }
}
