//! CLIENT PAUSE over real connections.

use std::time::{Duration, Instant};

use rsentinel::config::ServerConf;
use rsentinel::core::notice::EventName;
use rsentinel::server::serve::ClientLimits;

use crate::harness::{Daemon, Options, eventually};

#[test]
fn everybody_waits_until_the_end_of_a_pause_and_is_answered_in_order() {
    let daemon = Daemon::start();
    let (mut pausing, mut other) = (daemon.client(), daemon.client());
    let begin = Instant::now();
    pausing.ask("CLIENT PAUSE 300", "+OK\r\n");
    other.send("PING 1\r\nCLIENT UNPAUSE\r\nPING 2\r\n");
    pausing.send("PING 3\r\n");
    other.expect("$1\r\n1\r\n");
    assert!(begin.elapsed() >= Duration::from_millis(300));
    other.expect("+OK\r\n$1\r\n2\r\n");
    pausing.expect("$1\r\n3\r\n");
}

#[test]
fn refusals_are_told_at_once_in_a_pause() {
    let daemon = Daemon::start();
    let mut client = daemon.client();
    client.ask("CLIENT PAUSE 1000000", "+OK\r\n");
    client.ask(
        "NOSUCH",
        "-ERR unknown command 'NOSUCH', with args beginning with: \r\n",
    );
    client.ask(
        "SENTINEL MYID x",
        "-ERR wrong number of arguments for 'sentinel|myid' command\r\n",
    );
    let mut other = daemon.client();
    other.send("*x\r\n");
    other.expect("-ERR Protocol error: invalid multibulk length\r\n");
    other.expect_end();
}

#[test]
fn a_pause_of_writes_holds_only_publish_until_unpause() {
    let mut daemon = Daemon::start();
    let (mut operator, mut peer) = (daemon.client(), daemon.client());
    operator.ask("CLIENT PAUSE 1000000 WRITE", "+OK\r\n");
    peer.send("PUBLISH __sentinel__:hello x\r\nPING\r\n");
    eventually("the publisher is held", || {
        let list = operator.ask_text("CLIENT LIST");
        list.lines()
            .any(|line| line.contains(" flags=b ") && line.contains(" cmd=NULL "))
    });
    operator.send("INFO clients\r\n");
    daemon.answer_view();
    assert!(operator.bulk().contains("\r\nblocked_clients:1\r\n"));
    // There is nothing to unblock it from.
    let list = operator.ask_text("CLIENT LIST");
    let held = list.lines().find(|line| line.contains(" flags=b "));
    let id = held.and_then(|line| line.split(['=', ' ']).nth(1));
    operator.ask(&format!("CLIENT UNBLOCK {}", id.expect("an id")), ":0\r\n");
    operator.ask("CLIENT UNPAUSE", "+OK\r\n");
    peer.expect(":1\r\n+PONG\r\n");
    operator.send("INFO clients\r\n");
    daemon.answer_view();
    assert!(operator.bulk().contains("\r\nblocked_clients:0\r\n"));
}

#[test]
fn a_later_pause_neither_shortens_nor_weakens_an_earlier_one() {
    let daemon = Daemon::start();
    let mut client = daemon.client();
    let begin = Instant::now();
    client.send("CLIENT PAUSE 400 WRITE\r\nCLIENT PAUSE 1 ALL\r\nPING\r\n");
    client.expect("+OK\r\n+OK\r\n+PONG\r\n");
    assert!(begin.elapsed() >= Duration::from_millis(400));
}

#[test]
fn a_held_connection_can_be_killed_and_is_not_closed_for_idleness() {
    let mut limits = ClientLimits::from(&ServerConf::default());
    limits.timeout_s = 1;
    let daemon = Daemon::with(Options {
        limits,
        ..Options::default()
    });
    let mut idle = daemon.client();
    let mut held = [daemon.client(), daemon.client()];
    let mut operator = daemon.client();
    operator.ask("CLIENT PAUSE 1000000 WRITE", "+OK\r\n");
    for client in &mut held {
        client.send("PUBLISH __sentinel__:hello x\r\n");
    }
    idle.expect_end();
    // It has come later, so those who are held would have been closed before it.
    daemon.client().expect_end();
    let mut operator = daemon.client();
    let killed = held[0].stream.local_addr().expect("connected");
    operator.ask(&format!("CLIENT KILL {killed}"), "+OK\r\n");
    held[0].expect_end();
    operator.ask("CLIENT UNPAUSE", "+OK\r\n");
    held[1].expect(":1\r\n");
}

#[test]
fn events_reach_subscribers_in_a_pause() {
    let daemon = Daemon::start();
    let (mut listening, mut pausing) = (daemon.client(), daemon.client());
    listening.ask(
        "SUBSCRIBE +sdown",
        "*3\r\n$9\r\nsubscribe\r\n$6\r\n+sdown\r\n:1\r\n",
    );
    pausing.ask("CLIENT PAUSE 1000000", "+OK\r\n");
    daemon.announce(EventName::Sdown, "x");
    listening.expect("*3\r\n$7\r\nmessage\r\n$6\r\n+sdown\r\n$1\r\nx\r\n");
}
