//! One connection's requests: order, waiting, errors, ends.

use std::sync::Arc;

use rsentinel::commands::Settings;
use rsentinel::core::view::View;
use rsentinel::core::{Reply, action::DownOpinion, event::Instruction};
use rsentinel::server::door::Call;
use rsentinel::types::{Epoch, RunId, Secret};

use crate::harness::{Client, Daemon, Options, eventually, next_call, view};

fn needing_password() -> Daemon {
    Daemon::with(Options {
        settings: Settings::with_requirepass(Some(&Secret::new(b"pw"))),
        ..Options::default()
    })
}

#[test]
fn pipelined_requests_of_both_forms_are_answered_in_order() {
    let daemon = Daemon::start();
    let mut client = daemon.client();
    client.send("PING\r\n*2\r\n$4\r\nping\r\n$2\r\nhi\r\n\r\nNOPE a\r\nPING\r\n");
    client.expect("+PONG\r\n$2\r\nhi\r\n-ERR unknown command 'NOPE', with args beginning with: 'a' \r\n+PONG\r\n");
}

#[test]
fn thousands_of_pipelined_requests_are_all_answered() {
    let daemon = Daemon::start();
    let mut client = daemon.client();
    client.send("PING\r\n".repeat(20_000));
    client.expect(&"+PONG\r\n".repeat(20_000));
}

#[test]
fn long_replies_of_many_connections_arrive_whole() {
    let daemon = Daemon::start();
    let word = format!("$300000\r\n{}\r\n", "x".repeat(300_000));
    let request = format!("*2\r\n$4\r\nPING\r\n{word}");
    let mut clients: Vec<Client> = (0..20).map(|_| daemon.client()).collect();
    for client in &mut clients {
        client.send(request.repeat(2));
    }
    daemon.client().ask("PING", "+PONG\r\n");
    for client in &mut clients {
        client.expect(&word.repeat(2));
        client.ask("PING", "+PONG\r\n");
    }
}

#[test]
fn a_request_that_waits_delays_later_ones_of_its_own_connection_only() {
    let mut daemon = Daemon::start();
    let (mut waiting, mut other) = (daemon.client(), daemon.client());
    waiting.send("SENTINEL FLUSHCONFIG\r\nPING\r\n");
    let (instruction, reply) = daemon.instruction();
    assert_eq!(instruction, Instruction::FlushConfig);
    other.ask("PING", "+PONG\r\n");
    reply.send(Reply::Ok).expect("waiting");
    waiting.expect("+OK\r\n+PONG\r\n");
}

#[test]
fn a_full_queue_delays_only_those_who_need_a_place_in_it() {
    let mut daemon = Daemon::with(Options {
        queue: 1,
        ..Options::default()
    });
    let mut askers = [daemon.client(), daemon.client(), daemon.client()];
    for asker in &mut askers {
        asker.send("SENTINEL FLUSHCONFIG\r\n");
    }
    daemon.client().ask("PING", "+PONG\r\n");
    let mut peer = daemon.client();
    peer.ask("PUBLISH __sentinel__:hello x", ":1\r\n");
    assert!(matches!(next_call(&mut daemon.peers), Call::Hello(text) if text == "x"));
    for _ in 0..3 {
        let (_, reply) = daemon.instruction();
        reply.send(Reply::Ok).expect("waiting");
    }
    for asker in &mut askers {
        asker.expect("+OK\r\n");
    }
}

#[test]
fn all_who_ask_while_a_snapshot_is_taken_share_the_next_one() {
    let mut daemon = Daemon::start();
    let mut first = daemon.client();
    first.send("SENTINEL MYID\r\n");
    let Call::View(taken) = next_call(&mut daemon.clients) else {
        panic!("another call");
    };
    let mut later = [daemon.client(), daemon.client()];
    for asker in &mut later {
        asker.ask("PING\r\nSENTINEL MYID", "+PONG\r\n");
    }
    taken.send(Arc::new(view())).expect("waiting");
    first.expect("$2\r\nme\r\n");
    let Call::View(next) = next_call(&mut daemon.clients) else {
        panic!("another call");
    };
    let of_next = View {
        my_id: RunId::new("you"),
        ..view()
    };
    next.send(Arc::new(of_next)).expect("waiting");
    for asker in &mut later {
        asker.expect("$3\r\nyou\r\n");
    }
}

#[test]
fn questions_of_peers_take_the_peers_queue_with_the_name_of_the_asker() {
    let mut daemon = Daemon::start();
    let mut client = daemon.client();
    client.ask("CLIENT SETNAME sentinel-abc-cmd", "+OK\r\n");
    client.send("SENTINEL IS-MASTER-DOWN-BY-ADDR 10.0.0.1 6379 3 *\r\n");
    let Call::AskDown {
        question,
        client_name,
        reply,
    } = next_call(&mut daemon.peers)
    else {
        panic!("another call");
    };
    assert_eq!((question.host.as_str(), question.port), ("10.0.0.1", 6379));
    assert_eq!(client_name.as_deref(), Some("sentinel-abc-cmd"));
    let opinion = DownOpinion {
        down: true,
        leader: Some(RunId::new("them")),
        epoch: Epoch::ZERO.next(),
    };
    reply.send(Reply::Down(opinion)).expect("waiting");
    client.expect("*3\r\n:1\r\n$4\r\nthem\r\n:1\r\n");
}

/// As many votes as masters died are asked for on one connection, and one write answers them all.
#[test]
fn questions_that_arrive_together_are_all_asked_before_one_is_answered_and_answers_keep_their_order()
 {
    let mut daemon = Daemon::start();
    let mut client = daemon.client();
    let mut requests = String::new();
    for port in 1..=3 {
        requests += &format!("SENTINEL IS-MASTER-DOWN-BY-ADDR 10.0.0.1 {port} 3 *\r\n");
    }
    client.send(&(requests + "PING\r\nSENTINEL IS-MASTER-DOWN-BY-ADDR 10.0.0.1 4 3 *\r\n"));
    let mut question = |expected: i64| match next_call(&mut daemon.peers) {
        Call::AskDown {
            question, reply, ..
        } => {
            assert_eq!(question.port, expected);
            reply
        }
        other => panic!("another call: {other:?}"),
    };
    let replies: Vec<_> = (1..=3).map(&mut question).collect();
    for (at, reply) in replies.into_iter().enumerate().rev() {
        let opinion = DownOpinion {
            down: at == 1,
            leader: None,
            epoch: Epoch::ZERO,
        };
        reply.send(Reply::Down(opinion)).expect("waiting");
    }
    let not_down = "*3\r\n:0\r\n$1\r\n*\r\n:0\r\n";
    let down = "*3\r\n:1\r\n$1\r\n*\r\n:0\r\n";
    client.expect(&format!("{not_down}{down}{not_down}+PONG\r\n"));
    let opinion = DownOpinion {
        down: true,
        leader: None,
        epoch: Epoch::ZERO,
    };
    question(4)
        .send(Reply::Down(opinion))
        .expect("waiting, after the PING");
    client.expect(down);
}

#[test]
fn what_looks_like_a_question_and_is_none_is_answered_after_those_that_are_owed() {
    let mut daemon = Daemon::start();
    let mut client = daemon.client();
    let question = "SENTINEL IS-MASTER-DOWN-BY-ADDR 10.0.0.1 1 3 *\r\n";
    let no_port = "SENTINEL IS-MASTER-DOWN-BY-ADDR 10.0.0.1 notaport 3 *\r\n";
    client.send(format!("{question}{no_port}PING\r\n"));
    let Call::AskDown { reply, .. } = next_call(&mut daemon.peers) else {
        panic!("another call");
    };
    let opinion = DownOpinion {
        down: true,
        leader: None,
        epoch: Epoch::ZERO,
    };
    reply.send(Reply::Down(opinion)).expect("waiting");
    client.expect("*3\r\n:1\r\n$1\r\n*\r\n:0\r\n");
    client.expect("-ERR value is not an integer or out of range\r\n+PONG\r\n");
}

#[test]
fn addresses_are_answered_without_asking_anybody() {
    let daemon = Daemon::start();
    daemon.set_address("mymaster", "10.0.0.1", 6379);
    let mut client = daemon.client();
    client.ask(
        "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster",
        "*2\r\n$8\r\n10.0.0.1\r\n$4\r\n6379\r\n",
    );
    client.ask("SENTINEL GET-MASTER-ADDR-BY-NAME other", "*-1\r\n");
}

#[test]
fn a_protocol_error_is_told_after_earlier_replies_and_ends_the_connection() {
    let daemon = Daemon::start();
    let mut client = daemon.client();
    client.send("PING\r\n*x\r\n");
    client.send("y".repeat(200_000));
    client.expect("+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n");
    client.expect_end();
}

#[test]
fn a_browser_is_cut_off_without_a_word() {
    let daemon = Daemon::start();
    for line in ["POST / HTTP/1.1\r\n", "*1\r\n$5\r\nhost:\r\n"] {
        let mut client = daemon.client();
        client.send(line);
        client.expect_end();
    }
}

#[test]
fn a_client_that_says_no_more_still_gets_its_replies() {
    let mut daemon = Daemon::start();
    let mut client = daemon.client();
    client.send("PING\r\nSENTINEL MYID\r\n");
    client.finish();
    daemon.answer_view();
    client.expect("+PONG\r\n$2\r\nme\r\n");
    client.expect_end();
}

#[test]
fn replies_follow_the_protocol_that_hello_chose() {
    let daemon = Daemon::start();
    let mut client = daemon.client();
    client.ask("CLIENT GETNAME", "$-1\r\n");
    client.ask("HELLO 3", "%6\r\n$6\r\nserver\r\n");
    let mut client = daemon.client();
    client.send("HELLO 3\r\n");
    while client.bulk_after_headers() != "modules" {}
    client.expect("*0\r\n");
    client.ask("CLIENT GETNAME", "_\r\n");
}

#[test]
fn limits_are_low_until_authentication_and_normal_right_behind_it() {
    let daemon = needing_password();
    let mut client = daemon.client();
    client.ask("PING", "-NOAUTH Authentication required.\r\n");
    client.send(format!(
        "AUTH pw\r\n*2\r\n$4\r\nPING\r\n$20000\r\n{}\r\n",
        "x".repeat(20_000)
    ));
    client.expect("+OK\r\n$20000\r\nxxx");
    let mut client = daemon.client();
    client.send("*11\r\n");
    client.expect("-ERR Protocol error: unauthenticated multibulk length\r\n");
    client.expect_end();
}

#[test]
fn shutdown_is_handed_on_and_has_no_reply() {
    let mut daemon = Daemon::start();
    let mut client = daemon.client();
    client.send("PING\r\nSHUTDOWN\r\nPING\r\n");
    client.expect("+PONG\r\n");
    eventually("the hook", || daemon.shutdown.try_recv().is_ok());
    daemon.server.take().expect("running").stop();
    client.expect_end();
}

#[test]
fn stopping_closes_every_connection_and_the_port() {
    let mut daemon = Daemon::start();
    let mut clients: Vec<Client> = (0..5).map(|_| daemon.client()).collect();
    clients[0].ask("PING", "+PONG\r\n");
    daemon.server.take().expect("running").stop();
    for client in &mut clients {
        client.expect_end();
    }
    assert!(std::net::TcpStream::connect(("127.0.0.1", daemon.port)).is_err());
}

impl Client {
    /// Skips to the next bulk string and reads it.
    fn bulk_after_headers(&mut self) -> String {
        use std::io::Read;
        let mut line = Vec::new();
        loop {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).expect("more");
            line.push(byte[0]);
            if line.ends_with(b"\r\n") {
                if line[0] == b'$' {
                    let length = String::from_utf8_lossy(&line[1..line.len() - 2]).parse();
                    let mut body = vec![0; length.unwrap_or(0) + 2];
                    self.stream.read_exact(&mut body).expect("a body");
                    return String::from_utf8_lossy(&body[..body.len() - 2]).into_owned();
                }
                line.clear();
            }
        }
    }
}
