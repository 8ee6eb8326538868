//! CLIENT REPLY and CLIENT TRACKING over real connections.

use rsentinel::core::notice::EventName;

use crate::harness::Daemon;

const SUBSCRIBED: &str = "*3\r\n$9\r\nsubscribe\r\n$6\r\n+sdown\r\n:1\r\n";
const SDOWN: &str = "*3\r\n$7\r\nmessage\r\n$6\r\n+sdown\r\n$1\r\nx\r\n";

#[test]
fn with_replies_off_only_pushes_are_sent() {
    let daemon = Daemon::start();
    let mut client = daemon.client();
    client.send("CLIENT REPLY OFF\r\nPING\r\nNOSUCH\r\nSUBSCRIBE +sdown\r\nPING\r\n");
    client.expect(SUBSCRIBED);
    daemon.announce(EventName::Sdown, "x");
    client.expect(SDOWN);
    client.send("UNSUBSCRIBE\r\nCLIENT REPLY ON\r\nPING\r\n");
    client.expect("*3\r\n$11\r\nunsubscribe\r\n$6\r\n+sdown\r\n:0\r\n+OK\r\n+PONG\r\n");
}

#[test]
fn skip_silences_itself_and_the_next_reply_also_one_that_waits_for_the_monitor() {
    let mut daemon = Daemon::start();
    let mut client = daemon.client();
    client.send("CLIENT REPLY SKIP\r\nSENTINEL MYID\r\nSENTINEL MYID\r\n");
    daemon.answer_view();
    daemon.answer_view();
    client.expect("$2\r\nme\r\n");
}

#[test]
fn a_protocol_error_with_replies_off_only_ends_the_connection() {
    let daemon = Daemon::start();
    let mut client = daemon.client();
    client.send("CLIENT REPLY OFF\r\n*x\r\n");
    client.expect_end();
}

#[test]
fn tracking_can_redirect_only_to_a_connection_that_exists() {
    let mut daemon = Daemon::start();
    let (mut client, mut target) = (daemon.client(), daemon.client());
    let line = target.ask_text("CLIENT INFO");
    let id = line.split(['=', ' ']).nth(1).expect("an id");
    client.ask(&format!("CLIENT TRACKING ON REDIRECT {id}"), "+OK\r\n");
    client.ask("CLIENT GETREDIR", &format!(":{id}\r\n"));
    let own = client.ask_text("CLIENT INFO");
    assert!(
        own.contains(" flags=t ") && own.contains(&format!(" redir={id} ")),
        "{own}"
    );
    client.send("INFO clients\r\n");
    daemon.answer_view();
    assert!(client.bulk().contains("\r\ntracking_clients:1\r\n"));
    client.ask(&format!("CLIENT KILL ID {id}"), ":1\r\n");
    target.expect_end();
    daemon.wait_for_log("Client closed connection");
    client.ask(
        &format!("CLIENT TRACKING ON REDIRECT {id}"),
        "-ERR The client ID you want redirect to does not exist\r\n",
    );
}
