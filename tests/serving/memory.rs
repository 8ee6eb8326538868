//! What hostile clients cost: the memory of a whole rsentinel process, measured.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::eventually;
use crate::ports::free_port;

/// Connections of each attack; within any limit of descriptors that a machine has.
const CLIENTS: usize = 300;

/// A connection that has sent next to nothing may cost this, in KiB. (Measured: about 7.)
const IDLE_KIB: usize = 16;

struct Process {
    child: Child,
    port: u16,
    _directory: TempDir,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts one with these further lines in its file.
    fn start(lines: &str) -> Process {
        let started = (0..10).find_map(|_| Process::try_start(lines));
        started.expect("one of ten free ports stays free")
    }

    fn try_start(lines: &str) -> Option<Process> {
        let directory = TempDir::new().expect("a temporary directory");
        let port = free_port();
        let file = directory.path().join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nlogfile {}/log\n{lines}",
            directory.path().display(),
            directory.path().display()
        );
        fs::write(&file, text).expect("writable");
        let child = Command::new(env!("CARGO_BIN_EXE_rsentinel"))
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut process = Process {
            child,
            port,
            _directory: directory,
        };
        let mut up = false;
        eventually("it listens or ends", || {
            up = process.is_own(TcpStream::connect(("127.0.0.1", port)).is_ok());
            up || process.child.try_wait().expect("a child").is_some()
        });
        up.then_some(process)
    }

    /// Somebody listens; is it this process?
    fn is_own(&mut self, listens: bool) -> bool {
        listens && self.child.try_wait().expect("a child").is_none()
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("listening");
        let patience = Some(Duration::from_secs(20));
        stream.set_read_timeout(patience).expect("a socket");
        stream.set_write_timeout(patience).expect("a socket");
        stream
    }

    /// Resident memory in KiB.
    fn memory(&self) -> usize {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(path).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.expect("VmRSS").parse().expect("a number")
    }

    /// One figure of INFO.
    fn info(&self, name: &str) -> usize {
        let mut stream = self.connect();
        stream.write_all(b"INFO\r\nPING the-end\r\n").expect("open");
        let mut text = String::new();
        while !text.ends_with("the-end\r\n") {
            let mut chunk = [0; 4096];
            let count = stream.read(&mut chunk).expect("open");
            text.push_str(&String::from_utf8_lossy(&chunk[..count]));
        }
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|line| line.strip_prefix(':'));
        value.expect("a figure").parse().expect("a number")
    }

    /// Waits until it has read this much.
    fn has_read(&self, bytes: usize) {
        eventually("all is read", || {
            self.info("total_net_input_bytes") >= bytes
        });
    }

    /// KiB per connection after each of many has sent this.
    fn cost_of(&self, sent: &[u8]) -> usize {
        let before = self.memory();
        let clients: Vec<TcpStream> = (0..CLIENTS)
            .map(|_| {
                let mut stream = self.connect();
                stream.write_all(sent).expect("open");
                stream
            })
            .collect();
        self.has_read(CLIENTS * sent.len());
        let cost = self.memory().saturating_sub(before) / clients.len();
        println!("{cost} KiB for each of {CLIENTS}");
        cost
    }
}

#[test]
fn a_request_that_was_only_announced_costs_no_more_than_an_idle_connection() {
    let process = Process::start("");
    assert!(process.cost_of(b"PING\r\n") <= IDLE_KIB);
    let process = Process::start("");
    let announced = b"*2147483647\r\n$536870912\r\nhalf";
    assert!(process.cost_of(announced) <= IDLE_KIB);
}

#[test]
fn a_line_without_an_end_costs_little_more_than_its_bytes() {
    let process = Process::start("");
    let line = vec![b'x'; 60 * 1024];
    assert!(process.cost_of(&line) <= IDLE_KIB + 2 * 64);
}

#[test]
fn many_empty_words_cost_their_handles_and_no_more() {
    let process = Process::start("");
    let words = format!("*1000000\r\n{}", "$0\r\n\r\n".repeat(1000));
    // 32 bytes a handle, and the list may be twice as long as it is full.
    assert!(process.cost_of(words.as_bytes()) <= IDLE_KIB + 2 * 32);
}

#[test]
fn bytes_that_come_one_by_one_cost_no_more_than_an_idle_connection() {
    let process = Process::start("");
    let before = process.memory();
    let mut clients: Vec<TcpStream> = (0..CLIENTS).map(|_| process.connect()).collect();
    let request = b"*2\r\n$4\r\nPING\r\n$5\r\nslow!\r\n";
    let (last, all_but_last) = request.split_last().expect("not empty");
    for byte in all_but_last {
        for client in &mut clients {
            client.set_nodelay(true).expect("a socket");
            client.write_all(&[*byte]).expect("open");
        }
    }
    process.has_read(CLIENTS * all_but_last.len());
    assert!(process.memory().saturating_sub(before) / CLIENTS <= IDLE_KIB);
    for client in &mut clients {
        client.write_all(&[*last]).expect("open");
        let mut reply = [0; 11];
        client.read_exact(&mut reply).expect("a reply");
        assert_eq!(&reply, b"$5\r\nslow!\r\n");
    }
}

#[test]
fn a_request_beyond_the_query_buffer_limit_costs_no_more_than_the_limit() {
    let process = Process::start("client-query-buffer-limit 1mb\n");
    let before = process.memory();
    let mut clients: Vec<TcpStream> = (0..8).map(|_| process.connect()).collect();
    for client in &mut clients {
        let _ = client.write_all(b"*3\r\n$4\r\nPING\r\n$100000000\r\n");
        let chunk = vec![b'x'; 64 * 1024];
        // Until it is closed from the other side.
        let sent = (0..1600).take_while(|_| client.write_all(&chunk).is_ok());
        assert!(sent.count() < 1600, "never closed");
    }
    // Each alone; what the allocator keeps of one serves the next.
    assert!(process.memory().saturating_sub(before) <= 8 * 1024);
}

#[test]
fn who_never_reads_its_replies_is_not_served_on_and_costs_a_bounded_share() {
    let process = Process::start("");
    let before = process.memory();
    let echo = format!("*2\r\n$4\r\nPING\r\n$100000\r\n{}\r\n", "x".repeat(100_000));
    let mut clients: Vec<TcpStream> = (0..3).map(|_| process.connect()).collect();
    for client in &mut clients {
        client
            .set_write_timeout(Some(Duration::from_millis(500)))
            .expect("a socket");
        // Until nothing is taken any more: 100 MB would be three times the bound.
        let sent = (0..1000).take_while(|_| client.write_all(echo.as_bytes()).is_ok());
        assert!(sent.count() < 1000, "served on");
    }
    let cost = process.memory().saturating_sub(before) / clients.len();
    println!("{cost} KiB each");
    assert!(cost <= 48 * 1024);
}

/// As many requests at a time as are answered where they lie, each time when the last ones are done.
#[test]
fn who_never_reads_replies_that_are_given_at_once_is_not_served_on_either() {
    let process = Process::start("sentinel monitor mymaster 127.0.0.1 1 2\n");
    let before = process.memory();
    let (mut client, mut other) = (process.connect(), process.connect());
    client
        .set_write_timeout(Some(Duration::from_millis(500)))
        .expect("a socket");
    let request = "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster\r\n";
    let words: Vec<&str> = request.split_whitespace().collect();
    let mut bytes = format!("*{}\r\n", words.len());
    for word in words {
        bytes += &format!("${}\r\n{word}\r\n", word.len());
    }
    let bytes = bytes.repeat(128);
    // Twice the bound: a reply has about 33 bytes.
    let sent = (0..16_000).take_while(|_| {
        let written = client.write_all(bytes.as_bytes()).is_ok();
        let mut pong = [0; 7];
        other.write_all(b"PING\r\n").expect("open");
        other.read_exact(&mut pong).expect("open");
        written
    });
    assert!(sent.count() < 16_000, "served on");
    let cost = process.memory().saturating_sub(before);
    assert!(cost <= 80 * 1024, "{cost} KiB");
}

#[test]
fn who_never_authenticated_and_never_reads_is_cut_off() {
    let process = Process::start("requirepass pw\n");
    let mut client = process.connect();
    let requests = "PING\r\n".repeat(10_000);
    // 200 MB of refusals would be far more than the system keeps for a connection.
    let sent = (0..600).take_while(|_| client.write_all(requests.as_bytes()).is_ok());
    assert!(sent.count() < 600, "never cut off");
}

#[test]
fn subscriptions_without_end_meet_the_query_buffer_limit() {
    let process = Process::start("client-query-buffer-limit 1mb\n");
    let before = process.memory();
    let mut client = process.connect();
    let mut reader = client.try_clone().expect("a second handle");
    let reading = std::thread::spawn(move || {
        let mut read = vec![0; 64 * 1024];
        while matches!(reader.read(&mut read), Ok(count) if count > 0) {}
    });
    let sent = (0..200_000).take_while(|n| {
        let line = format!("SUBSCRIBE channel-{n}\r\n");
        client.write_all(line.as_bytes()).is_ok()
    });
    assert!(sent.count() < 200_000, "never closed");
    reading.join().expect("no panic");
    assert!(process.memory().saturating_sub(before) <= 8 * 1024);
    // Those it left behind are forgotten.
    eventually("no channel is left", || {
        process.info("pubsub_channels") == 0
    });
}

#[test]
fn a_subscription_keeps_its_name_and_not_all_that_came_with_it() {
    let process = Process::start("");
    let before = process.memory();
    let mut client = process.connect();
    // What is read together: a name just long enough to be shared, and much else.
    let mut sent = 0;
    for n in 0..600 {
        let name = format!("{n:01100}");
        let rest = "x".repeat(62_000);
        let text = format!(
            "*3\r\n$9\r\nSUBSCRIBE\r\n$1100\r\n{name}\r\n$62000\r\n{rest}\r\n\
             *2\r\n$11\r\nUNSUBSCRIBE\r\n$62000\r\n{rest}\r\n"
        );
        client.write_all(text.as_bytes()).expect("open");
        sent += text.len();
        let mut replies = [0; 4096];
        let mut wanted: usize = 1100 + 2 * 62_000;
        while wanted > 0 {
            let count = client.read(&mut replies).expect("open");
            wanted = wanted.saturating_sub(count);
        }
    }
    process.has_read(sent);
    assert_eq!(process.info("pubsub_channels"), 600);
    let cost = process.memory().saturating_sub(before);
    println!("{cost} KiB for 600 names");
    assert!(cost <= 8 * 1024, "{cost}");
}

#[test]
fn names_that_a_connection_gives_itself_meet_the_query_buffer_limit() {
    let process = Process::start("client-query-buffer-limit 1mb\n");
    let mut client = process.connect();
    let name = "x".repeat(500_000);
    for (command, outlives) in [
        (
            format!("*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$500000\r\n{name}\r\n"),
            true,
        ),
        (
            format!(
                "*4\r\n$6\r\nCLIENT\r\n$7\r\nSETINFO\r\n$8\r\nlib-name\r\n$500000\r\n{name}\r\n"
            ),
            true,
        ),
        (
            format!(
                "*4\r\n$6\r\nCLIENT\r\n$7\r\nSETINFO\r\n$7\r\nlib-ver\r\n$500000\r\n{name}\r\n"
            ),
            false,
        ),
    ] {
        client.write_all(command.as_bytes()).expect("open");
        let mut reply = [0; 5];
        client.read_exact(&mut reply).unwrap_or_default();
        if outlives {
            assert_eq!(&reply, b"+OK\r\n");
        }
    }
    let mut rest = Vec::new();
    let _ = client.read_to_end(&mut rest);
    assert!(
        client
            .write_all(b"PING\r\n")
            .and_then(|()| client.read_exact(&mut [0]))
            .is_err()
    );
}
