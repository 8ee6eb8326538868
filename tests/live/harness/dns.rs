//! A name server for tests, and a network of their own in which the system asks it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Set in the process that runs inside the private network.
const INSIDE: &str = "RSENTINEL_TEST_PRIVATE_NETWORK";

/// Runs this test once more in a network and mount namespace of its own, where 127.0.0.1 is the
/// only name server. True there, once, for the body to run; false outside, when it has.
///
/// Where such namespaces are not permitted, says so and is false.
pub fn in_private_network(test: &str) -> bool {
    if is_private_network() {
        return true;
    }
    // A patient resolver: it is the daemon that must not wait.
    let network = PrivateNetwork::with_resolver("timeout:30 attempts:1");
    if let Err(reason) = network.is_permitted() {
        eprintln!("SKIPPED {test}: no private network is permitted here: {reason}");
        return false;
    }
    match network.run_again(&[test, "--exact", "--nocapture"]) {
        Ok(output) => assert!(output.contains("1 passed"), "{output}"),
        Err(output) => panic!("inside the private network: {output}"),
    }
    false
}

/// True in a process that runs inside a private network.
pub fn is_private_network() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// A network and mount namespace in which 127.0.0.1 is the only name server.
pub struct PrivateNetwork {
    directory: tempfile::TempDir,
}

/// Its shell's first work; `$0` is the directory with the files.
const PREPARE: &str = "ip link set lo up && for f in resolv.conf nsswitch.conf; do \
                       mount --bind \"$0/$f\" \"/etc/$f\" || exit 1; done";

impl PrivateNetwork {
    /// With these options of resolv.conf.
    pub fn with_resolver(options: &str) -> PrivateNetwork {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let write = |name: &str, text: &str| {
            std::fs::write(directory.path().join(name), text).expect("the directory is writable");
        };
        write(
            "resolv.conf",
            &format!("nameserver 127.0.0.1\noptions {options}\n"),
        );
        write("nsswitch.conf", "hosts: files dns\n");
        PrivateNetwork { directory }
    }

    /// An error says why such namespaces are not permitted here.
    pub fn is_permitted(&self) -> Result<(), String> {
        in_namespaces(self.directory.path(), PREPARE, &[]).map(drop)
    }

    /// Runs this program once more, inside, with these arguments; what it said.
    pub fn run_again(&self, arguments: &[&str]) -> Result<String, String> {
        let run = format!("{PREPARE}; exec \"$@\"");
        let program = std::env::current_exe().expect("the test has a program");
        let program = program.to_string_lossy();
        let arguments = [&[&*program], arguments].concat();
        in_namespaces(self.directory.path(), &run, &arguments)
    }
}

/// Runs a shell script in new namespaces; what it said.
fn in_namespaces(directory: &Path, script: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("unshare")
        .args(["--map-root-user", "--net", "--mount", "sh", "-c", script])
        .arg(directory)
        .args(arguments)
        .env(INSIDE, "1")
        .output()
        .map_err(|error| error.to_string())?;
    let both = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&both).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        Err(text)
    }
}

/// A name server on 127.0.0.1:53.
pub struct Dns(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    names: BTreeMap<String, Ipv4Addr>,
    mode: Mode,
    /// Questions that wait for an answer, by name.
    held: Vec<String>,
}

/// How it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// At once.
    #[default]
    Answers,
    /// Keeps every question until it answers again: as slow as the test wants.
    Holds,
    /// Says that it has failed.
    Fails,
}

impl Dns {
    /// Starts it.
    pub fn start() -> Dns {
        let socket = UdpSocket::bind("127.0.0.1:53").expect("the private network has port 53");
        let shared = Arc::new(Shared::default());
        let serving = shared.clone();
        thread::spawn(move || serve(&socket, &serving));
        Dns(shared)
    }

    /// A name means this address from now on.
    pub fn set(&self, name: &str, ip: Ipv4Addr) {
        self.0.lock().names.insert(name.to_owned(), ip);
    }

    /// Changes how it answers.
    pub fn be(&self, mode: Mode) {
        self.0.lock().mode = mode;
        self.0.changed.notify_all();
    }

    /// Questions about a name that wait for their answer.
    pub fn held(&self, name: &str) -> usize {
        self.0
            .lock()
            .held
            .iter()
            .filter(|held| *held == name)
            .count()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(socket: &UdpSocket, shared: &Arc<Shared>) {
    let mut buffer = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut buffer) {
        let Ok(socket) = socket.try_clone() else {
            return;
        };
        let (question, shared) = (buffer[..length].to_vec(), shared.clone());
        thread::spawn(move || answer(&socket, from, &question, &shared));
    }
}

fn answer(socket: &UdpSocket, to: SocketAddr, question: &[u8], shared: &Shared) {
    let Some((name, end)) = name_of(question) else {
        return;
    };
    let mut state = shared.lock();
    if state.mode == Mode::Holds {
        state.held.push(name.clone());
        while state.mode == Mode::Holds {
            state = shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let at = state.held.iter().position(|held| *held == name);
        at.map(|at| state.held.swap_remove(at));
    }
    const NO_ERROR: u8 = 0;
    const SERVER_FAILURE: u8 = 2;
    const NO_SUCH_NAME: u8 = 3;
    let ip = state.names.get(&name).copied();
    let code = match (state.mode, ip) {
        (Mode::Fails, _) => SERVER_FAILURE,
        (_, None) => NO_SUCH_NAME,
        (_, Some(_)) => NO_ERROR,
    };
    drop(state);
    const TYPE_A: [u8; 2] = [0, 1];
    let asks_ipv4 = question[end..end + 2] == TYPE_A;
    let record = ip.filter(|_| code == NO_ERROR && asks_ipv4);
    // The header: id, "a response, recursion available", one question, the number of answers.
    let mut reply = question[..2].to_vec();
    reply.extend([
        0x81,
        0x80 | code,
        0,
        1,
        0,
        u8::from(record.is_some()),
        0,
        0,
        0,
        0,
    ]);
    reply.extend(&question[12..end + 4]);
    if let Some(ip) = record {
        // The name of the question, type A, class IN, no time to live, four bytes.
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        reply.extend(ip.octets());
    }
    let _ = socket.send_to(&reply, to);
}

/// The name asked for, and where it ends.
fn name_of(question: &[u8]) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    let mut at = 12;
    loop {
        let length = usize::from(*question.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(String::from_utf8_lossy(question.get(at..at + length)?).to_lowercase());
        at += length;
    }
    question.get(at + 3)?;
    Some((labels.join("."), at))
}
