//! The smallest client that serves the demo: every reply becomes a flat list of texts.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// A connection to a server or a sentinel.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects to a loopback port.
    pub async fn connect(port: u16) -> io::Result<Client> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        Ok(Client {
            stream: BufReader::new(stream),
        })
    }

    /// Sends a request.
    pub async fn send(&mut self, words: &[&str]) -> io::Result<()> {
        let mut request = format!("*{}\r\n", words.len());
        for word in words {
            request += &format!("${}\r\n{word}\r\n", word.len());
        }
        self.stream.write_all(request.as_bytes()).await
    }

    /// Reads one reply; the elements of arrays follow each other, and an error reply is an error.
    pub async fn read(&mut self) -> io::Result<Vec<String>> {
        let mut texts = Vec::new();
        let mut missing = 1_u64;
        while missing > 0 {
            missing -= 1;
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end();
            let (mark, rest) = line.split_at(line.len().min(1));
            let number = rest.parse::<i64>().unwrap_or(-1);
            match mark {
                "*" => missing += u64::try_from(number).unwrap_or(0),
                "$" => texts.push(self.read_bulk(number).await?),
                "-" => return Err(io::Error::other(rest.to_owned())),
                _ => texts.push(rest.to_owned()),
            }
        }
        Ok(texts)
    }

    async fn read_bulk(&mut self, length: i64) -> io::Result<String> {
        let Ok(length) = usize::try_from(length) else {
            return Ok(String::new());
        };
        let mut bytes = vec![0; length + 2];
        self.stream.read_exact(&mut bytes).await?;
        bytes.truncate(length);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// One request on a connection of its own; none when it fails or takes too long.
pub async fn ask(port: u16, words: &[&str]) -> Option<Vec<String>> {
    let conversation = async {
        let mut client = Client::connect(port).await?;
        client.send(words).await?;
        client.read().await
    };
    tokio::time::timeout(PATIENCE, conversation)
        .await
        .ok()?
        .ok()
}

/// One line of INFO.
pub async fn info(port: u16, field: &str) -> Option<String> {
    let text = ask(port, &["INFO"]).await?.pop()?;
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(value.trim().to_owned())
}
