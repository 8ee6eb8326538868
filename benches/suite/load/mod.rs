//! Clients that ask as fast as they are answered: all connections on one thread, which does little
//! more than the system calls, so that what is measured is the daemon.

mod replies;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::cpu;
use replies::Replies;

/// Taken from the system at a time.
const EVENTS: usize = 64;
/// Read at a time; a long listing in one or two.
const CHUNK: usize = 256 * 1024;
/// Before anything is counted: connections are accepted, caches are warm.
const WARM_UP: Duration = Duration::from_millis(100);
/// A daemon that says nothing for so long does not serve.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Load<'a> {
    /// The words of the request.
    pub words: &'a [&'a str],
    /// How many clients ask.
    pub connections: usize,
    /// Requests of each that are on the way together; when all are answered, the next follow.
    pub pipeline: usize,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub struct Served {
    pub per_second: f64,
    /// Processor time of the daemon for one request, in µs.
    pub cpu_us: f64,
}

impl Load<'_> {
    /// Asks the daemon with this process id, on this port, for so long.
    pub fn run(&self, process: u32, port: u16, duration: Duration) -> Result<Served, String> {
        let mut clients = Clients::connect(self, port).map_err(text)?;
        clients.ask_for(WARM_UP)?;
        let (cpu_before, began) = (cpu::seconds(process)?, Instant::now());
        let replies = clients.ask_for(duration)?;
        let (took, cpu_after) = (began.elapsed(), cpu::seconds(process)?);
        if replies == 0 {
            return Err("no reply at all".to_owned());
        }
        #[expect(clippy::cast_precision_loss)]
        let replies = replies as f64;
        Ok(Served {
            per_second: replies / took.as_secs_f64(),
            cpu_us: (cpu_after - cpu_before) * 1e6 / replies,
        })
    }
}

/// Connected clients.
struct Clients {
    epoll: Epoll,
    clients: Vec<Client>,
    /// All requests that one client has on the way together.
    requests: Vec<u8>,
    pipeline: u64,
    chunk: Vec<u8>,
}

struct Client {
    stream: TcpStream,
    replies: Replies,
    missing: u64,
}

impl Clients {
    fn connect(load: &Load<'_>, port: u16) -> io::Result<Clients> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let mut clients = Vec::with_capacity(load.connections);
        for index in 0..load.connections {
            let stream = TcpStream::connect(("127.0.0.1", port))?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, index as u64))?;
            clients.push(Client {
                stream,
                replies: Replies::default(),
                missing: 0,
            });
        }
        Ok(Clients {
            epoll,
            clients,
            requests: request(load.words).repeat(load.pipeline),
            pipeline: load.pipeline as u64,
            chunk: vec![0; CHUNK],
        })
    }

    /// Asks for so long; how many replies came.
    fn ask_for(&mut self, duration: Duration) -> Result<u64, String> {
        let end = Instant::now() + duration;
        let idle = self.clients.iter_mut().filter(|one| one.missing == 0);
        for client in idle {
            client.ask(&self.requests, self.pipeline).map_err(text)?;
        }
        let patience = EpollTimeout::try_from(PATIENCE).map_err(|error| error.to_string())?;
        let mut events = [EpollEvent::empty(); EVENTS];
        let mut replies = 0;
        while Instant::now() < end {
            let ready = match self.epoll.wait(&mut events, patience) {
                Ok(0) => return Err(format!("no reply within {PATIENCE:?}")),
                Err(nix::errno::Errno::EINTR) => continue,
                ready => ready.map_err(|error| error.to_string())?,
            };
            for event in &events[..ready] {
                #[expect(clippy::cast_possible_truncation)] // An index that we gave.
                let client = &mut self.clients[event.data() as usize];
                replies += client.read(&mut self.chunk)?;
                if client.missing == 0 {
                    client.ask(&self.requests, self.pipeline).map_err(text)?;
                }
            }
        }
        Ok(replies)
    }
}

impl Client {
    fn ask(&mut self, requests: &[u8], count: u64) -> io::Result<()> {
        // Everything before is answered, so the socket has room for all of it.
        self.stream.write_all(requests)?;
        self.missing = count;
        Ok(())
    }

    /// How many replies are complete with what has come.
    fn read(&mut self, chunk: &mut [u8]) -> Result<u64, String> {
        let count = match self.stream.read(chunk) {
            Ok(0) => return Err("the daemon closed a connection".to_owned()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            count => count.map_err(text)?,
        };
        let replies = self.replies.count(&chunk[..count])?;
        self.missing = self
            .missing
            .checked_sub(replies)
            .ok_or("more replies than requests")?;
        Ok(replies)
    }
}

/// The bytes of a request.
pub fn request(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
    bytes
}

fn text(error: io::Error) -> String {
    error.to_string()
}
