//! Host names to addresses, without ever holding up the monitor.
//!
//! A look-up runs on tokio's blocking pool, where `getaddrinfo` honours /etc/hosts, search
//! domains and the rest as operators expect. It cannot be interrupted: after the deadline the
//! asker gets an error, while the look-up goes on and keeps its place among the few that may run
//! at once, so that a dead resolver cannot pile up threads. Whoever ends the runtime should end
//! it with `shutdown_background`, or it waits for such look-ups.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout;

use crate::core::Event;

/// How long an asker waits, including for a free place.
const DEADLINE: Duration = Duration::from_secs(5);

/// How many look-ups may run at once. Those of names whose name server is dead hold their places
/// for as long as the system tries (tens of seconds), so there are many; still few beside the 512
/// threads of tokio's blocking pool.
const MAX_RUNNING: usize = 64;

type Outcome = Result<IpAddr, String>;
type LookUp = dyn Fn(&str) -> io::Result<IpAddr> + Send + Sync;

/// Looks names up and reports each as [`Event::Resolved`]. Cheap to clone.
#[derive(Clone)]
pub struct Resolver {
    events: mpsc::UnboundedSender<Event>,
    look_up: Arc<LookUp>,
    deadline: Duration,
    places: Arc<Semaphore>,
    names: Arc<Mutex<Names>>,
}

#[derive(Default)]
struct Names {
    /// Names for which an answer is owed.
    asked: BTreeSet<Arc<str>>,
    /// Look-ups that have not ended: `None` becomes the outcome. May outlive the deadline.
    running: BTreeMap<Arc<str>, watch::Receiver<Option<Outcome>>>,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl Resolver {
    /// A resolver that reports to `events`.
    pub fn new(events: mpsc::UnboundedSender<Event>) -> Self {
        Self::with(events, Arc::new(first_address), DEADLINE, MAX_RUNNING)
    }

    fn with(
        events: mpsc::UnboundedSender<Event>,
        look_up: Arc<LookUp>,
        deadline: Duration,
        max_running: usize,
    ) -> Self {
        let places = Arc::new(Semaphore::new(max_running));
        Resolver {
            events,
            look_up,
            deadline,
            places,
            names: Arc::default(),
        }
    }

    /// Looks `host` up; one [`Event::Resolved`] follows within 5 seconds. Asked again before
    /// that, there is still one event only. An address that is found later than that, when nobody
    /// waits for it any more, is reported all the same: with a slow name server there is no other.
    /// Never blocks. Must be called within a runtime.
    pub fn resolve(&self, host: Arc<str>) {
        let outcome = {
            let mut names = self.names();
            if !names.asked.insert(host.clone()) {
                return;
            }
            match names.running.get(&host) {
                Some(outcome) => outcome.clone(),
                None => {
                    let (done, outcome) = watch::channel(None);
                    names.running.insert(host.clone(), outcome.clone());
                    tokio::spawn(self.clone().run(host.clone(), done));
                    outcome
                }
            }
        };
        tokio::spawn(self.clone().answer(host, outcome));
    }

    /// One look-up, from waiting for a place to its end, however late.
    async fn run(self, host: Arc<str>, done: watch::Sender<Option<Outcome>>) {
        let outcome = match self.places.clone().acquire_owned().await {
            Err(_) => Err("resolver closed".to_owned()),
            Ok(place) => {
                let (look_up, name) = (self.look_up.clone(), host.clone());
                let looked_up = tokio::task::spawn_blocking(move || {
                    let outcome = look_up(&name).map(|ip| ip.to_canonical());
                    drop(place);
                    outcome.map_err(|error| error.to_string())
                });
                looked_up
                    .await
                    .unwrap_or_else(|error| Err(error.to_string()))
            }
        };
        let nobody_waits = {
            let mut names = self.names();
            names.running.remove(&host);
            !names.asked.contains(&host)
        };
        if nobody_waits && outcome.is_ok() {
            // Nobody listens only while the process ends.
            let _ = self.events.send(Event::Resolved {
                host,
                outcome: outcome.clone(),
            });
        }
        done.send_replace(Some(outcome));
    }

    /// Passes the outcome on, or that there is none in time.
    async fn answer(self, host: Arc<str>, mut outcome: watch::Receiver<Option<Outcome>>) {
        let waited = timeout(self.deadline, outcome.wait_for(Option::is_some)).await;
        let outcome = match waited {
            Ok(Ok(outcome)) => outcome
                .clone()
                .unwrap_or_else(|| Err("no outcome".to_owned())),
            Ok(Err(_)) => Err("look-up cancelled".to_owned()),
            Err(_) => Err(format!("no answer within {} ms", self.deadline.as_millis())),
        };
        self.names().asked.remove(&host);
        // Nobody listens only while the process ends.
        let _ = self.events.send(Event::Resolved { host, outcome });
    }

    fn names(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first address of any family.
fn first_address(host: &str) -> io::Result<IpAddr> {
    let first = (host, 0).to_socket_addrs()?.next();
    first
        .map(|address| address.ip())
        .ok_or_else(|| io::Error::other("name has no address"))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc as blocking;

    use super::*;

    type Events = mpsc::UnboundedReceiver<Event>;

    const PATIENCE: Duration = Duration::from_secs(20);

    async fn resolved(events: &mut Events) -> (String, Outcome) {
        match timeout(PATIENCE, events.recv()).await {
            Ok(Some(Event::Resolved { host, outcome })) => (host.to_string(), outcome),
            other => panic!("no Resolved: {other:?}"),
        }
    }

    /// A resolver whose look-ups wait until they are let go, and count themselves.
    struct Held {
        resolver: Resolver,
        events: Events,
        let_go: blocking::Sender<IpAddr>,
        started: Arc<AtomicUsize>,
    }

    fn held(deadline: Duration, max_running: usize) -> Held {
        let (sender, events) = mpsc::unbounded_channel();
        let (let_go, gate) = blocking::channel();
        let gate = Mutex::new(gate);
        let started = Arc::new(AtomicUsize::new(0));
        let count = started.clone();
        let look_up = move |_: &str| {
            count.fetch_add(1, Ordering::SeqCst);
            gate.lock().unwrap().recv().map_err(io::Error::other)
        };
        let resolver = Resolver::with(sender, Arc::new(look_up), deadline, max_running);
        Held {
            resolver,
            events,
            let_go,
            started,
        }
    }

    const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

    #[tokio::test]
    async fn a_name_of_the_hosts_file_and_a_literal_resolve() {
        let (sender, mut events) = mpsc::unbounded_channel();
        let resolver = Resolver::new(sender);
        resolver.resolve("localhost".into());
        let (host, outcome) = resolved(&mut events).await;
        assert_eq!(host, "localhost");
        assert!(outcome.unwrap().is_loopback());
        resolver.resolve("::ffff:10.0.0.1".into());
        assert_eq!(resolved(&mut events).await.1, Ok(IP));
    }

    #[tokio::test]
    async fn a_name_that_cannot_exist_gives_an_error_in_time() {
        let (sender, mut events) = mpsc::unbounded_channel();
        Resolver::new(sender).resolve("no such name.invalid".into());
        assert!(resolved(&mut events).await.1.is_err());
    }

    #[tokio::test]
    async fn a_name_asked_twice_is_looked_up_and_answered_once() {
        let mut held = held(PATIENCE, 16);
        held.resolver.resolve("a".into());
        held.resolver.resolve("a".into());
        held.let_go.send(IP).unwrap();
        assert_eq!(resolved(&mut held.events).await.1, Ok(IP));
        assert_eq!(held.started.load(Ordering::SeqCst), 1);
        held.resolver.resolve("a".into());
        held.let_go.send(IP).unwrap();
        assert_eq!(resolved(&mut held.events).await.1, Ok(IP));
        assert_eq!(held.started.load(Ordering::SeqCst), 2);
        assert!(held.events.try_recv().is_err());
    }

    #[tokio::test]
    async fn after_the_deadline_the_asker_gets_an_error_and_the_late_look_up_serves_the_next() {
        let mut held = held(Duration::from_millis(20), 16);
        held.resolver.resolve("a".into());
        let (_, outcome) = resolved(&mut held.events).await;
        assert!(outcome.unwrap_err().starts_with("no answer within"));
        held.resolver.deadline = PATIENCE;
        held.resolver.resolve("a".into());
        held.let_go.send(IP).unwrap();
        assert_eq!(resolved(&mut held.events).await.1, Ok(IP));
        assert_eq!(held.started.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn an_address_that_is_found_too_late_is_reported_all_the_same() {
        let mut held = held(Duration::from_millis(20), 16);
        held.resolver.resolve("a".into());
        assert!(resolved(&mut held.events).await.1.is_err());
        held.let_go.send(IP).unwrap();
        assert_eq!(resolved(&mut held.events).await.1, Ok(IP));
        assert!(held.events.try_recv().is_err());
    }

    #[tokio::test]
    async fn hung_look_ups_do_not_exceed_their_places() {
        let mut held = held(Duration::from_millis(50), 2);
        for name in ["a", "b", "c", "d"] {
            held.resolver.resolve(name.into());
        }
        for _ in 0..4 {
            assert!(resolved(&mut held.events).await.1.is_err());
        }
        assert!(held.started.load(Ordering::SeqCst) <= 2);
        drop(held.let_go);
    }
}
