//! One sentinel of each kind with the same configuration, and a client of each.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::{Daemon, Sentinel};

/// One request of some words.
pub type Words<'a> = &'a [&'a str];

/// Both daemons.
pub struct Both {
    pub ours: Sentinel,
    pub theirs: Sentinel,
    pub directories: [tempfile::TempDir; 2],
}

impl Both {
    /// Starts both with these lines in the configuration; `DIR` in them is the daemon's own
    /// directory, in which these files are.
    pub fn start(lines: &str, files: &[(&str, &str)]) -> Self {
        let directories = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
        let start = |daemon, directory: &tempfile::TempDir| {
            let dir = directory.path().to_str().expect("ASCII").to_owned();
            for (name, text) in files {
                fs::write(directory.path().join(name), text).expect("writable");
            }
            Sentinel::start_with(daemon, directory.path(), |port| {
                format!(
                    "port {port}\nbind 127.0.0.1\ndir {dir}\nsentinel monitor mymaster 127.0.0.1 1 2\n{}",
                    lines.replace("DIR", &dir)
                )
            })
        };
        Both {
            ours: start(Daemon::Rsentinel, &directories[0]),
            theirs: start(Daemon::Reference, &directories[1]),
            directories,
        }
    }

    /// Without files, and with a default user that both show alike.
    pub fn plain() -> (Self, Clients) {
        let both = Both::start("", &[]);
        let mut clients = both.clients();
        clients.same(&["ACL", "SETUSER", "default", "sanitize-payload"]);
        (both, clients)
    }

    /// A new connection to each.
    pub fn clients(&self) -> Clients {
        Clients([self.ours.port(), self.theirs.port()].map(RawClient::connect))
    }
}

/// A connection to each daemon: ours, theirs.
pub struct Clients(pub [RawClient; 2]);

impl Clients {
    /// Asks both; their replies.
    pub fn ask(&mut self, words: Words<'_>) -> [String; 2] {
        for client in &mut self.0 {
            client.send(words);
        }
        self.0.each_mut().map(RawClient::reply)
    }

    /// Asks both; the replies must be the same bytes. Gives them.
    #[track_caller]
    pub fn same(&mut self, words: Words<'_>) -> String {
        let [ours, theirs] = self.ask(words);
        assert_eq!(ours, theirs, "{words:?}: ours, theirs");
        ours
    }

    /// Asks both; the replies must be the same after the words of 7.0's refusals were made
    /// those of 7.2 for this user.
    #[track_caller]
    pub fn alike(&mut self, user: &str, words: Words<'_>) -> String {
        let [ours, theirs] = self.ask(words);
        let theirs = newer_words(&theirs, user);
        assert_eq!(
            without_lengths(&ours),
            without_lengths(&theirs),
            "{words:?}: ours, theirs"
        );
        ours
    }

    /// Asks ours alone.
    pub fn ask_ours(&mut self, words: Words<'_>) -> String {
        self.0[0].send(words);
        self.0[0].reply()
    }

    /// Both must have been closed.
    #[track_caller]
    pub fn closed(&mut self) {
        for client in &mut self.0 {
            assert_eq!(client.reply(), "closed");
        }
    }
}

/// The refusals of 7.0 in the words of 7.2.
fn newer_words(reply: &str, user: &str) -> String {
    reply
        .replace(
            "-NOPERM this user has no permissions to run",
            &format!("-NOPERM User {user} has no permissions to run"),
        )
        .replace(
            "-NOPERM this user has no permissions to access one of the channels used as arguments",
            "-NOPERM No permissions to access a channel",
        )
        .replace("This user has", &format!("User {user} has"))
        .replace(
            "the HELLO AUTH <user> <pass> option",
            "the HELLO <proto> AUTH <user> <pass> option",
        )
}

fn without_lengths(reply: &str) -> String {
    let lines = reply.split("\r\n").filter(|line| !line.starts_with('$'));
    lines.collect::<Vec<_>>().join("\r\n")
}

/// A connection that reads replies as the bytes they are.
pub struct RawClient(BufReader<TcpStream>);

impl RawClient {
    pub fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("listening");
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        RawClient(BufReader::new(stream))
    }

    pub fn send(&mut self, words: Words<'_>) {
        let mut bytes = format!("*{}\r\n", words.len());
        for word in words {
            bytes += &format!("${}\r\n{word}\r\n", word.len());
        }
        // A closed connection shows when the reply is read.
        let _ = self.0.get_mut().write_all(bytes.as_bytes());
    }

    /// The next reply, or `closed`.
    pub fn reply(&mut self) -> String {
        let mut out = Vec::new();
        match self.read(&mut out) {
            Some(()) => String::from_utf8_lossy(&out).into_owned(),
            None => "closed".to_owned(),
        }
    }

    fn read(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let from = out.len();
        if self.0.read_until(b'\n', out).ok()? == 0 {
            return None;
        }
        let header = String::from_utf8_lossy(&out[from..]).into_owned();
        let count = || header[1..].trim().parse::<i64>().expect("a count");
        match header.as_bytes()[0] {
            b'$' | b'=' if count() >= 0 => {
                let mut body = vec![0; usize::try_from(count()).expect("positive") + 2];
                self.0.read_exact(&mut body).ok()?;
                out.extend(body);
            }
            b'*' | b'~' | b'>' => {
                for _ in 0..count().max(0) {
                    self.read(out)?;
                }
            }
            b'%' => {
                for _ in 0..count() * 2 {
                    self.read(out)?;
                }
            }
            _ => {}
        }
        Some(())
    }
}

/// The strings in a reply, in order.
pub fn strings(reply: &str) -> Vec<&str> {
    let lines: Vec<&str> = reply.split("\r\n").collect();
    let pairs = lines.windows(2);
    pairs
        .filter(|pair| pair[0].starts_with('$'))
        .map(|pair| pair[1])
        .collect()
}
