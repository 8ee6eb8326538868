//! TCP connections between hosts: ordered, held back while packets do not arrive, half open when
//! one end does not know that the other is gone.

use std::collections::VecDeque;
use std::sync::Arc;

use rsentinel::core::action::Socket;
use rsentinel::core::{Answer, Ask, ConnId, Party};
use rsentinel::wire::Hello;

/// What arrives at the end that opened the connection.
#[derive(Debug)]
pub enum In {
    /// The handshake is done.
    Connected,
    /// The connection ended.
    Closed(&'static str),
    /// A reply.
    Answer(Answer),
    /// An element of a subscribed connection: a hello, or something else.
    Heard(Option<Arc<Message>>),
}

/// A message on the hello channel, read once for all who hear it.
#[derive(Debug)]
pub struct Message {
    /// As it was published.
    pub text: String,
    /// What it says, if it is well formed.
    pub hello: Option<Hello>,
}

impl Message {
    /// Reads a message.
    pub fn new(text: String) -> Self {
        let hello = Hello::parse(&text);
        Message { text, hello }
    }
}

/// How far a connection has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The handshake runs.
    Dialing,
    /// Both ends have it.
    Up,
}

/// A connection, opened by a sentinel.
#[derive(Debug)]
pub struct Conn {
    /// Who opened it.
    pub node: usize,
    /// In which of its lives.
    pub incarnation: u32,
    /// What it calls it.
    pub id: ConnId,
    /// The host at the far end.
    pub far: usize,
    /// What kind of conversation.
    pub socket: Socket,
    /// How far it has got.
    pub state: State,
    /// The near end still has it.
    pub near_open: bool,
    /// The far end has it.
    pub far_open: bool,
    /// Something on the way has forgotten it: its packets vanish, both ends think it is well.
    pub void: bool,
    /// Subscribed to the hello channel.
    pub subscribed: bool,
    /// The name the near end gave itself.
    pub name: Option<String>,
    /// What the near end said before the handshake was done.
    pub queued: Vec<Ask>,
    /// When the INFOs that are not answered yet were sent, in µs.
    pub infos: VecDeque<u64>,
    /// What the far end, a sentinel, has not looked at yet.
    pub far_queue: VecDeque<Ask>,
    /// The far end is thinking about the one before those.
    pub far_thinking: bool,
    /// For which record the question it thinks about was asked.
    pub far_peer: Option<Party>,
    /// When the last packet towards the far end arrives, in µs.
    pub last_out: u64,
    /// When the last packet towards the near end arrives, in µs.
    pub last_in: u64,
    /// Packets that the network swallowed; TCP will send them again.
    pub held_out: VecDeque<Ask>,
    /// The same in the other direction.
    pub held_in: VecDeque<In>,
}

impl Conn {
    /// A connection whose handshake begins.
    pub fn new(node: usize, incarnation: u32, id: ConnId, far: usize, socket: Socket) -> Self {
        Conn {
            node,
            incarnation,
            id,
            far,
            socket,
            state: State::Dialing,
            near_open: true,
            far_open: false,
            void: false,
            subscribed: false,
            name: None,
            queued: Vec::new(),
            infos: VecDeque::new(),
            far_queue: VecDeque::new(),
            far_thinking: false,
            far_peer: None,
            last_out: 0,
            last_in: 0,
            held_out: VecDeque::new(),
            held_in: VecDeque::new(),
        }
    }
}
