//! The replica's side: connect to the master, take a full copy, then apply its stream.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::neighbours::Neighbours;
use crate::reply::request_bytes;
use crate::request::take_request;
use crate::server::Shared;
use crate::state::{Link, Role, Upstream};

/// Between attempts to reach the master. A real server waits a second; tests need not.
const RECONNECT: Duration = Duration::from_millis(100);

/// Follows whoever is to be followed, for as long as the server lives.
pub(crate) async fn follow(shared: Arc<Shared>) {
    let mut role_changes = shared.lock().role_changes.subscribe();
    loop {
        role_changes.borrow_and_update();
        let Some(upstream) = upstream(&shared) else {
            if role_changes.changed().await.is_err() {
                return;
            }
            continue;
        };
        // The link ends by itself only when it fails; a change of role ends it from here.
        tokio::select! {
            biased;
            _ = role_changes.changed() => {}
            () = copy_from(&shared, &upstream) => {
                link_down(&shared, &upstream);
                pause(&mut role_changes).await;
            }
        }
    }
}

async fn pause(role_changes: &mut watch::Receiver<u64>) {
    let _ = tokio::time::timeout(RECONNECT, role_changes.changed()).await;
}

fn upstream(shared: &Shared) -> Option<Upstream> {
    match &shared.lock().role {
        Role::Master => None,
        Role::Replica(following) => Some(following.upstream.clone()),
    }
}

fn link_down(shared: &Shared, from: &Upstream) {
    if let Role::Replica(following) = &mut shared.lock().role
        && following.upstream == *from
        && matches!(following.link, Link::Up)
    {
        following.link = Link::Down(Some(Instant::now()));
    }
}

async fn copy_from(shared: &Shared, upstream: &Upstream) {
    shared.while_hung().await;
    let neighbours = shared.lock().options.neighbours.clone();
    if let Some(neighbours) = neighbours {
        copy_from_neighbour(shared, upstream, &neighbours).await;
        return;
    }
    let Ok(stream) = TcpStream::connect((upstream.host.as_str(), upstream.port)).await else {
        return;
    };
    let mut stream = Incoming {
        stream,
        buffer: BytesMut::new(),
    };
    let Some((offset, snapshot)) = shake_hands(shared, &mut stream).await else {
        return;
    };
    shared.while_hung().await;
    if !install(shared, upstream, offset, snapshot) {
        return;
    }
    apply_stream(shared, upstream, &mut stream).await;
}

/// The same without a socket: the stream comes out of the neighbour's outbox for this replica.
async fn copy_from_neighbour(shared: &Shared, upstream: &Upstream, neighbours: &Neighbours) {
    let Some(master) = neighbours.at(upstream) else {
        return;
    };
    let own = shared.lock().address;
    let Some((mut inbox, offset, snapshot)) = master.lock().add_replica(own) else {
        return;
    };
    // Held, a dead master's state would outlive it.
    drop(master);
    if !install(shared, upstream, offset, snapshot) {
        return;
    }
    while let Some(bytes) = inbox.recv().await {
        shared.while_hung().await;
        let mut buffer = BytesMut::from(bytes);
        let mut state = shared.lock();
        if !matches!(&state.role, Role::Replica(following) if following.upstream == *upstream) {
            return;
        }
        while let Ok(Some(request)) = take_request(&mut buffer) {
            state.apply(&request.words, request.size);
        }
    }
}

/// Asks for a copy; the master's offset and the copy.
async fn shake_hands(shared: &Shared, stream: &mut Incoming) -> Option<(u64, BytesMut)> {
    let (password, port) = {
        let state = shared.lock();
        (
            state.options.master_password.clone(),
            state.address.port().to_string(),
        )
    };
    if let Some(password) = password {
        // A refusal shows in the answers that follow.
        stream.ask(&["AUTH", &password]).await?;
    }
    let port_reply = stream.ask(&["REPLCONF", "listening-port", &port]).await?;
    if !port_reply.starts_with(b"+") {
        return None;
    }
    let reply = stream.ask(&["PSYNC", "?", "-1"]).await?;
    let reply = std::str::from_utf8(&reply)
        .ok()?
        .strip_prefix("+FULLRESYNC ")?
        .to_owned();
    let offset = reply.split(' ').nth(1)?.parse().ok()?;
    let length = stream.line().await?;
    let length = std::str::from_utf8(&length)
        .ok()?
        .strip_prefix('$')?
        .parse()
        .ok()?;
    Some((offset, stream.exactly(length).await?))
}

/// Replaces everything by the copy; false when the copy cannot be read or is no longer wanted.
fn install(shared: &Shared, upstream: &Upstream, offset: u64, mut snapshot: BytesMut) -> bool {
    let mut state = shared.lock();
    match &mut state.role {
        Role::Replica(following) if following.upstream == *upstream => following.link = Link::Up,
        _ => return false,
    }
    state.keys.clear();
    while let Ok(Some(request)) = take_request(&mut snapshot) {
        if let [_, key, value] = &request.words[..] {
            state.keys.insert(key.clone(), value.clone());
        }
    }
    state.offset = offset;
    snapshot.is_empty()
}

async fn apply_stream(shared: &Shared, upstream: &Upstream, stream: &mut Incoming) {
    loop {
        let acknowledgement = {
            let mut state = shared.lock();
            // The role may have changed in the moment in which these bytes arrived.
            if !matches!(&state.role, Role::Replica(following) if following.upstream == *upstream) {
                return;
            }
            loop {
                match take_request(&mut stream.buffer) {
                    Ok(Some(request)) => state.apply(&request.words, request.size),
                    Ok(None) => break,
                    Err(_) => return,
                }
            }
            request_bytes(&["REPLCONF", "ACK", &state.offset.to_string()])
        };
        if stream.stream.write_all(&acknowledgement).await.is_err() || stream.more().await.is_none()
        {
            return;
        }
        shared.while_hung().await;
    }
}

/// Bytes from the master, and what of them is not yet used.
struct Incoming {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Incoming {
    async fn ask(&mut self, words: &[&str]) -> Option<Bytes> {
        self.stream.write_all(&request_bytes(words)).await.ok()?;
        self.line().await
    }

    async fn line(&mut self) -> Option<Bytes> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.buffer.split_to(end).freeze();
                self.buffer.advance(2);
                return Some(line);
            }
            self.more().await?;
        }
    }

    async fn exactly(&mut self, length: usize) -> Option<BytesMut> {
        while self.buffer.len() < length {
            self.more().await?;
        }
        Some(self.buffer.split_to(length))
    }

    async fn more(&mut self) -> Option<()> {
        let count = self.stream.read_buf(&mut self.buffer).await.ok()?;
        (count > 0).then_some(())
    }
}
