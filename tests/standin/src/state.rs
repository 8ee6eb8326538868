//! What one server knows: its keys, its role, its offset, and who is connected.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use tokio::sync::{mpsc, watch};

use crate::reply::{Reply, request_bytes};
use crate::server::Options;

/// How many messages may wait for one slow client before it is dropped, as a real server drops
/// a client that exceeds its output buffer. Generous: tests push tens, not thousands.
pub(crate) const OUTBOX: usize = 1024;

/// Everything about one server that changes. Always behind one short lock.
pub(crate) struct State {
    pub address: SocketAddr,
    pub run_id: String,
    pub replication_id: String,
    pub options: Options,
    pub keys: BTreeMap<Bytes, Bytes>,
    /// Settings given by CONFIG SET that have no effect here but read back.
    pub settings: BTreeMap<String, String>,
    /// Bytes of the replication stream produced (master) or applied (replica).
    pub offset: u64,
    pub role: Role,
    /// The master a restart would follow: CONFIG REWRITE copies the present role into it.
    pub saved_master: Option<Upstream>,
    pub clients: BTreeMap<u64, Client>,
    pub started: Instant,
    /// False while it is killed.
    pub alive: bool,
    /// Times between PINGs of one connection, while somebody wants to know them.
    pub ping_gaps: Option<Vec<Duration>>,
    /// Tells the replication task that the role has changed.
    pub role_changes: watch::Sender<u64>,
    next_client: u64,
}

/// Master, or replica of somebody.
pub(crate) enum Role {
    Master,
    Replica(Following),
}

/// Whom a replica follows, and how that goes.
pub(crate) struct Following {
    pub upstream: Upstream,
    pub link: Link,
}

/// The address of a master, as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Upstream {
    pub host: String,
    pub port: u16,
}

/// A replica's link to its master.
pub(crate) enum Link {
    Up,
    /// Down since then; `None` when it was never up.
    Down(Option<Instant>),
}

/// A connection, as the rest of the server sees it.
pub(crate) struct Client {
    pub outbox: mpsc::Sender<Bytes>,
    pub peer: SocketAddr,
    pub kind: ClientKind,
    pub name: Bytes,
    pub channels: Vec<Bytes>,
    /// When its latest PING came.
    pub pinged: Option<Instant>,
}

/// What a connection is used for, in the words of CLIENT KILL TYPE.
pub(crate) enum ClientKind {
    Normal,
    Pubsub,
    /// A replica that listens on this port and has acknowledged this offset.
    Replica {
        port: u16,
        acknowledged: u64,
    },
}

impl State {
    pub(crate) fn new(address: SocketAddr, options: Options) -> Self {
        let saved_master = options.master.map(|master| Upstream {
            host: master.ip().to_string(),
            port: master.port(),
        });
        State {
            address,
            run_id: new_run_id(address),
            replication_id: new_run_id(address),
            options,
            keys: BTreeMap::new(),
            settings: BTreeMap::new(),
            offset: 0,
            role: role_of(saved_master.clone()),
            saved_master,
            clients: BTreeMap::new(),
            started: Instant::now(),
            alive: true,
            ping_gaps: None,
            role_changes: watch::Sender::new(0),
            next_client: 1,
        }
    }

    /// Begins a new life: another run id, no clients, the role that was last saved. The keys and
    /// the offset survive, as with an append-only file.
    pub(crate) fn reborn(&mut self) {
        self.run_id = new_run_id(self.address);
        self.replication_id = new_run_id(self.address);
        self.role = role_of(self.saved_master.clone());
        self.clients.clear();
        self.started = Instant::now();
        self.alive = true;
    }

    pub(crate) fn add_client(&mut self, peer: SocketAddr) -> (u64, mpsc::Receiver<Bytes>) {
        let (outbox, inbox) = mpsc::channel(OUTBOX);
        let id = self.next_client;
        self.next_client += 1;
        let client = Client {
            outbox,
            peer,
            kind: ClientKind::Normal,
            name: Bytes::new(),
            channels: Vec::new(),
            pinged: None,
        };
        self.clients.insert(id, client);
        (id, inbox)
    }

    /// A replica that follows without a socket: its stream, and the copy it begins with at this
    /// offset. None when this server cannot be followed now.
    pub(crate) fn add_replica(
        &mut self,
        replica: SocketAddr,
    ) -> Option<(mpsc::Receiver<Bytes>, u64, BytesMut)> {
        let is_linked = match &self.role {
            Role::Master => true,
            Role::Replica(following) => matches!(following.link, Link::Up),
        };
        if !self.alive || !is_linked {
            return None;
        }
        let (id, inbox) = self.add_client(replica);
        if let Some(client) = self.clients.get_mut(&id) {
            client.kind = ClientKind::Replica {
                port: replica.port(),
                acknowledged: self.offset,
            };
        }
        Some((inbox, self.offset, self.snapshot()))
    }

    /// Changes the role. Replicas of this server are dropped, so that they learn of it.
    pub(crate) fn follow(&mut self, upstream: Option<Upstream>) {
        if let (Role::Replica(following), Some(upstream)) = (&self.role, &upstream)
            && following.upstream == *upstream
        {
            return;
        }
        if let (Role::Master, None) = (&self.role, &upstream) {
            return;
        }
        if upstream.is_none() {
            self.replication_id = new_run_id(self.address);
        }
        self.role = role_of(upstream);
        self.clients
            .retain(|_, client| !matches!(client.kind, ClientKind::Replica { .. }));
        self.role_changes.send_modify(|count| *count += 1);
    }

    pub(crate) fn is_replica(&self) -> bool {
        matches!(self.role, Role::Replica(_))
    }

    /// Sends to the subscribers of a channel; how many there were.
    pub(crate) fn deliver(&mut self, channel: &Bytes, message: &Bytes) -> usize {
        let push = Reply::Array(vec![
            Reply::bulk("message"),
            Reply::Bulk(channel.clone()),
            Reply::Bulk(message.clone()),
        ]);
        let push = push.to_bytes();
        let subscribers: Vec<u64> = self
            .clients
            .iter()
            .filter(|(_, client)| client.channels.contains(channel))
            .map(|(id, _)| *id)
            .collect();
        subscribers
            .iter()
            .for_each(|id| self.push(*id, push.clone()));
        subscribers.len()
    }

    /// Appends a command to the replication stream.
    pub(crate) fn propagate(&mut self, words: &[Bytes]) {
        let bytes = request_bytes(words);
        self.offset += bytes.len() as u64;
        self.feed_replicas(&bytes);
    }

    /// Applies a command that came down the stream, and passes it on to own replicas.
    pub(crate) fn apply(&mut self, words: &[Bytes], size: u64) {
        match words {
            [command, key, value] if command.eq_ignore_ascii_case(b"set") => {
                self.keys.insert(key.clone(), value.clone());
            }
            [command, channel, message] if command.eq_ignore_ascii_case(b"publish") => {
                self.deliver(channel, message);
            }
            _ => {}
        }
        self.offset += size;
        self.feed_replicas(&request_bytes(words));
    }

    /// The whole key space as commands: what a full copy consists of.
    pub(crate) fn snapshot(&self) -> BytesMut {
        let mut out = BytesMut::new();
        for (key, value) in &self.keys {
            out.extend_from_slice(&request_bytes(&[b"SET", &key[..], &value[..]]));
        }
        out
    }

    fn feed_replicas(&mut self, bytes: &Bytes) {
        let replicas: Vec<u64> = self
            .clients
            .iter()
            .filter(|(_, client)| matches!(client.kind, ClientKind::Replica { .. }))
            .map(|(id, _)| *id)
            .collect();
        replicas.iter().for_each(|id| self.push(*id, bytes.clone()));
    }

    /// Queues bytes for a client; one that lets them pile up is dropped.
    fn push(&mut self, id: u64, bytes: Bytes) {
        let Some(client) = self.clients.get(&id) else {
            return;
        };
        if client.outbox.try_send(bytes).is_err() {
            self.clients.remove(&id);
        }
    }
}

fn role_of(upstream: Option<Upstream>) -> Role {
    upstream.map_or(Role::Master, |upstream| {
        Role::Replica(Following {
            upstream,
            link: Link::Down(None),
        })
    })
}

/// 40 hex digits that differ from life to life: the address, the time and a counter, mixed.
fn new_run_id(address: SocketAddr) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_nanos() as u64);
    let mut seed =
        nanos ^ COUNTER.fetch_add(1, Ordering::Relaxed).rotate_left(40) ^ u64::from(address.port());
    let mut text = String::with_capacity(48);
    for _ in 0..3 {
        // The finaliser of the SplitMix64 generator: spreads close seeds far apart.
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = seed;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        text.push_str(&format!("{:016x}", word ^ (word >> 31)));
    }
    text.truncate(40);
    text
}
