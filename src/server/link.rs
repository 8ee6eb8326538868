//! One socket to a server or peer: carries typed asks out and typed answers in.
//!
//! Every socket is a task on the monitor's runtime. It decides nothing: it connects, writes what
//! was asked in order, matches replies to asks by that order, and says when the socket ended.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use crate::core::action::{Renames, Socket};
use crate::core::{Answer, Ask, ConnId, Event, Party};
use crate::types::Epoch;
use crate::wire::{
    Frame, FrameReader, coordinated, handshake, hello, info, is_master_down, ping, replicaof,
};

use super::tls::{self, Connecting, TlsStream};

/// How many bytes may wait to be written. An ask is at most some 1.2 KB and the core lets a few
/// hundred of them wait, so only a socket that takes nothing at all gets here.
const MAX_UNSENT: usize = 1 << 20;

/// How many asks may be unanswered: far above what the core lets wait, so that a server which
/// reads but never answers costs bounded memory whatever the core does.
const MAX_UNANSWERED: usize = 16_384;

/// How much is read in one turn, in bytes. A chatty server gets no more before others have had
/// theirs and the core has handled what came.
const CHUNK: usize = 16 << 10;

/// A handshake that is ended after this long was not ended because of other news: the core gives
/// an unanswered connect up after 3 s.
const LONG_HANDSHAKE: Duration = Duration::from_secs(2);

/// A buffer emptied gives back its memory if it is larger than this many bytes.
const KEPT: usize = 4 << 10;

/// The monitor's end of a socket. Dropping it closes the socket at once: what was already queued
/// is offered to the system once without waiting, and nothing is reported any more (events that
/// were reported before may still be on their way).
pub struct LinkHandle {
    conn: ConnId,
    shared: Arc<Shared>,
}

/// How a socket gets to the other end.
#[derive(Clone)]
pub struct Way {
    /// The other end.
    pub to: SocketAddr,
    /// Its name or IP as it was written.
    pub host: Arc<str>,
    /// The local address to connect from, if one is configured.
    pub source: Option<IpAddr>,
    /// How the connection is encrypted, if it is.
    pub tls: Option<Connecting>,
}

/// Opens a socket; must be called within the monitor's runtime.
///
/// There is no time limit on connecting, and on shaking hands, other than the system's. What
/// happens comes as events: `Connected`, then `Answered` and `Heard`, and in the end exactly one
/// `Closed`.
pub fn open(conn: ConnId, way: Way, socket: Socket, events: UnboundedSender<Event>) -> LinkHandle {
    let shared = Arc::new(Shared::default());
    let link = Link {
        conn,
        socket,
        events,
        shared: shared.clone(),
    };
    tokio::spawn(link.live(way));
    LinkHandle { conn, shared }
}

impl LinkHandle {
    /// Queues an ask. Never blocks; asks queued in one turn, or before the connect has ended,
    /// leave in one write. After the socket has ended it does nothing. A queue that grows beyond
    /// all reason closes the socket.
    pub fn send(&self, ask: Ask, words: Arc<Renames>) {
        let mut outbox = self.shared.lock();
        if outbox.state != State::Open {
            return;
        }
        encode(&ask, &words, &mut outbox.unsent);
        outbox.awaited.push_back(Awaited::from(ask));
        let unsent = outbox.unsent.len() - outbox.written;
        if unsent > MAX_UNSENT || outbox.awaited.len() > MAX_UNANSWERED {
            outbox.state = State::Overflowed;
        }
        outbox.wake();
    }
}

impl fmt::Debug for LinkHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkHandle")
            .field("conn", &self.conn)
            .finish_non_exhaustive()
    }
}

impl Drop for LinkHandle {
    fn drop(&mut self) {
        let mut outbox = self.shared.lock();
        outbox.state = State::Released;
        outbox.wake();
    }
}

/// What the handle and the task share.
#[derive(Default)]
struct Shared(Mutex<Outbox>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Outbox> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is still to be written, and what is still to be answered.
#[derive(Default)]
struct Outbox {
    state: State,
    unsent: Vec<u8>,
    /// How much of `unsent` is written already.
    written: usize,
    awaited: VecDeque<Awaited>,
    /// The task, while it waits.
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    /// The queue grew too long.
    Overflowed,
    /// The handle is gone: close without a word.
    Released,
    /// The socket has ended.
    Ended,
}

impl Outbox {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Whether the socket must end, by our own will.
    fn end(&self) -> Result<(), End> {
        match self.state {
            State::Open => Ok(()),
            State::Overflowed => Err(End::Broken("too many requests waiting".to_owned())),
            State::Released | State::Ended => Err(End::Released),
        }
    }

    /// Writes as much as the socket takes now.
    fn write(
        &mut self,
        cx: &mut Context<'_>,
        mut stream: Pin<&mut (impl AsyncWrite + ?Sized)>,
    ) -> io::Result<()> {
        while self.written < self.unsent.len() {
            match stream.as_mut().poll_write(cx, &self.unsent[self.written..]) {
                Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(Ok(n)) => self.written += n,
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(()),
            }
        }
        self.written = 0;
        self.unsent.clear();
        self.unsent.shrink_to(KEPT);
        Ok(())
    }
}

/// Why a socket ends.
enum End {
    /// The handle was dropped: nobody wants to know.
    Released,
    /// For the log.
    Broken(String),
    /// The same, and what is wrong is the encryption.
    BrokenTls(String),
}

/// An ask that was sent, reduced to what its answer needs.
enum Awaited {
    Auth,
    Done,
    Ping,
    Info,
    Subscribed,
    Hello(Party),
    MasterDown(Party),
    Unpause,
    /// With how many replies it has in all, and those so far.
    Transaction(Transaction, usize, Vec<Frame>),
}

/// Asks that have several replies and one answer.
enum Transaction {
    Replicate(Party),
    HandOver(Epoch),
    Release,
}

impl From<Ask> for Awaited {
    fn from(ask: Ask) -> Self {
        let commands = ask.commands() as usize;
        let transaction =
            |which| Awaited::Transaction(which, commands, Vec::with_capacity(commands));
        match ask {
            Ask::Auth { .. } => Awaited::Auth,
            Ask::SetName(_) | Ask::ScriptKill => Awaited::Done,
            Ask::Ping => Awaited::Ping,
            Ask::Info => Awaited::Info,
            Ask::Subscribe => Awaited::Subscribed,
            Ask::Hello { party, .. } => Awaited::Hello(party),
            Ask::MasterDown { peer, .. } => Awaited::MasterDown(peer),
            Ask::Replicate { party, .. } => transaction(Transaction::Replicate(party)),
            Ask::HandOver { epoch, .. } => transaction(Transaction::HandOver(epoch)),
            Ask::Release => transaction(Transaction::Release),
            Ask::Unpause => Awaited::Unpause,
        }
    }
}

/// The bytes of an ask.
fn encode(ask: &Ask, words: &Renames, out: &mut Vec<u8>) {
    match ask {
        Ask::Auth { user, pass } => {
            handshake::encode_auth(words, user.as_deref(), pass.reveal(), out);
        }
        Ask::SetName(name) => handshake::encode_set_name(words, name, out),
        Ask::Ping => ping::encode(words, out),
        Ask::Info => info::encode(words, out),
        Ask::Subscribe => handshake::encode_subscribe(words, out),
        Ask::Hello { text, .. } => hello::encode(words, text, out),
        Ask::MasterDown {
            host,
            port,
            epoch,
            candidate,
            ..
        } => {
            is_master_down::encode(words, host, *port, *epoch, candidate.as_ref(), out);
        }
        Ask::ScriptKill => ping::encode_script_kill(words, out),
        Ask::Replicate {
            target,
            abort_failover,
            ..
        } => {
            let target = target.as_ref().map(|(host, port)| (host.as_str(), *port));
            replicaof::encode(words, target, *abort_failover, out);
        }
        Ask::HandOver { host, port, ms, .. } => {
            coordinated::encode(words, host, *port, *ms, out);
        }
        Ask::Release => coordinated::encode_release(words, out),
        Ask::Unpause => coordinated::encode_unpause(words, out),
    }
}

/// The task's side of a socket.
struct Link {
    conn: ConnId,
    socket: Socket,
    events: UnboundedSender<Event>,
    shared: Arc<Shared>,
}

impl Link {
    /// From the connect to the end. The socket is closed by the time its end is reported.
    async fn live(self, way: Way) {
        let end = match &way.tls {
            None => match self.connected(&way).await {
                Ok(stream) => {
                    self.report_up(&stream);
                    self.converse(stream, &mut false).await
                }
                Err(end) => end,
            },
            Some(tls) => self.live_encrypted(&way, tls).await,
        };
        *self.shared.lock() = Outbox {
            state: State::Ended,
            ..Outbox::default()
        };
        if let End::Broken(reason) | End::BrokenTls(reason) = end {
            self.report(Event::Closed {
                conn: self.conn,
                reason,
            });
        }
    }

    async fn live_encrypted(&self, way: &Way, tls: &Connecting) -> End {
        let mut understood = false;
        let end = match self.encrypted(way, tls).await {
            Ok(stream) => self.converse(stream, &mut understood).await,
            Err(end) => end,
        };
        if understood {
            tls.worked(way.to);
        }
        if let End::BrokenTls(reason) = &end {
            tls.failed(way.to, reason);
        }
        end
    }

    async fn connected(&self, way: &Way) -> Result<TcpStream, End> {
        tokio::select! {
            biased;
            end = self.ended() => Err(end),
            connected = connect(way.to, way.source) => connected.map_err(broken),
        }
    }

    /// Connects and shakes hands; only then the socket is up.
    async fn encrypted(&self, way: &Way, tls: &Connecting) -> Result<TlsStream, End> {
        let stream = self.connected(way).await?;
        let local_ip = local_ip(&stream);
        let began = Instant::now();
        let shaken = tokio::select! {
            biased;
            end = self.ended() => {
                // The core does not say why it closes a socket; after this time it is patience.
                if began.elapsed() >= LONG_HANDSHAKE {
                    tls.failed(way.to, "the handshake was not answered (is it a port for TLS?)");
                }
                return Err(end);
            }
            shaken = tls.connect(stream, &way.host) => shaken,
        };
        let stream = shaken.map_err(|failure| End::BrokenTls(failure.reason))?;
        self.report(Event::Connected {
            conn: self.conn,
            local_ip,
        });
        Ok(stream)
    }

    fn report_up(&self, stream: &TcpStream) {
        self.report(Event::Connected {
            conn: self.conn,
            local_ip: local_ip(stream),
        });
    }

    /// Waits until the socket must end by our own will.
    async fn ended(&self) -> End {
        poll_fn(|cx| {
            let mut outbox = self.shared.lock();
            match outbox.end() {
                Err(end) => Poll::Ready(end),
                Ok(()) => {
                    outbox.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Until the end; `understood` becomes true with the first element that the other end says.
    async fn converse(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        understood: &mut bool,
    ) -> End {
        let mut reader = FrameReader::default();
        loop {
            let read = poll_fn(|cx| self.turn(cx, Pin::new(&mut stream), &mut reader)).await;
            let handled = read.and_then(|read| {
                while let Some(frame) = reader.next_frame().map_err(broken)? {
                    self.receive(frame)?;
                    *understood = true;
                }
                Ok(read)
            });
            match handled {
                Err(end) => return end,
                Ok(CHUNK) => tokio::task::yield_now().await,
                Ok(_) => {}
            }
        }
    }

    /// Reads one chunk and writes what can be written. Ready when something was read.
    ///
    /// Reading comes first: replies that arrived before the server closed the socket are heard
    /// even if writing fails by now.
    fn turn(
        &self,
        cx: &mut Context<'_>,
        mut stream: Pin<&mut (impl AsyncRead + AsyncWrite)>,
        reader: &mut FrameReader,
    ) -> Poll<Result<usize, End>> {
        let mut outbox = self.shared.lock();
        if let Err(end) = outbox.end() {
            // Best effort for what was queued in the turn that closed the socket.
            let _ = outbox.write(cx, stream);
            return Poll::Ready(Err(end));
        }
        outbox.waker = Some(cx.waker().clone());
        let read = poll_chunk(cx, stream.as_mut(), reader);
        if let Poll::Ready(Err(end)) = read {
            return Poll::Ready(Err(end));
        }
        match outbox.write(cx, stream) {
            Err(error) if read.is_pending() => Poll::Ready(Err(broken_io(&error))),
            _ => read,
        }
    }

    /// Understands one element and reports it.
    fn receive(&self, frame: Frame) -> Result<(), End> {
        let conn = self.conn;
        let mut outbox = self.shared.lock();
        if self.socket == Socket::Pubsub {
            let hello = hello::heard(&frame);
            let next = outbox.awaited.front();
            if hello.is_some() || matches!(next, None | Some(Awaited::Subscribed)) {
                if hello.is_none() {
                    outbox.awaited.pop_front();
                }
                drop(outbox);
                self.report(Event::Heard { conn, hello });
                return Ok(());
            }
        }
        if let Some(Awaited::Transaction(_, commands, replies)) = outbox.awaited.front_mut()
            && replies.len() + 1 < *commands
        {
            replies.push(frame);
            return Ok(());
        }
        let Some(awaited) = outbox.awaited.pop_front() else {
            return Err(End::Broken("protocol error: a reply to nothing".to_owned()));
        };
        drop(outbox);
        self.report(understood(conn, awaited, frame));
        Ok(())
    }

    fn report(&self, event: Event) {
        // Nobody listens only while the process ends.
        let _ = self.events.send(event);
    }
}

/// What the (last) reply to an ask means.
fn understood(conn: ConnId, awaited: Awaited, reply: Frame) -> Event {
    let answer = match awaited {
        Awaited::Auth => Answer::Auth(handshake::read_auth(&reply)),
        Awaited::Done => Answer::Done,
        Awaited::Ping => Answer::Ping(ping::classify(&reply)),
        Awaited::Info => Answer::Info(info::read(&reply).map(Box::new)),
        Awaited::Subscribed => return Event::Heard { conn, hello: None },
        Awaited::Hello(party) => Answer::Hello(party, handshake::read_refusal(&reply)),
        Awaited::MasterDown(peer) => Answer::MasterDown {
            peer,
            reply: is_master_down::read(&reply),
        },
        Awaited::Unpause => Answer::Unpaused(coordinated::unpaused(&reply)),
        Awaited::Transaction(which, _, mut replies) => {
            replies.push(reply);
            match which {
                Transaction::Replicate(party) => {
                    Answer::Replicate(party, replicaof::outcome(&replies))
                }
                Transaction::HandOver(epoch) => Answer::HandOver {
                    epoch,
                    outcome: coordinated::outcome(&replies),
                },
                Transaction::Release => Answer::Released(coordinated::released(&replies)),
            }
        }
    };
    Event::Answered { conn, answer }
}

async fn connect(to: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    if let Some(source) = source {
        // Else the many sockets of one source would compete for unused local ports.
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::new(source, 0))?;
    }
    socket.set_nodelay(true)?;
    let stream = socket.connect(to).await?;
    // To a dead port of this machine, the system may join a socket with itself. It would keep
    // the server from coming back to its port.
    if stream.local_addr()? == to {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    Ok(stream)
}

/// Reads at most one chunk into the reader.
fn poll_chunk(
    cx: &mut Context<'_>,
    stream: Pin<&mut (impl AsyncRead + ?Sized)>,
    reader: &mut FrameReader,
) -> Poll<Result<usize, End>> {
    let mut space = [const { MaybeUninit::uninit() }; CHUNK];
    let mut chunk = ReadBuf::uninit(&mut space);
    match stream.poll_read(cx, &mut chunk) {
        Poll::Pending => Poll::Pending,
        Poll::Ready(Err(error)) => Poll::Ready(Err(broken_io(&error))),
        Poll::Ready(Ok(())) if chunk.filled().is_empty() => {
            Poll::Ready(Err(End::Broken("Server closed the connection".to_owned())))
        }
        Poll::Ready(Ok(())) => {
            reader.push(chunk.filled());
            Poll::Ready(Ok(chunk.filled().len()))
        }
    }
}

fn local_ip(stream: &TcpStream) -> Option<IpAddr> {
    let local = stream.local_addr().ok()?;
    Some(local.ip().to_canonical())
}

fn broken_io(error: &io::Error) -> End {
    if tls::is_of_tls(error) {
        return End::BrokenTls(error.to_string());
    }
    broken(error)
}

/// An error as the log shows it, without the number of the operating system.
fn broken(error: impl fmt::Display) -> End {
    let text = error.to_string();
    let plain = text.split(" (os error").next().unwrap_or_default();
    End::Broken(plain.to_owned())
}
