//! A server that says exactly what the test makes it say.

use std::net::{IpAddr, SocketAddr};

use rsentinel::core::action::{Renames, Socket};
use rsentinel::core::{Answer, Ask};
use rsentinel::types::{Epoch, RunId};
use rsentinel::wire::{PingVerdict, TransactionOutcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::events::*;

const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";
const INFO: &[u8] = b"*1\r\n$4\r\nINFO\r\n";

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The server's end of a connection.
pub struct Served(TcpStream);

impl Served {
    async fn accept(listener: &TcpListener) -> Self {
        Served(
            timeout(PATIENCE, listener.accept())
                .await
                .unwrap()
                .unwrap()
                .0,
        )
    }

    async fn expect(&mut self, bytes: &[u8]) {
        let mut read = vec![0; bytes.len()];
        timeout(PATIENCE, self.0.read_exact(&mut read))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&read),
            String::from_utf8_lossy(bytes)
        );
    }

    pub async fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// What comes until the other side closes.
    async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let read = timeout(PATIENCE, self.0.read_to_end(&mut rest))
            .await
            .expect("closed in time");
        // A close with unread replies reads as a reset.
        assert!(read.is_ok() || read.unwrap_err().kind() == std::io::ErrorKind::ConnectionReset);
        rest
    }
}

pub async fn command_link() -> (Opened, Served) {
    let (listener, address) = listen().await;
    let mut opened = open(address, Socket::Command);
    let served = Served::accept(&listener).await;
    opened.events.connected().await;
    (opened, served)
}

#[tokio::test]
async fn asks_queued_before_the_connect_ends_leave_in_order_and_in_one_piece() {
    let (listener, address) = listen().await;
    let mut opened = open(address, Socket::Command);
    opened.send(auth(None, "pw"));
    opened.send(Ask::SetName("sentinel-01234567-cmd".into()));
    opened.send(Ask::Ping);
    opened.send(Ask::Info);
    let mut served = Served::accept(&listener).await;
    assert_eq!(
        opened.events.connected().await,
        Some("127.0.0.1".parse().unwrap())
    );
    let mut expected = b"*2\r\n$4\r\nAUTH\r\n$2\r\npw\r\n".to_vec();
    expected.extend_from_slice(
        b"*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$21\r\nsentinel-01234567-cmd\r\n",
    );
    expected.extend_from_slice(PING);
    expected.extend_from_slice(INFO);
    let mut first = vec![0; 4096];
    let n = timeout(PATIENCE, served.0.read(&mut first))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&first[..n]),
        String::from_utf8_lossy(&expected)
    );
}

#[tokio::test]
async fn replies_come_back_as_answers_in_the_order_of_the_asks() {
    let (mut opened, mut served) = command_link().await;
    opened.send(auth(Some("u"), "pw"));
    opened.send(Ask::SetName("n".into()));
    opened.send(Ask::Ping);
    opened.send(hello("a,b"));
    opened.send(Ask::ScriptKill);
    opened.send(Ask::MasterDown {
        peer: PARTY,
        host: "h".into(),
        port: 1,
        epoch: Epoch::ZERO,
        candidate: Some(RunId::new("me")),
    });
    opened.send(Ask::Info);
    served
        .say(b"-WRONGPASS no\r\n+OK\r\n-LOADING x\r\n:0\r\n-NOTBUSY x\r\n*3\r\n:1\r\n$2\r\nme\r\n:4\r\n$11\r\nrole:master\r\n")
        .await;
    let events = &mut opened.events;
    assert!(matches!(events.answer().await, Answer::Auth(Err(text)) if text == "WRONGPASS no"));
    assert!(matches!(events.answer().await, Answer::Done));
    assert!(matches!(
        events.answer().await,
        Answer::Ping(PingVerdict::Loading)
    ));
    assert!(matches!(
        events.answer().await,
        Answer::Hello(PARTY, Ok(()))
    ));
    assert!(matches!(events.answer().await, Answer::Done));
    let Answer::MasterDown {
        peer: PARTY,
        reply: Some(reply),
    } = events.answer().await
    else {
        panic!("not the opinion");
    };
    assert_eq!(
        (reply.down, reply.vote),
        (true, Some((RunId::new("me"), Epoch::new(4).unwrap())))
    );
    let Answer::Info(Ok(report)) = events.answer().await else {
        panic!("not the report")
    };
    assert_eq!(report.text.as_ref(), b"role:master");
}

#[tokio::test]
async fn renamed_words_are_used() {
    let (opened, mut served) = command_link().await;
    let words = Renames::from([("PING".into(), "xx".into())]);
    opened.link.send(Ask::Ping, words.into());
    served.expect(b"*1\r\n$2\r\nxx\r\n").await;
}

#[tokio::test]
async fn a_reply_written_in_two_halves_is_one_answer() {
    let (mut opened, mut served) = command_link().await;
    opened.send(Ask::Ping);
    opened.send(Ask::Ping);
    served.expect(&PING.repeat(2)).await;
    served.say(b"+PONG\r\n+PO").await;
    assert!(matches!(
        opened.events.answer().await,
        Answer::Ping(PingVerdict::Pong)
    ));
    served.say(b"NG\r\n").await;
    assert!(matches!(
        opened.events.answer().await,
        Answer::Ping(PingVerdict::Pong)
    ));
}

#[tokio::test]
async fn a_long_reply_is_read_whole() {
    let (mut opened, mut served) = command_link().await;
    opened.send(Ask::Info);
    let text = "x".repeat(300_000);
    served
        .say(format!("${}\r\n{text}\r\n", text.len()).as_bytes())
        .await;
    let Answer::Info(Ok(report)) = opened.events.answer().await else {
        panic!("no report")
    };
    assert_eq!(report.text.len(), text.len());
}

#[tokio::test]
async fn the_six_replies_of_a_transaction_are_one_answer() {
    let (mut opened, mut served) = command_link().await;
    opened.send(replicate(None));
    opened.send(Ask::Ping);
    served
        .say(b"+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n")
        .await;
    served
        .say(b"*4\r\n+OK\r\n+OK\r\n:1\r\n:0\r\n+PONG\r\n")
        .await;
    let answer = opened.events.answer().await;
    assert!(
        matches!(
            answer,
            Answer::Replicate(PARTY, TransactionOutcome::Accepted)
        ),
        "{answer:?}"
    );
    assert!(matches!(
        opened.events.answer().await,
        Answer::Ping(PingVerdict::Pong)
    ));
}

#[tokio::test]
async fn a_subscribed_socket_answers_first_and_hears_then() {
    let (listener, address) = listen().await;
    let mut opened = open(address, Socket::Pubsub);
    opened.send(auth(None, "pw"));
    opened.send(Ask::SetName("n".into()));
    opened.send(Ask::Subscribe);
    let mut served = Served::accept(&listener).await;
    let events = &mut opened.events;
    events.connected().await;
    served
        .say(b"+OK\r\n+OK\r\n*3\r\n$9\r\nsubscribe\r\n$18\r\n__sentinel__:hello\r\n:1\r\n")
        .await;
    assert!(matches!(events.answer().await, Answer::Auth(Ok(()))));
    assert!(matches!(events.answer().await, Answer::Done));
    assert_eq!(events.heard().await, None);
    served
        .say(b"*3\r\n$7\r\nmessage\r\n$18\r\n__sentinel__:hello\r\n$3\r\na,b\r\n")
        .await;
    assert_eq!(events.heard().await, Some("a,b".into()));
    served
        .say(b"*3\r\n$7\r\nmessage\r\n$5\r\nother\r\n$3\r\na,b\r\n+X\r\n")
        .await;
    assert_eq!(events.heard().await, None);
    assert_eq!(events.heard().await, None);
}

#[tokio::test]
async fn an_error_that_is_not_utf8_does_not_end_the_connection() {
    let (mut opened, mut served) = command_link().await;
    opened.send(Ask::Ping);
    opened.send(Ask::Ping);
    served.say(b"-\xff\xfe\r\n+PONG\r\n").await;
    assert!(matches!(
        opened.events.answer().await,
        Answer::Ping(PingVerdict::Other(_))
    ));
    assert!(matches!(
        opened.events.answer().await,
        Answer::Ping(PingVerdict::Pong)
    ));
}

#[tokio::test]
async fn a_reply_to_nothing_closes_the_socket_with_a_reason() {
    let (mut opened, mut served) = command_link().await;
    served.say(b"+PONG\r\n").await;
    assert_eq!(
        opened.events.closed().await,
        "protocol error: a reply to nothing"
    );
    // The handle still lives, the socket does not.
    assert!(served.rest().await.is_empty());
    opened.send(Ask::Ping);
}

#[tokio::test]
async fn what_is_not_resp_closes_the_socket_with_a_reason() {
    for (bytes, reason) in [
        (
            b"HTTP/1.1 400 Bad Request\r\n".to_vec(),
            "protocol error: not a RESP2 reply",
        ),
        (
            b"*1\r\n".repeat(30_000),
            "protocol error: reply nested too deeply",
        ),
        (
            b"$99999999999\r\n".to_vec(),
            "protocol error: reply too long",
        ),
    ] {
        let (mut opened, mut served) = command_link().await;
        opened.send(Ask::Ping);
        // The link may close before all is written.
        let _ = served.0.write_all(&bytes).await;
        assert_eq!(opened.events.closed().await, reason);
    }
}

#[tokio::test]
async fn what_the_server_said_before_it_closed_is_heard() {
    let (mut opened, mut served) = command_link().await;
    opened.send(Ask::Ping);
    served.expect(PING).await;
    served.say(b"+PONG\r\n").await;
    drop(served);
    assert!(matches!(
        opened.events.answer().await,
        Answer::Ping(PingVerdict::Pong)
    ));
    assert_eq!(opened.events.closed().await, "Server closed the connection");
}

#[tokio::test]
async fn a_server_closing_within_a_reply_gives_no_answer() {
    let (mut opened, mut served) = command_link().await;
    opened.send(Ask::Ping);
    served.expect(PING).await;
    served.say(b"+PON").await;
    drop(served);
    opened.events.closed().await;
}

#[tokio::test]
async fn a_refused_connect_is_closed_with_a_reason() {
    let (listener, address) = listen().await;
    drop(listener);
    let mut opened = open(address, Socket::Command);
    opened.send(Ask::Ping);
    assert_eq!(opened.events.closed().await, "Connection refused");
}

#[tokio::test]
async fn a_socket_comes_from_its_source_address() {
    let (listener, address) = listen().await;
    let source: IpAddr = "127.0.0.2".parse().unwrap();
    let mut opened = open_from(address, Socket::Command, Some(source));
    let served = Served::accept(&listener).await;
    assert_eq!(served.0.peer_addr().unwrap().ip(), source);
    assert_eq!(opened.events.connected().await, Some(source));
}

#[tokio::test]
async fn a_source_address_of_another_family_is_closed_with_a_reason() {
    let (_listener, address) = listen().await;
    let mut opened = open_from(address, Socket::Command, Some("::1".parse().unwrap()));
    assert!(!opened.events.closed().await.is_empty());
}

#[tokio::test]
async fn a_dropped_handle_closes_the_socket_and_says_nothing_more() {
    let (Opened { link, mut events }, mut served) = command_link().await;
    drop(link);
    assert!(served.rest().await.is_empty());
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_handle_dropped_while_connecting_says_nothing() {
    let (_listener, address) = listen().await;
    let Opened { link, mut events } = open(address, Socket::Command);
    drop(link);
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn what_was_queued_in_the_turn_of_the_drop_still_leaves() {
    let (Opened { link, mut events }, mut served) = command_link().await;
    link.send(Ask::Ping, Renames::new().into());
    drop(link);
    assert_eq!(served.rest().await, PING);
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_queue_beyond_all_reason_closes_the_socket() {
    let (mut opened, _served) = command_link().await;
    let text = "x".repeat(1000);
    for _ in 0..2000 {
        opened.send(hello(&text));
    }
    assert_eq!(opened.events.closed().await, "too many requests waiting");
}

#[tokio::test]
async fn a_server_that_reads_but_never_answers_is_closed_in_the_end() {
    let (mut opened, mut served) = command_link().await;
    let reading = tokio::spawn(async move { served.rest().await.len() });
    for _ in 0..200 {
        for _ in 0..100 {
            opened.send(Ask::Ping);
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(opened.events.closed().await, "too many requests waiting");
    assert!(reading.await.unwrap() > 100_000);
}

#[tokio::test]
async fn a_large_queue_to_a_slow_reader_arrives_whole() {
    let (opened, mut served) = command_link().await;
    let text = "x".repeat(1000);
    for _ in 0..900 {
        opened.send(hello(&text));
    }
    let one = format!("*3\r\n$7\r\nPUBLISH\r\n$18\r\n__sentinel__:hello\r\n$1000\r\n{text}\r\n");
    served.expect(one.repeat(900).as_bytes()).await;
}
