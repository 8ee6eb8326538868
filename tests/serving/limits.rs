//! What clients may take, and that who takes too much disturbs nobody else.

use std::io::Read;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rsentinel::config::{OutputLimit, ServerConf};
use rsentinel::core::notice::EventName;
use rsentinel::server::serve::ClientLimits;

use crate::harness::{Client, Daemon, Options, eventually};

fn limited(change: impl FnOnce(&mut ClientLimits)) -> Daemon {
    let mut limits = ClientLimits::from(&ServerConf::default());
    change(&mut limits);
    Daemon::with(Options {
        limits,
        ..Options::default()
    })
}

const SUBSCRIBED: &str = "*3\r\n$9\r\nsubscribe\r\n$6\r\n+sdown\r\n:1\r\n";

#[test]
fn one_client_too_many_is_told_so_and_a_place_that_is_left_is_free_again() {
    let daemon = limited(|limits| limits.maxclients = 2);
    let (mut first, mut second) = (daemon.client(), daemon.client());
    first.ask("PING", "+PONG\r\n");
    second.ask("PING", "+PONG\r\n");
    let mut refused = daemon.client();
    refused.expect("-ERR max number of clients reached\r\n");
    refused.expect_end();
    drop(second);
    daemon.wait_for_log("Client closed connection");
    daemon.client().ask("PING", "+PONG\r\n");
}

#[test]
fn the_last_descriptors_of_the_process_go_to_no_client() {
    // No socket of this process is below the standard streams.
    let daemon = limited(|limits| limits.first_reserved_fd = 3);
    let mut refused = daemon.client();
    refused.expect("-ERR max number of clients reached\r\n");
    refused.expect_end();
}

#[test]
fn protected_mode_lets_only_this_machine_in() {
    // The address this machine would use to speak to others, if it has any.
    let probe = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    if probe.connect("192.0.2.1:9").is_err() {
        return;
    }
    let outside = probe.local_addr().expect("bound").ip();
    let mut limits = ClientLimits::from(&ServerConf::default());
    limits.protected_mode = true;
    let daemon = Daemon::with(Options {
        bind: "*",
        limits,
        ..Options::default()
    });
    let mut client = Client::connect(SocketAddr::new(outside, daemon.port));
    client.expect("-DENIED ");
    daemon.client().ask("PING", "+PONG\r\n");
}

#[test]
fn idle_clients_are_closed_but_subscribers_are_not() {
    let daemon = limited(|limits| limits.timeout_s = 1);
    let (mut idle, mut subscriber) = (daemon.client(), daemon.client());
    subscriber.ask("SUBSCRIBE +sdown", SUBSCRIBED);
    let begin = Instant::now();
    idle.ask("PING", "+PONG\r\n");
    idle.expect_end();
    assert!(begin.elapsed() >= Duration::from_secs(1));
    subscriber.ask("PING", "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
}

#[test]
fn an_unfinished_request_above_the_query_buffer_limit_ends_the_connection_silently() {
    let daemon = limited(|limits| limits.query_buffer = 100_000);
    let mut client = daemon.client();
    client.send("*2\r\n$4\r\nPING\r\n$5000000\r\n");
    client.send("x".repeat(100_001));
    client.expect_end();
    daemon.wait_for_log("max query buffer length");
    // Many small words count as well.
    let mut client = daemon.client();
    client.send(format!("*100000\r\n{}", "$0\r\n\r\n".repeat(5_000)));
    client.expect_end();
}

#[test]
fn a_subscriber_that_never_reads_is_cut_off_and_the_others_hear_everything() {
    let daemon = limited(|limits| {
        limits.output.pubsub = OutputLimit {
            hard: 1 << 20,
            soft: 0,
            soft_seconds: 0,
        };
    });
    let (mut deaf, mut listening) = (daemon.client(), daemon.client());
    deaf.ask("SUBSCRIBE +sdown", SUBSCRIBED);
    listening.ask("SUBSCRIBE +sdown", SUBSCRIBED);
    let text = "x".repeat(100_000);
    let message = format!("*3\r\n$7\r\nmessage\r\n$6\r\n+sdown\r\n$100000\r\n{text}\r\n");
    let is_cut = || {
        let log = daemon.log.lock().expect("not poisoned");
        log.iter().any(|line| line.contains("output buffer limit"))
    };
    let mut events = 0;
    eventually("the deaf one is cut off", || {
        daemon.announce(EventName::Sdown, &text);
        listening.expect(&message);
        events += 1;
        is_cut()
    });
    assert!(events > 10, "cut after {events}");
    daemon.announce(EventName::Sdown, &text);
    listening.expect(&message);
    // The deaf one finds what was on its way, and then the end.
    let mut rest = Vec::new();
    let _ = deaf.stream.read_to_end(&mut rest);
    assert!(rest.len() < events * message.len());
}

#[test]
fn a_subscriber_over_its_soft_limit_for_too_long_is_cut_off() {
    let daemon = limited(|limits| {
        limits.output.pubsub = OutputLimit {
            hard: 0,
            soft: 1 << 20,
            soft_seconds: 1,
        };
    });
    let mut deaf = daemon.client();
    deaf.ask("SUBSCRIBE +sdown", SUBSCRIBED);
    let text = "x".repeat(100_000);
    // Far more than the system keeps for a connection.
    for _ in 0..300 {
        daemon.announce(EventName::Sdown, &text);
    }
    daemon.wait_for_log("output buffer limit");
}

#[test]
fn a_client_that_never_reads_its_replies_does_not_delay_the_others() {
    let daemon = Daemon::start();
    let mut deaf = daemon.client();
    deaf.stream.set_nonblocking(true).expect("a socket");
    let request = format!("*2\r\n$4\r\nPING\r\n$100000\r\n{}\r\n", "x".repeat(100_000));
    // Until the system takes no more: then the other side has stopped reading.
    let mut sent = 0;
    while let Ok(count) = std::io::Write::write(&mut deaf.stream, &request.as_bytes()[sent..]) {
        sent = (sent + count) % request.len();
    }
    daemon.client().ask("PING", "+PONG\r\n");
}

#[test]
fn a_word_longer_than_the_bulk_limit_is_refused_before_it_comes() {
    let daemon = limited(|limits| limits.max_bulk = 2_000_000);
    let mut client = daemon.client();
    client.send(format!(
        "*2\r\n$4\r\nPING\r\n$2000000\r\n{}\r\n",
        "x".repeat(2_000_000)
    ));
    client.expect("$2000000\r\nxxx");
    let mut client = daemon.client();
    client.send("*2\r\n$4\r\nPING\r\n$2000001\r\n");
    client.expect("-ERR Protocol error: invalid bulk length\r\n");
    client.expect_end();
}

/// The timer column of the system's table of TCP connections for the daemon's end of a client's.
fn timer_of(daemon: &Daemon, client: &Client) -> String {
    let hex = |port: u16| format!(":{port:04X}");
    let theirs = client.stream.local_addr().expect("connected").port();
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux");
    let columns = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let line = columns
        .into_iter()
        .find(|c| c[1].ends_with(&hex(daemon.port)) && c[2].ends_with(&hex(theirs)));
    line.expect("connected")[5][..2].to_owned()
}

#[test]
fn accepted_connections_are_probed_when_keepalive_is_on_and_only_then() {
    for (seconds, timer) in [(300, "02"), (0, "00")] {
        let daemon = limited(|limits| limits.tcp_keepalive_s = seconds);
        let mut client = daemon.client();
        client.ask("PING", "+PONG\r\n");
        // Just after an answer the timer of its acknowledgement may run.
        eventually("the keepalive timer", || {
            timer_of(&daemon, &client) == timer
        });
    }
}

#[test]
fn a_request_for_more_descriptions_than_there_are_commands_is_refused() {
    let daemon = Daemon::start();
    let mut client = daemon.client();
    for command in ["INFO", "DOCS"] {
        client.ask(
            &format!("COMMAND {command}{}", " sentinel".repeat(1025)),
            "-ERR too many command names\r\n",
        );
    }
    client.ask("PING", "+PONG\r\n");
}

#[test]
fn links_take_precedence_over_clients_for_file_descriptors() {
    let daemon = limited(|limits| limits.open_files = 32 + 8);
    // Eight are free, two of them for sentinels.
    let mut early: Vec<Client> = (0..6).map(|_| daemon.client()).collect();
    early
        .iter_mut()
        .for_each(|client| client.ask("PING", "+PONG\r\n"));
    let mut refused = daemon.client();
    refused.expect("-ERR max number of clients reached\r\n");
    // Whoever speaks as a sentinel may come back from the same host.
    early[0].send("PUBLISH __sentinel__:hello x\r\n");
    early[0].expect(":1\r\n");
    let mut peer = daemon.client();
    peer.ask("PING", "+PONG\r\n");
    // Two servers more: six places less, at the cost of the latest.
    daemon.links.store(2, Ordering::Relaxed);
    peer.expect_end();
    daemon.wait_for_log("Closing client because links to servers need its file descriptor");
    for late in &mut early[2..] {
        late.expect_end();
    }
    for kept in &mut early[..2] {
        kept.ask("PING", "+PONG\r\n");
    }
}
