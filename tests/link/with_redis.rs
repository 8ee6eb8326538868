//! Links against the server they are for.

use std::time::{Duration, Instant};

use rsentinel::core::action::Socket;
use rsentinel::core::{Answer, Ask};
use rsentinel::wire::{InfoReport, PingVerdict, Role, TransactionOutcome};

use crate::events::*;
use crate::redis::Redis;

async fn command_link(redis: &Redis) -> Opened {
    let mut opened = open(redis.address, Socket::Command);
    opened.events.connected().await;
    opened
}

async fn info(opened: &mut Opened) -> InfoReport {
    opened.send(Ask::Info);
    match opened.events.answer().await {
        Answer::Info(Ok(report)) => *report,
        other => panic!("no report: {other:?}"),
    }
}

/// Asks for INFO until it shows what is waited for.
async fn info_until(opened: &mut Opened, shows: impl Fn(&InfoReport) -> bool) -> InfoReport {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let report = info(opened).await;
        if shows(&report) {
            return report;
        }
        assert!(
            Instant::now() < deadline,
            "INFO never showed it: {report:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn transaction(opened: &mut Opened, target: Option<(&str, u16)>) -> TransactionOutcome {
    opened.send(replicate(target));
    match opened.events.answer().await {
        Answer::Replicate(PARTY, outcome) => outcome,
        other => panic!("no outcome: {other:?}"),
    }
}

#[tokio::test]
async fn a_server_answers_ping_and_info() {
    let redis = Redis::start(&[]).await;
    let mut opened = command_link(&redis).await;
    opened.send(Ask::SetName("sentinel-01234567-cmd".into()));
    opened.send(Ask::Ping);
    assert!(matches!(opened.events.answer().await, Answer::Done));
    assert!(matches!(
        opened.events.answer().await,
        Answer::Ping(PingVerdict::Pong)
    ));
    let report = info(&mut opened).await;
    assert_eq!(report.role, Role::Master);
    assert_eq!(report.run_id.unwrap().as_str().len(), 40);
}

#[tokio::test]
async fn a_wrong_password_shows_and_a_right_one_opens() {
    let redis = Redis::start(&["--requirepass", "s3cret"]).await;
    let mut opened = command_link(&redis).await;
    opened.send(auth(None, "other"));
    opened.send(Ask::Ping);
    opened.send(Ask::Info);
    opened.send(auth(None, "s3cret"));
    opened.send(Ask::Ping);
    let events = &mut opened.events;
    assert!(
        matches!(events.answer().await, Answer::Auth(Err(text)) if text.starts_with("WRONGPASS"))
    );
    assert!(
        matches!(events.answer().await, Answer::Ping(PingVerdict::Other(text)) if text.starts_with("NOAUTH"))
    );
    assert!(matches!(events.answer().await, Answer::Info(Err(text)) if text.starts_with("NOAUTH")));
    assert!(matches!(events.answer().await, Answer::Auth(Ok(()))));
    assert!(matches!(
        events.answer().await,
        Answer::Ping(PingVerdict::Pong)
    ));
}

#[tokio::test]
async fn a_server_that_does_not_know_auth_does_not_give_the_password_away() {
    let redis = Redis::start(&["--rename-command", "AUTH", "other"]).await;
    let mut opened = command_link(&redis).await;
    opened.send(auth(None, "hunter2"));
    let Answer::Auth(Err(text)) = opened.events.answer().await else {
        panic!("not refused")
    };
    assert_eq!(text, "ERR unknown command");
}

#[tokio::test]
async fn a_published_hello_is_heard_by_subscribers() {
    let redis = Redis::start(&[]).await;
    let mut ears = open(redis.address, Socket::Pubsub);
    ears.send(Ask::SetName("sentinel-01234567-pubsub".into()));
    ears.send(Ask::Subscribe);
    ears.events.connected().await;
    assert!(matches!(ears.events.answer().await, Answer::Done));
    assert_eq!(ears.events.heard().await, None);
    let mut mouth = command_link(&redis).await;
    mouth.send(hello("127.0.0.1,26379,id,0,m,127.0.0.1,6379,0"));
    assert!(matches!(
        mouth.events.answer().await,
        Answer::Hello(PARTY, Ok(()))
    ));
    let text = "127.0.0.1,26379,id,0,m,127.0.0.1,6379,0";
    assert_eq!(ears.events.heard().await.as_deref(), Some(text));
}

#[tokio::test]
async fn a_transaction_makes_a_replica_and_another_makes_it_a_master_again() {
    let master = Redis::start(&[]).await;
    let replica = Redis::start(&[]).await;
    let mut at_master = command_link(&master).await;
    let mut at_replica = command_link(&replica).await;
    let (host, port) = ("127.0.0.1", master.address.port());

    let outcome = transaction(&mut at_replica, Some((host, port))).await;
    assert_eq!(outcome, TransactionOutcome::Accepted);
    let report = info_until(&mut at_replica, |r| r.replica.link_up == Some(true)).await;
    assert_eq!(report.role, Role::Replica);
    assert_eq!(report.replica.master_host.as_deref(), Some(host));
    assert_eq!(report.replica.master_port, Some(port));
    assert_eq!(
        (report.replica.priority, report.replica.announced),
        (Some(100), Some(true))
    );
    let report = info_until(&mut at_master, |r| !r.replicas.is_empty()).await;
    assert_eq!(report.replicas[0].port, replica.address.port());

    // A second time the server says "already connected": accepted too.
    let again = transaction(&mut at_replica, Some((host, port))).await;
    assert_eq!(again, TransactionOutcome::Accepted);

    // INFO right behind EXEC, on the same connection, is proof.
    at_replica.send(replicate(None));
    at_replica.send(Ask::Info);
    let answer = at_replica.events.answer().await;
    assert!(
        matches!(
            answer,
            Answer::Replicate(PARTY, TransactionOutcome::Accepted)
        ),
        "{answer:?}"
    );
    let Answer::Info(Ok(report)) = at_replica.events.answer().await else {
        panic!("no report")
    };
    assert_eq!(report.role, Role::Master);
}

#[tokio::test]
async fn a_transaction_drops_subscribers_and_other_clients_but_not_its_sender() {
    let redis = Redis::start(&[]).await;
    let mut sender = command_link(&redis).await;
    let mut other = command_link(&redis).await;
    let mut ears = open(redis.address, Socket::Pubsub);
    ears.send(Ask::Subscribe);
    ears.events.connected().await;
    ears.events.heard().await;
    info(&mut other).await;
    assert_eq!(
        transaction(&mut sender, None).await,
        TransactionOutcome::Accepted
    );
    other.events.closed().await;
    ears.events.closed().await;
    assert_eq!(info(&mut sender).await.role, Role::Master);
}

/// A server whose user `limited` may do everything but one command.
async fn limited_link(denied: &str) -> (Redis, Opened) {
    let rules = [
        "--user", "limited", "on", ">pw", "~*", "&*", "+@all", denied,
    ];
    let redis = Redis::start(&rules).await;
    let mut opened = command_link(&redis).await;
    opened.send(auth(Some("limited"), "pw"));
    assert!(matches!(opened.events.answer().await, Answer::Auth(Ok(()))));
    (redis, opened)
}

#[tokio::test]
async fn a_transaction_without_permission_for_a_part_is_refused_and_changes_nothing() {
    for denied in ["-slaveof", "-config", "-client", "-exec"] {
        let (_redis, mut opened) = limited_link(denied).await;
        let outcome = transaction(&mut opened, Some(("127.0.0.1", 1))).await;
        let TransactionOutcome::Refused(text) = outcome else {
            panic!("{denied}: {outcome:?}")
        };
        assert!(text.contains("NOPERM"), "{text}");
        assert_eq!(info(&mut opened).await.role, Role::Master, "{denied}");
    }
}

#[tokio::test]
async fn without_permission_for_multi_the_command_is_carried_out_all_the_same() {
    let (_redis, mut opened) = limited_link("-multi").await;
    let outcome = transaction(&mut opened, Some(("127.0.0.1", 1))).await;
    assert_eq!(outcome, TransactionOutcome::Accepted);
    assert_eq!(info(&mut opened).await.role, Role::Replica);
}

#[tokio::test]
async fn a_transaction_without_authentication_is_refused() {
    let redis = Redis::start(&["--requirepass", "pw"]).await;
    let mut opened = command_link(&redis).await;
    let outcome = transaction(&mut opened, None).await;
    assert!(
        matches!(outcome, TransactionOutcome::Refused(_)),
        "{outcome:?}"
    );
}
