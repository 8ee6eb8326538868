//! What a stand-in promises, seen over its sockets.

mod story;

use std::net::SocketAddr;
use std::time::Duration;

use standin::{Options, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use story::{SOON, block_on, until};

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Sends inline requests and reads until the answer ends with `end`.
async fn ask(stream: &mut TcpStream, requests: &str, end: &str) -> String {
    stream.write_all(requests.as_bytes()).await.unwrap();
    read_until(stream, end).await
}

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    let read = async {
        while !text.ends_with(end.as_bytes()) {
            if stream.read_buf(&mut text).await.unwrap() == 0 {
                break;
            }
        }
    };
    let in_time = tokio::time::timeout(SOON, read).await.is_ok();
    let text = String::from_utf8(text).unwrap();
    assert!(in_time, "no {end:?} after {text:?}");
    text
}

async fn pair() -> (Server, Server) {
    let master = Server::start(Options::new(anywhere())).await.unwrap();
    let replica = Options::new(anywhere()).replica_of(master.address());
    let replica = Server::start(replica).await.unwrap();
    until("the link is up", || replica.follows().unwrap().2).await;
    (master, replica)
}

#[test]
fn a_replica_has_the_masters_keys_and_offset() {
    block_on(async {
        let master = Server::start(Options::new(anywhere())).await.unwrap();
        let mut client = TcpStream::connect(master.address()).await.unwrap();
        ask(&mut client, "SET before copy\r\n", "+OK\r\n").await;
        let replica = Options::new(anywhere()).replica_of(master.address());
        let replica = Server::start(replica).await.unwrap();
        until("the link is up", || replica.follows().unwrap().2).await;
        ask(&mut client, "SET after stream\r\n", "+OK\r\n").await;
        until("the offsets agree", || replica.offset() == master.offset()).await;
        assert!(master.offset() > 0);
        let mut reader = TcpStream::connect(replica.address()).await.unwrap();
        let answer = ask(&mut reader, "GET before\r\nGET after\r\n", "stream\r\n").await;
        assert_eq!(answer, "$4\r\ncopy\r\n$6\r\nstream\r\n");
        let info = ask(&mut client, "INFO\r\nPING\r\n", "+PONG\r\n").await;
        let line = format!("slave0:ip=127.0.0.1,port={},", replica.address().port());
        assert!(info.contains(&line), "{info}");
    });
}

#[test]
fn a_message_published_on_the_master_reaches_subscribers_of_the_replica() {
    block_on(async {
        let (master, replica) = pair().await;
        let mut subscriber = TcpStream::connect(replica.address()).await.unwrap();
        ask(&mut subscriber, "SUBSCRIBE hello\r\n", ":1\r\n").await;
        let mut publisher = TcpStream::connect(master.address()).await.unwrap();
        ask(&mut publisher, "PUBLISH hello there\r\n", ":0\r\n").await;
        let push = read_until(&mut subscriber, "there\r\n").await;
        assert_eq!(
            push,
            "*3\r\n$7\r\nmessage\r\n$5\r\nhello\r\n$5\r\nthere\r\n"
        );
    });
}

#[test]
fn the_promoting_transaction_drops_every_client_but_the_one_that_sent_it() {
    block_on(async {
        let (master, replica) = pair().await;
        let mut other = TcpStream::connect(replica.address()).await.unwrap();
        ask(&mut other, "PING\r\n", "+PONG\r\n").await;
        let mut leader = TcpStream::connect(replica.address()).await.unwrap();
        let transaction = "MULTI\r\nSLAVEOF NO ONE\r\nCONFIG REWRITE\r\nCLIENT KILL TYPE normal\r\nCLIENT KILL TYPE pubsub\r\nEXEC\r\n";
        let answer = ask(&mut leader, transaction, ":1\r\n:0\r\n").await;
        assert!(answer.contains("*4\r\n+OK\r\n+OK\r\n"), "{answer}");
        assert_eq!(other.read(&mut [0; 8]).await.unwrap_or(0), 0);
        ask(&mut leader, "PING\r\n", "+PONG\r\n").await;
        assert!(replica.is_master());
        until("the old master has no replica", || {
            master.connections().1 == 0
        })
        .await;
    });
}

#[test]
fn a_hung_server_is_reached_but_says_nothing_until_it_is_resumed() {
    block_on(async {
        let server = Server::start(Options::new(anywhere())).await.unwrap();
        server.hang();
        let mut client = TcpStream::connect(server.address()).await.unwrap();
        client.write_all(b"PING\r\n").await.unwrap();
        let silent = tokio::time::timeout(Duration::from_millis(50), client.readable()).await;
        assert!(silent.is_err());
        server.resume();
        assert_eq!(read_until(&mut client, "\r\n").await, "+PONG\r\n");
    });
}

#[test]
fn a_killed_server_refuses_and_comes_back_as_what_it_last_saved() {
    block_on(async {
        let (mut master, mut replica) = pair().await;
        let mut client = TcpStream::connect(master.address()).await.unwrap();
        ask(&mut client, "SET kept yes\r\n", "+OK\r\n").await;
        let run_id = master.run_id();
        master.kill().await;
        assert_eq!(client.read(&mut [0; 8]).await.unwrap_or(0), 0);
        assert!(TcpStream::connect(master.address()).await.is_err());
        master.restart().await.unwrap();
        assert_ne!(master.run_id(), run_id);
        let mut client = TcpStream::connect(master.address()).await.unwrap();
        let command = format!("REPLICAOF 127.0.0.1 {}\r\n", replica.address().port());
        let mut promoted = TcpStream::connect(replica.address()).await.unwrap();
        ask(&mut promoted, "REPLICAOF NO ONE\r\n", "+OK\r\n").await;
        ask(&mut client, &command, "+OK\r\n").await;
        until("the roles are exchanged", || {
            master.follows().is_some_and(|(_, _, up)| up)
        })
        .await;
        ask(&mut client, "CONFIG REWRITE\r\n", "+OK\r\n").await;
        master.restart().await.unwrap();
        assert!(!master.is_master());
        // The promotion was never saved, so the other one comes back as a replica too.
        replica.restart().await.unwrap();
        assert!(!replica.is_master());
    });
}

#[test]
fn a_password_is_needed_by_clients_and_by_replicas() {
    block_on(async {
        let secret = Some("secret".to_owned());
        let options = Options {
            password: secret.clone(),
            ..Options::new(anywhere())
        };
        let master = Server::start(options).await.unwrap();
        let stranger = Options::new(anywhere()).replica_of(master.address());
        let stranger = Server::start(stranger).await.unwrap();
        let friend = Options {
            master_password: secret,
            ..Options::new(anywhere())
        };
        let friend = Server::start(friend.replica_of(master.address()))
            .await
            .unwrap();
        until("the friend is linked", || friend.follows().unwrap().2).await;
        assert!(!stranger.follows().unwrap().2);
        let mut client = TcpStream::connect(master.address()).await.unwrap();
        let answer = ask(
            &mut client,
            "PING\r\nAUTH wrong\r\nAUTH secret\r\n",
            "+OK\r\n",
        )
        .await;
        assert!(answer.starts_with("-NOAUTH "), "{answer}");
        assert!(answer.contains("-WRONGPASS "), "{answer}");
    });
}

#[test]
fn a_hundred_replicas_follow_one_master_in_one_process() {
    block_on(async {
        let master = Server::start(Options::new(anywhere())).await.unwrap();
        let mut replicas = Vec::new();
        for _ in 0..100 {
            let options = Options::new(anywhere()).replica_of(master.address());
            replicas.push(Server::start(options).await.unwrap());
        }
        until("all are linked", || {
            master.connections().1 == replicas.len()
        })
        .await;
        let mut client = TcpStream::connect(master.address()).await.unwrap();
        ask(&mut client, "SET a b\r\n", "+OK\r\n").await;
        until("all have it", || {
            replicas
                .iter()
                .all(|replica| replica.offset() == master.offset())
        })
        .await;
    });
}
