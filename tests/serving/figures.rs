//! The figures of INFO about clients and traffic.

use rsentinel::commands::Settings;
use rsentinel::types::Secret;

use crate::harness::{Client, Daemon, Options, eventually};

/// One line of INFO.
fn figure(daemon: &mut Daemon, client: &mut Client, name: &str) -> String {
    client.send("INFO\r\n");
    daemon.answer_view();
    let page = client.bulk();
    let mut lines = page.split("\r\n");
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value
        .unwrap_or_else(|| panic!("no {name}: {page}"))
        .to_owned()
}

#[test]
fn only_what_was_carried_out_is_counted_as_processed() {
    let mut daemon = Daemon::with(Options {
        settings: Settings::with_requirepass(Some(&Secret::new(b"pw"))),
        ..Options::default()
    });
    let mut client = daemon.client();
    // Unknown, with too few words, without authentication, with subscriptions: all as in redis-sentinel.
    client.send("NOSUCH\r\nSENTINEL\r\nPING\r\nAUTH wrong\r\nAUTH pw\r\nPING a b\r\n");
    client.send("SUBSCRIBE x\r\nCLIENT ID\r\nUNSUBSCRIBE x\r\nCLIENT GETNAME\r\n");
    client.send("PING the-end\r\n");
    while !client.line().contains("the-end") {}
    // Both AUTH, the second and the third PING, both subscriptions' commands, GETNAME. INFO itself
    // comes after it was answered.
    let processed = figure(&mut daemon, &mut client, "total_commands_processed");
    assert_eq!(processed, "7");
    let processed = figure(&mut daemon, &mut client, "total_commands_processed");
    assert_eq!(processed, "8");
}

#[test]
fn traffic_of_the_last_second_and_waiting_input_are_shown() {
    let mut daemon = Daemon::start();
    let (mut client, mut other) = (daemon.client(), daemon.client());
    other.send(format!("PING {}", "x".repeat(20_000)));
    let large = |text: String| text.parse::<f64>().is_ok_and(|kibibytes| kibibytes > 10.0);
    eventually("the traffic of a second is shown", || {
        client.send(format!("PING {}\r\n", "y".repeat(15_000)));
        let _ = client.bulk();
        large(figure(&mut daemon, &mut client, "instantaneous_input_kbps"))
            && large(figure(
                &mut daemon,
                &mut client,
                "instantaneous_output_kbps",
            ))
    });
    let waiting = figure(&mut daemon, &mut client, "client_recent_max_input_buffer");
    assert!(
        waiting.parse::<usize>().is_ok_and(|bytes| bytes >= 20_000),
        "{waiting}"
    );
}
