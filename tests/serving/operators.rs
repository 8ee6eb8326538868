//! CLIENT LIST, CLIENT KILL and INFO over real connections.

use crate::harness::{Client, Daemon};

fn id(client: &mut Client) -> u64 {
    client.send("CLIENT ID\r\n");
    let mut line = String::new();
    while !line.ends_with("\r\n") {
        let mut byte = [0];
        std::io::Read::read_exact(&mut client.stream, &mut byte).expect("more");
        line.push(char::from(byte[0]));
    }
    line[1..].trim().parse().expect("a number")
}

fn address(client: &Client) -> String {
    client.stream.local_addr().expect("connected").to_string()
}

#[test]
fn every_connection_is_listed_with_its_addresses_and_state() {
    let daemon = Daemon::start();
    let (mut first, mut second) = (daemon.client(), daemon.client());
    second.ask("CLIENT SETNAME two", "+OK\r\n");
    let (one, two) = (id(&mut first), id(&mut second));
    assert!(one != two);
    let list = first.ask_text("CLIENT LIST");
    assert_eq!(list.lines().count(), 2);
    let line = list
        .lines()
        .find(|line| line.starts_with(&format!("id={two} ")))
        .expect("listed");
    assert!(
        line.contains(&format!(" addr={} ", address(&second))),
        "{line}"
    );
    assert!(
        line.contains(&format!(" laddr=127.0.0.1:{} ", daemon.port)),
        "{line}"
    );
    assert!(line.contains(" name=two "), "{line}");
    assert!(line.contains(" cmd=client|id "), "{line}");
    let own = first.ask_text("CLIENT INFO");
    assert!(own.starts_with(&format!("id={one} ")) && own.contains(" cmd=client|info "));
}

#[test]
fn killing_by_filter_spares_the_caller_and_counts() {
    let daemon = Daemon::start();
    let (mut caller, mut victim) = (daemon.client(), daemon.client());
    let victim_id = id(&mut victim);
    caller.ask(&format!("CLIENT KILL ID {victim_id}"), ":1\r\n");
    victim.expect_end();
    caller.ask(&format!("CLIENT KILL ID {victim_id}"), ":0\r\n");
    caller.ask("CLIENT KILL TYPE normal", ":0\r\n");
    let mut subscriber = daemon.client();
    subscriber.ask("SUBSCRIBE x", "*3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n");
    caller.ask("CLIENT KILL TYPE pubsub", ":1\r\n");
    subscriber.expect_end();
}

#[test]
fn who_kills_itself_gets_the_reply_first() {
    let daemon = Daemon::start();
    let mut caller = daemon.client();
    let own = address(&caller);
    caller.send(format!("CLIENT KILL {own}\r\nPING\r\n"));
    caller.expect("+OK\r\n");
    caller.expect_end();
    let mut caller = daemon.client();
    caller.ask("CLIENT KILL 1.2.3.4:5", "-ERR No such client\r\n");
    caller.ask("CLIENT KILL TYPE normal SKIPME no", ":1\r\n");
    caller.expect_end();
}

#[test]
fn a_killed_connection_may_be_waiting_for_the_monitor() {
    let mut daemon = Daemon::start();
    let (mut caller, mut victim) = (daemon.client(), daemon.client());
    let victim_id = id(&mut victim);
    victim.send("SENTINEL FLUSHCONFIG\r\n");
    let (_, reply) = daemon.instruction();
    caller.ask(&format!("CLIENT KILL ID {victim_id}"), ":1\r\n");
    victim.expect_end();
    // Nobody waits any more, which is no fault.
    let _ = reply.send(rsentinel::core::Reply::Ok);
    caller.ask("PING", "+PONG\r\n");
}

#[test]
fn info_shows_what_was_counted() {
    let mut daemon = Daemon::start();
    let mut client = daemon.client();
    client.ask(
        "NOPE",
        "-ERR unknown command 'NOPE', with args beginning with: \r\n",
    );
    let _other = daemon.client();
    client.send("INFO\r\n");
    daemon.answer_view();
    let info = client.bulk();
    for line in [
        "connected_clients:",
        "maxclients:10000",
        "total_error_replies:1",
        "total_connections_received:",
        "rejected_connections:0",
    ] {
        assert!(info.contains(line), "{line} not in {info}");
    }
}
