//! A serving side on a port of its own choosing, and clients that speak bytes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use rsentinel::commands::{ServerFacts, Settings};
use rsentinel::config::{BindAddress, ServerConf};
use rsentinel::core::action::AddressRow;
use rsentinel::core::event::Instruction;
use rsentinel::core::notice::{EventName, LogLine, Notice};
use rsentinel::core::view::{AddressTable, SettingsView, View};
use rsentinel::core::{self};
use rsentinel::server::access::AccessParts;
use rsentinel::server::admission::PeerHosts;
use rsentinel::server::door::{Call, Door};
use rsentinel::server::listener;
use rsentinel::server::serve::{ClientLimits, Parts, Server};
use rsentinel::server::unix_socket::UnixSocket;
use rsentinel::types::{MasterName, Now, RunId};
use tokio::sync::{mpsc, oneshot};

/// How long anything may take before a test fails; far above what it takes.
const DEADLINE: Duration = Duration::from_secs(20);

/// What a test can change of the serving side.
pub struct Options {
    pub bind: &'static str,
    pub settings: Settings,
    pub limits: ClientLimits,
    /// Calls that may wait in each queue of the door.
    pub queue: usize,
    pub unix_socket: Option<UnixSocket>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            bind: "127.0.0.1",
            settings: Settings::default(),
            limits: ClientLimits::from(&ServerConf::default()),
            queue: 100,
            unix_socket: None,
        }
    }
}

/// A running serving side and the monitor's ends of all channels.
pub struct Daemon {
    pub server: Option<Server>,
    pub port: u16,
    pub notices: mpsc::Sender<Notice>,
    pub peers: mpsc::Receiver<Call>,
    pub clients: mpsc::Receiver<Call>,
    pub addresses: Arc<ArcSwap<AddressTable>>,
    pub links: Arc<AtomicUsize>,
    pub shutdown: oneshot::Receiver<()>,
    pub log: Arc<Mutex<Vec<String>>>,
}

impl Daemon {
    pub fn start() -> Self {
        Self::with(Options::default())
    }

    pub fn with(options: Options) -> Self {
        let address = BindAddress {
            host: options.bind.to_owned(),
            optional: false,
        };
        let listeners = listener::bind(&[address], 0, "tcp", 511, |line| panic!("{line}"))
            .expect("a free port");
        let port = listeners[0].local_addr().expect("bound").port();
        let (peers_in, peers) = mpsc::channel(options.queue);
        let (clients_in, clients) = mpsc::channel(options.queue);
        let (notices, notices_out) = mpsc::channel(1024);
        let (shutdown_in, shutdown) = oneshot::channel();
        let addresses = Arc::new(ArcSwap::from_pointee(AddressTable::default()));
        let links = Arc::new(AtomicUsize::new(0));
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let server = Server::start(Parts {
            listeners,
            tls_listeners: Vec::new(),
            tls: None,
            unix_socket: options.unix_socket,
            peer_hosts: PeerHosts::default(),
            door: Door {
                peers: peers_in,
                clients: clients_in,
                addresses: Arc::clone(&addresses),
                links: Arc::clone(&links),
            },
            notices: notices_out,
            settings: options.settings,
            access: AccessParts::default(),
            limits: options.limits,
            facts: ServerFacts::default(),
            shutdown: shutdown_in,
            log: Box::new(move |line: &LogLine| {
                lines.lock().expect("not poisoned").push(line.text.clone());
            }),
        });
        Daemon {
            server: Some(server.expect("started")),
            port,
            notices,
            peers,
            clients,
            addresses,
            links,
            shutdown,
            log,
        }
    }

    pub fn client(&self) -> Client {
        Client::connect(SocketAddr::from(([127, 0, 0, 1], self.port)))
    }

    /// Announces an event.
    pub fn announce(&self, name: EventName, text: &str) {
        let notice = Notice {
            name,
            text: text.to_owned(),
            master: None,
        };
        self.notices.blocking_send(notice).expect("serving");
    }

    /// Makes the address table say this.
    pub fn set_address(&self, name: &str, host: &str, port: u16) {
        let mut table = AddressTable::default();
        table.set(AddressRow {
            name: MasterName::new(name),
            host: host.to_owned(),
            port,
        });
        self.addresses.store(Arc::new(table));
    }

    /// Answers the next call for a snapshot.
    pub fn answer_view(&mut self) {
        match next_call(&mut self.clients) {
            Call::View(reply) => reply.send(Arc::new(view())).expect("waiting"),
            other => panic!("{other:?}"),
        }
    }

    /// The next instruction, and where its answer goes.
    pub fn instruction(&mut self) -> (Instruction, oneshot::Sender<core::Reply>) {
        match next_call(&mut self.clients) {
            Call::Instruct { instruction, reply } => (instruction, reply),
            other => panic!("{other:?}"),
        }
    }

    /// Waits for a log line.
    pub fn wait_for_log(&self, part: &str) {
        eventually(part, || {
            let log = self.log.lock().expect("not poisoned");
            log.iter().any(|line| line.contains(part))
        });
    }
}

/// The next call of a queue.
pub fn next_call(queue: &mut mpsc::Receiver<Call>) -> Call {
    let mut call = None;
    eventually("a call", || {
        call = queue.try_recv().ok();
        call.is_some()
    });
    call.expect("there")
}

/// Waits for a condition.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < end, "never: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// An empty snapshot of a sentinel called `me`.
pub fn view() -> View {
    View {
        taken: Now::default(),
        my_id: RunId::new("me"),
        tilt: false,
        tilt_since: None,
        total_tilt: 0,
        simulate_failure_flags: 0,
        settings: SettingsView::default(),
        timings: Vec::new(),
        scripts: Arc::default(),
        masters: Vec::new(),
    }
}

/// A client.
pub struct Client {
    pub stream: TcpStream,
}

impl Client {
    pub fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).expect("listening");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        stream.set_write_timeout(Some(DEADLINE)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        Client { stream }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).expect("open");
    }

    /// The next bytes are exactly these.
    #[track_caller]
    pub fn expect(&mut self, wanted: &str) {
        let mut got = vec![0; wanted.len()];
        let mut at = 0;
        while at < got.len() {
            match self.stream.read(&mut got[at..]) {
                Ok(n) if n > 0 => at += n,
                end => panic!("{end:?} after {:?}", String::from_utf8_lossy(&got[..at])),
            }
        }
        assert_eq!(String::from_utf8_lossy(&got), wanted);
    }

    /// Nothing more comes: the connection was closed, in good order or not.
    #[track_caller]
    pub fn expect_end(&mut self) {
        let mut byte = [0];
        match self.stream.read(&mut byte) {
            Ok(0) => {}
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => {}
            other => panic!("{other:?} {byte:?}"),
        }
    }

    /// Sends and expects.
    #[track_caller]
    pub fn ask(&mut self, line: &str, wanted: &str) {
        self.send(format!("{line}\r\n"));
        self.expect(wanted);
    }

    /// One bulk or verbatim reply's text.
    #[track_caller]
    pub fn ask_text(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n"));
        self.bulk()
    }

    /// Reads one line, with its end.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).expect("a line");
            line.push(byte[0]);
        }
        String::from_utf8(line).expect("text")
    }

    /// Reads one bulk string.
    #[track_caller]
    pub fn bulk(&mut self) -> String {
        let header = self.line();
        let length: usize = header
            .trim_start_matches(['$', '='])
            .trim()
            .parse()
            .expect("a length");
        let mut body = vec![0; length + 2];
        self.stream.read_exact(&mut body).expect("a body");
        body.truncate(length);
        String::from_utf8(body).expect("text")
    }

    /// Says that nothing more will be sent.
    pub fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write).expect("open");
    }
}
