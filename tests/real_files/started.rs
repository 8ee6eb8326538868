//! Sentinel processes of either kind on a file, asked for the state they have made of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::ports::free_port;

const PATIENCE: Duration = Duration::from_secs(30);

/// Which program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemon {
    Rsentinel,
    Reference,
}

/// A running process with its file in a directory of somebody else's.
pub struct Started {
    child: Child,
    port: u16,
    dir: PathBuf,
    /// What follows AUTH, if it has to be said first.
    auth: Vec<String>,
}

/// What a sentinel says of its masters, by their names.
pub type State = BTreeMap<String, MasterState>;

/// What a sentinel says of a master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterState {
    /// The fields that come from the file.
    pub fields: BTreeMap<String, String>,
    /// `ip port`, sorted.
    pub replicas: Vec<String>,
    /// `ip port runid`, sorted.
    pub peers: Vec<String>,
}

/// The fields of SENTINEL MASTERS that come from the file.
const FIELDS: [&str; 8] = [
    "ip",
    "port",
    "quorum",
    "down-after-milliseconds",
    "failover-timeout",
    "parallel-syncs",
    "config-epoch",
    "notification-script",
];

impl Started {
    /// Starts it on `s.conf` of the directory, on a free port, and waits until it answers. `Err`:
    /// what it said when it refused the file.
    pub fn on(
        daemon: Daemon,
        dir: &Path,
        options: &[String],
        auth: &[String],
    ) -> Result<Started, String> {
        // Another process may take the port first; then the next is tried.
        for _attempt in 0..10 {
            let port = free_port();
            let mut started = Started {
                child: spawn(daemon, dir, port, options),
                port,
                dir: dir.to_owned(),
                auth: auth.to_vec(),
            };
            if started.comes_up() {
                return Ok(started);
            }
            let said = fs::read_to_string(dir.join("out")).unwrap();
            if !said.contains("Address already in use") {
                return Err(said);
            }
        }
        panic!("one of ten free ports stays free");
    }

    fn comes_up(&mut self) -> bool {
        let end = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            let info = self.ask(&["INFO", "server"]);
            let id = format!("process_id:{}\r\n", self.child.id());
            if info.is_some_and(|info| info.text().contains(&id)) {
                return true;
            }
            assert!(Instant::now() < end, "it neither answers nor ends");
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    /// Asks it something.
    pub fn ask(&self, words: &[&str]) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let auth: Vec<&str> = self.auth.iter().map(String::as_str).collect();
        let mut request = String::new();
        if !auth.is_empty() {
            request += &encoded(&[&["AUTH"], auth.as_slice()].concat());
        }
        stream
            .write_all((request + &encoded(words)).as_bytes())
            .ok()?;
        let mut replies = BufReader::new(stream);
        if !auth.is_empty() {
            Value::read(&mut replies)?;
        }
        Value::read(&mut replies)
    }

    /// Its id.
    pub fn id(&self) -> String {
        self.ask(&["SENTINEL", "MYID"]).unwrap().text()
    }

    /// The state it has made of its file, names looked up unless names are shown.
    pub fn state(&self, shows_names: bool) -> State {
        let end = Instant::now() + PATIENCE;
        loop {
            let state = self.state_now();
            let mut fields = state.values().map(|master| &master.fields["ip"]);
            if shows_names || fields.all(|ip| ip.parse::<IpAddr>().is_ok()) {
                return state;
            }
            assert!(Instant::now() < end, "names are not looked up: {state:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn state_now(&self) -> State {
        let masters = self.ask(&["SENTINEL", "MASTERS"]).unwrap();
        let of = |master: &Value| {
            let name = master.field("name");
            let listed = |what: &str, fields: &[&str]| {
                let answer = self.ask(&["SENTINEL", what, &name]).unwrap();
                let mut lines: Vec<String> = answer
                    .items()
                    .iter()
                    .map(|record| {
                        let values: Vec<_> = fields.iter().map(|f| record.field(f)).collect();
                        values.join(" ")
                    })
                    .collect();
                lines.sort();
                lines
            };
            let fields = FIELDS.map(|field| (field.to_owned(), master.field(field)));
            let state = MasterState {
                fields: BTreeMap::from(fields),
                replicas: listed("REPLICAS", &["ip", "port"]),
                peers: listed("SENTINELS", &["ip", "port", "runid"]),
            };
            (name, state)
        };
        masters.items().iter().map(of).collect()
    }

    /// Has it rewrite its file; the new text.
    pub fn rewritten(&self) -> String {
        let answer = self.ask(&["SENTINEL", "FLUSHCONFIG"]).unwrap();
        assert_eq!(answer.text(), "OK");
        fs::read_to_string(self.dir.join("s.conf")).unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(daemon: Daemon, dir: &Path, port: u16, options: &[String]) -> Child {
    let program = match daemon {
        Daemon::Rsentinel => env!("CARGO_BIN_EXE_rsentinel"),
        Daemon::Reference => "redis-sentinel",
    };
    let out = fs::File::create(dir.join("out")).unwrap();
    Command::new(program)
        .arg("s.conf")
        .args(options)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--daemonize", "no"])
        .current_dir(dir)
        .env_remove("NOTIFY_SOCKET")
        .env_remove("UPSTART_JOB")
        .stdin(Stdio::null())
        .stdout(out.try_clone().unwrap())
        .stderr(out)
        .spawn()
        .expect("the program is on PATH")
}

fn encoded(words: &[&str]) -> String {
    let bulk = |word: &&str| format!("${}\r\n{word}\r\n", word.len());
    let bulks: String = words.iter().map(bulk).collect();
    format!("*{}\r\n{bulks}", words.len())
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Array(Vec<Value>),
}

impl Value {
    fn read(from: &mut impl BufRead) -> Option<Value> {
        let mut line = String::new();
        from.read_line(&mut line).ok()?;
        let line = line.strip_suffix("\r\n")?;
        match line.split_at_checked(1)? {
            ("$", "-1") => Some(Value::Text(String::new())),
            ("$", length) => {
                let mut bytes = vec![0; length.parse::<usize>().ok()? + 2];
                from.read_exact(&mut bytes).ok()?;
                bytes.truncate(bytes.len() - 2);
                Some(Value::Text(String::from_utf8_lossy(&bytes).into_owned()))
            }
            ("*", length) => {
                let length: usize = length.parse().ok()?;
                let items: Option<_> = (0..length).map(|_| Value::read(from)).collect();
                Some(Value::Array(items?))
            }
            (_, text) => Some(Value::Text(text.to_owned())),
        }
    }

    pub fn text(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Array(_) => String::new(),
        }
    }

    pub fn items(&self) -> &[Value] {
        match self {
            Value::Text(_) => &[],
            Value::Array(items) => items,
        }
    }

    /// The value after a name; empty when there is none.
    pub fn field(&self, name: &str) -> String {
        let pairs = self.items().chunks_exact(2);
        let found = pairs.into_iter().find(|pair| pair[0].text() == name);
        found.map(|pair| pair[1].text()).unwrap_or_default()
    }
}
