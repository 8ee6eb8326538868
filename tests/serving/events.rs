//! What subscribers hear, in which form and order.

use rsentinel::core::Reply;
use rsentinel::core::notice::EventName;

use crate::harness::{Client, Daemon};

fn subscribe(client: &mut Client, command: &str, names: &[&str]) {
    client.send(format!("{command} {}\r\n", names.join(" ")));
    for (at, name) in names.iter().enumerate() {
        let kind = command.to_lowercase();
        client.expect(&format!(
            "*3\r\n${}\r\n{kind}\r\n${}\r\n{name}\r\n:{}\r\n",
            kind.len(),
            name.len(),
            at + 1
        ));
    }
}

/// A RESP3 connection that has read its greeting and listens to one channel.
fn resp3_subscriber(daemon: &Daemon, channel: &str) -> Client {
    let mut client = daemon.client();
    client.send("HELLO 3\r\nPING end-of-hello\r\n");
    let mut greeting = String::new();
    while !greeting.ends_with("end-of-hello\r\n") {
        let mut byte = [0];
        std::io::Read::read_exact(&mut client.stream, &mut byte).expect("more");
        greeting.push(char::from(byte[0]));
    }
    client.ask(
        &format!("SUBSCRIBE {channel}"),
        &format!(
            ">3\r\n$9\r\nsubscribe\r\n${}\r\n{channel}\r\n:1\r\n",
            channel.len()
        ),
    );
    client
}

const SDOWN2: &str = "*3\r\n$7\r\nmessage\r\n$6\r\n+sdown\r\n$1\r\nx\r\n";
const SDOWN3: &str = ">3\r\n$7\r\nmessage\r\n$6\r\n+sdown\r\n$1\r\nx\r\n";

#[test]
fn an_event_reaches_channel_subscribers_and_then_each_matching_pattern() {
    let daemon = Daemon::start();
    let mut client = daemon.client();
    client.send("SUBSCRIBE +sdown +odown\r\nPSUBSCRIBE * -* +[rs]d*\r\n");
    for _ in 0..5 {
        let mut line = String::new();
        while !(line.contains(':') && line.ends_with("\r\n")) {
            let mut byte = [0];
            std::io::Read::read_exact(&mut client.stream, &mut byte).expect("more");
            line.push(char::from(byte[0]));
        }
    }
    daemon.announce(EventName::Sdown, "x");
    client.expect(SDOWN2);
    client.expect("*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$6\r\n+sdown\r\n$1\r\nx\r\n");
    client.expect("*4\r\n$8\r\npmessage\r\n$7\r\n+[rs]d*\r\n$6\r\n+sdown\r\n$1\r\nx\r\n");
}

#[test]
fn each_subscriber_hears_in_its_own_protocol() {
    let daemon = Daemon::start();
    let mut old = daemon.client();
    subscribe(&mut old, "SUBSCRIBE", &["+sdown"]);
    let mut new = resp3_subscriber(&daemon, "+sdown");
    daemon.announce(EventName::Sdown, "x");
    old.expect(SDOWN2);
    new.expect(SDOWN3);
    new.ask("PING", "+PONG\r\n");
}

#[test]
fn events_of_debug_level_are_not_published() {
    let daemon = Daemon::start();
    let mut client = daemon.client();
    subscribe(&mut client, "PSUBSCRIBE", &["*"]);
    daemon.announce(EventName::ScriptChild, "1");
    daemon.announce(EventName::RoleChange, "x");
    client.expect("*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$12\r\n+role-change\r\n$1\r\nx\r\n");
}

#[test]
fn who_unsubscribes_hears_no_more() {
    let daemon = Daemon::start();
    let (mut leaving, mut staying) = (daemon.client(), daemon.client());
    subscribe(&mut leaving, "SUBSCRIBE", &["+sdown", "+odown"]);
    subscribe(&mut staying, "SUBSCRIBE", &["+sdown"]);
    leaving.ask(
        "UNSUBSCRIBE",
        "*3\r\n$11\r\nunsubscribe\r\n$6\r\n+odown\r\n:1\r\n",
    );
    leaving.expect("*3\r\n$11\r\nunsubscribe\r\n$6\r\n+sdown\r\n:0\r\n");
    daemon.announce(EventName::Sdown, "x");
    staying.expect(SDOWN2);
    leaving.ask("PING", "+PONG\r\n");
}

#[test]
fn the_new_address_is_known_before_anyone_hears_of_the_switch() {
    let daemon = Daemon::start();
    let mut listening = daemon.client();
    subscribe(&mut listening, "SUBSCRIBE", &["+switch-master"]);
    let mut asking = daemon.client();
    for port in 1000..1200 {
        daemon.set_address("m", "h", port);
        daemon.announce(EventName::SwitchMaster, &format!("{port}"));
        listening.expect(&format!(
            "*3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n$4\r\n{port}\r\n"
        ));
        asking.ask(
            "SENTINEL GET-MASTER-ADDR-BY-NAME m",
            &format!("*2\r\n$1\r\nh\r\n$4\r\n{port}\r\n"),
        );
    }
}

#[test]
fn the_reply_comes_before_the_events_that_the_command_caused() {
    let mut daemon = Daemon::start();
    let mut witness = daemon.client();
    subscribe(&mut witness, "SUBSCRIBE", &["+set"]);
    let mut caller = resp3_subscriber(&daemon, "+set");
    caller.send("SENTINEL SET m quorum 2\r\nPING\r\n");
    let (_, reply) = daemon.instruction();
    daemon.announce(EventName::Set, "x");
    // The event has certainly been published when the witness has it.
    witness.expect("*3\r\n$7\r\nmessage\r\n$4\r\n+set\r\n$1\r\nx\r\n");
    reply.send(Reply::Ok).expect("waiting");
    caller.expect("+OK\r\n>3\r\n$7\r\nmessage\r\n$4\r\n+set\r\n$1\r\nx\r\n+PONG\r\n");
}

/// The event of this number, of 1000 bytes, as a subscriber of its channel hears it.
fn numbered(number: u32) -> (String, String) {
    let text = format!("{number:05}{}", "x".repeat(995));
    let message = format!("*3\r\n$7\r\nmessage\r\n$6\r\n+sdown\r\n$1000\r\n{text}\r\n");
    (text, message)
}

/// Announces events until so many bytes wait for a subscriber that does not read; it then reads
/// all of them.
fn read_late(enough: usize) {
    let daemon = Daemon::start();
    let (mut late, mut prompt, mut operator) = (daemon.client(), daemon.client(), daemon.client());
    subscribe(&mut late, "SUBSCRIBE", &["+sdown"]);
    subscribe(&mut prompt, "SUBSCRIBE", &["+sdown"]);
    let mut waiting = || {
        // The first connection has this id.
        let info = operator.ask_text("CLIENT LIST ID 1");
        let omem = info
            .split(' ')
            .find_map(|field| field.strip_prefix("omem="));
        omem.and_then(|bytes| bytes.parse::<usize>().ok())
            .expect("a number of bytes")
    };
    let mut events = 0;
    while waiting() < enough {
        let (text, message) = numbered(events);
        daemon.announce(EventName::Sdown, &text);
        prompt.expect(&message);
        events += 1;
        assert!(events < 99_999, "the system keeps all of it");
    }
    for number in 0..events {
        late.expect(&numbered(number).1);
    }
    late.ask("PING", "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
}

#[test]
fn who_reads_late_hears_the_little_that_waits() {
    // No more is ever written than what the fan-out found no room for.
    read_late(1);
}

#[test]
fn who_reads_late_hears_the_much_that_waits() {
    // So much that it waits for a turn to be written.
    read_late(1 << 20);
}

#[test]
fn a_connection_that_ended_is_forgotten_by_its_channels() {
    let daemon = Daemon::start();
    let mut gone = daemon.client();
    subscribe(&mut gone, "SUBSCRIBE", &["+sdown"]);
    drop(gone);
    daemon.wait_for_log("Client closed connection");
    let mut client = daemon.client();
    daemon.announce(EventName::Sdown, "x");
    client.ask("PING", "+PONG\r\n");
}
