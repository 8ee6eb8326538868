//! A tiny blocking RESP2 client.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Status(String),
    Error(String),
    Integer(i64),
    Bulk(String),
    Null,
    Array(Vec<Value>),
}

impl Value {
    /// The text of a status, an error or a bulk string; an integer in decimal.
    pub fn text(&self) -> String {
        match self {
            Value::Status(text) | Value::Error(text) | Value::Bulk(text) => text.clone(),
            Value::Integer(value) => value.to_string(),
            Value::Null | Value::Array(_) => String::new(),
        }
    }

    /// The elements of an array.
    pub fn items(&self) -> &[Value] {
        match self {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    /// The value after `name` in a flat array of names and values.
    pub fn field(&self, name: &str) -> Option<String> {
        let pairs = self.items().chunks_exact(2);
        pairs
            .into_iter()
            .find(|pair| pair[0].text() == name)
            .map(|pair| pair[1].text())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Array(items) => f
                .debug_list()
                .entries(items.iter().map(Value::text))
                .finish(),
            other => f.write_str(&other.text()),
        }
    }
}

/// Who a connection says that it is.
#[derive(Clone, Debug)]
pub struct Login {
    pub user: String,
    pub password: String,
}

impl Login {
    /// A user of this name with this password.
    pub fn new(user: &str, password: &str) -> Login {
        Login {
            user: user.to_owned(),
            password: password.to_owned(),
        }
    }
}

/// A connection.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects to a loopback port.
    pub fn connect(port: u16) -> io::Result<Client> {
        let stream =
            TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], port)), PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Client {
            stream: BufReader::new(stream),
        })
    }

    /// Sends a request and reads its reply.
    pub fn ask(&mut self, words: &[&str]) -> io::Result<Value> {
        self.send(words)?;
        self.read()
    }

    /// Sends a request.
    pub fn send(&mut self, words: &[&str]) -> io::Result<()> {
        let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            bytes.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
        }
        self.stream.get_mut().write_all(&bytes)
    }

    /// Waits at most this long for a reply; none is forever.
    pub fn set_patience(&mut self, patience: Option<Duration>) -> io::Result<()> {
        self.stream.get_ref().set_read_timeout(patience)
    }

    /// Another handle of the same socket, to shut it down from elsewhere.
    pub fn socket(&self) -> io::Result<TcpStream> {
        self.stream.get_ref().try_clone()
    }

    /// Reads one reply.
    pub fn read(&mut self) -> io::Result<Value> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end_matches(['\r', '\n']);
        let (mark, rest) = line.split_at(line.len().min(1));
        match mark {
            "+" => Ok(Value::Status(rest.to_owned())),
            "-" => Ok(Value::Error(rest.to_owned())),
            ":" => Ok(Value::Integer(number(rest)?)),
            "$" => self.read_bulk(number(rest)?),
            "*" => {
                let count = number(rest)?;
                if count < 0 {
                    return Ok(Value::Null);
                }
                (0..count)
                    .map(|_| self.read())
                    .collect::<io::Result<_>>()
                    .map(Value::Array)
            }
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("not a reply: {line:?}"),
            )),
        }
    }

    fn read_bulk(&mut self, length: i64) -> io::Result<Value> {
        let Ok(length) = usize::try_from(length) else {
            return Ok(Value::Null);
        };
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes)?;
        bytes.truncate(length);
        Ok(Value::Bulk(String::from_utf8_lossy(&bytes).into_owned()))
    }
}

fn number(text: &str) -> io::Result<i64> {
    text.parse().map_err(|_| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("not a number: {text:?}"),
        )
    })
}

/// One request on a connection of its own.
pub fn ask(port: u16, words: &[&str]) -> io::Result<Value> {
    ask_as(None, port, words)
}

/// One request on a connection of its own, which logs in first when it has to.
pub fn ask_as(login: Option<&Login>, port: u16, words: &[&str]) -> io::Result<Value> {
    let mut client = Client::connect(port)?;
    if let Some(Login { user, password }) = login {
        client.ask(&["AUTH", user, password])?;
    }
    client.ask(words)
}
