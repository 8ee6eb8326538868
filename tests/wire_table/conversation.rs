//! One connection to one sentinel, and what it answers to each step.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::reply::{Reply, read_all};
use crate::request::{self, Names, multibulk};

/// How long an answer may take; far above what it takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a conversation is held in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Resp2,
    Resp3,
}

/// Sent behind each step: every state of a connection answers it, and with the same line.
const END_OF_STEP: &[u8] = b"end-of-step";
const ITS_REPLY: &[u8] = b"-ERR unknown command 'end-of-step', with args beginning with: \r\n";

/// A change that changes nothing, whose event nothing else causes.
const LAST_EVENT: &str = "SENTINEL SET mymaster parallel-syncs 1";
const LAST_EVENT_ENDS: &[u8] = b" parallel-syncs 1\r\n";

/// The replies to each step.
pub fn hold(port: u16, protocol: Protocol, line: &str, master_port: u16) -> Vec<Vec<Reply>> {
    let mut connection = Connection::open(port);
    if protocol == Protocol::Resp3 {
        connection.say(&words("HELLO 3"));
    }
    let names = Names {
        id: match line.contains("{id}") {
            true => connection.id(),
            false => String::new(),
        },
        addr: connection.addr(),
        master_port: master_port.to_string(),
    };
    let steps = request::steps(line, &names);
    steps.iter().map(|step| connection.say(step)).collect()
}

/// The replies to each step, and the events that they caused, as one more step.
pub fn hold_and_hear(
    port: u16,
    protocol: Protocol,
    line: &str,
    master_port: u16,
) -> Vec<Vec<Reply>> {
    let mut listener = Connection::open(port);
    if protocol == Protocol::Resp3 {
        listener.say(&words("HELLO 3"));
    }
    listener.say(&words("PSUBSCRIBE *"));
    let mut replies = hold(port, protocol, line, master_port);
    // Its event comes behind all others.
    hold(port, protocol, LAST_EVENT, master_port);
    let (events, _) = listener.read_until(|answer| answer.ends_with(LAST_EVENT_ENDS));
    replies.push(read_all(&events));
    replies
}

/// The reply to one request over a connection of its own, in RESP2.
pub fn ask(port: u16, line: &str) -> Vec<Reply> {
    Connection::open(port).say(&words(line))
}

fn words(line: &str) -> Vec<u8> {
    let words: Vec<Vec<u8>> = line
        .split(' ')
        .map(|word| word.as_bytes().to_vec())
        .collect();
    multibulk(&words)
}

struct Connection {
    stream: TcpStream,
}

impl Connection {
    fn open(port: u16) -> Connection {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("a sentinel listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        Connection { stream }
    }

    fn addr(&self) -> String {
        self.stream.local_addr().expect("connected").to_string()
    }

    fn id(&mut self) -> String {
        match self.say(&words("CLIENT ID")).as_slice() {
            [Reply::Line(line)] => line[1..].to_owned(),
            other => panic!("CLIENT ID: {other:?}"),
        }
    }

    /// Sends a step and reads until the reply to what follows it, or the end.
    fn say(&mut self, step: &[u8]) -> Vec<Reply> {
        let mut bytes = step.to_vec();
        bytes.extend(multibulk(&[END_OF_STEP.to_vec()]));
        // A sentinel that has closed the connection answers nothing; that is seen below.
        let _ = self.stream.write_all(&bytes);
        let (answer, end) = self.read_until(|answer| answer.ends_with(ITS_REPLY));
        let answer = match end {
            None => answer.strip_suffix(ITS_REPLY).expect("checked"),
            Some(_) => &answer,
        };
        let mut replies = read_all(answer);
        replies.extend(end);
        replies
    }

    /// Reads until something holds; says how else it ended.
    fn read_until(&mut self, done: impl Fn(&[u8]) -> bool) -> (Vec<u8>, Option<Reply>) {
        let mut answer = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        while !done(&answer) {
            match self.stream.read(&mut chunk) {
                Ok(0) => return (answer, Some(Reply::Closed)),
                Ok(count) => answer.extend_from_slice(&chunk[..count]),
                Err(e) => {
                    let reset =
                        matches!(e.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
                    let end = if reset { Reply::Closed } else { Reply::Silence };
                    return (answer, Some(end));
                }
            }
        }
        (answer, None)
    }
}
