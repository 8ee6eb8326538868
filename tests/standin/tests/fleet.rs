//! What fleets of thousands rest on: neighbours that follow without sockets, and what is counted.

mod story;

use std::net::SocketAddr;
use std::time::Duration;

use standin::{Neighbours, Options, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use story::{SOON, block_on, until};

/// Sends inline requests and reads until the answer contains `word`.
async fn ask(stream: &mut TcpStream, requests: &str, word: &str) -> String {
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    let read = async {
        while !String::from_utf8_lossy(&text).contains(word) {
            assert!(stream.read_buf(&mut text).await.unwrap() > 0, "no {word:?}");
        }
    };
    tokio::time::timeout(SOON, read).await.expect(word);
    String::from_utf8(text).unwrap()
}

async fn start(neighbours: &Neighbours, master: Option<SocketAddr>) -> Server {
    let options = Options {
        neighbours: Some(neighbours.clone()),
        master,
        ..Options::new(SocketAddr::from(([127, 0, 0, 1], 0)))
    };
    Server::start(options).await.unwrap()
}

#[test]
fn neighbours_follow_each_other_as_over_sockets() {
    block_on(async {
        let neighbours = Neighbours::default();
        let mut master = start(&neighbours, None).await;
        let mut client = TcpStream::connect(master.address()).await.unwrap();
        ask(&mut client, "SET before copy\r\n", "+OK").await;
        let replica = start(&neighbours, Some(master.address())).await;
        until("the link is up", || replica.follows().unwrap().2).await;
        ask(&mut client, "SET after stream\r\n", "+OK").await;
        until("the offsets agree", || replica.offset() == master.offset()).await;
        let listed = format!("slave0:ip=127.0.0.1,port={}", replica.address().port());
        ask(&mut client, "INFO\r\n", &listed).await;
        let mut reader = TcpStream::connect(replica.address()).await.unwrap();
        ask(&mut reader, "GET before\r\nGET after\r\n", "stream").await;
        master.kill().await;
        until("the link is down", || !replica.follows().unwrap().2).await;
        assert!(TcpStream::connect(master.address()).await.is_err());
        master.restart().await.unwrap();
        until("the link is up again", || replica.follows().unwrap().2).await;
    });
}

#[test]
fn a_neighbour_that_has_left_is_no_longer_listed() {
    block_on(async {
        let neighbours = Neighbours::default();
        let master = start(&neighbours, None).await;
        let replica = start(&neighbours, Some(master.address())).await;
        until("the link is up", || replica.follows().unwrap().2).await;
        let mut operator = TcpStream::connect(replica.address()).await.unwrap();
        ask(&mut operator, "SLAVEOF NO ONE\r\n", "+OK").await;
        until("it is a master", || replica.is_master()).await;
        // The task that followed has ended by the time its server answers again.
        ask(&mut operator, "PING\r\n", "+PONG").await;
        let mut client = TcpStream::connect(master.address()).await.unwrap();
        ask(&mut client, "INFO\r\n", "connected_slaves:0").await;
    });
}

#[test]
fn links_in_use_and_the_times_between_pings_are_counted() {
    block_on(async {
        let server = start(&Neighbours::default(), None).await;
        let mut commands = TcpStream::connect(server.address()).await.unwrap();
        let mut pubsub = TcpStream::connect(server.address()).await.unwrap();
        ask(&mut commands, "PING\r\n", "+PONG").await;
        assert_eq!(server.links_in_use(), 0);
        ask(&mut pubsub, "SUBSCRIBE news\r\n", ":1").await;
        assert_eq!(server.links_in_use(), 1);
        server.watch_pings();
        ask(&mut commands, "PING\r\n", "+PONG").await;
        tokio::time::sleep(Duration::from_millis(30)).await;
        ask(&mut commands, "PING\r\n", "+PONG").await;
        let gaps = server.ping_gaps();
        assert_eq!(gaps.len(), 1);
        assert!(gaps[0] >= Duration::from_millis(30), "{gaps:?}");
    });
}
