//! Sentinels over embedded stand-ins: what the demo and the scale tests rest on.

use std::net::SocketAddr;
use std::path::Path;

use standin::{Options, Server};
use tempfile::TempDir;

use crate::harness::{Daemon, LONG, Sentinel, Settings, free_port, until};

fn anywhere() -> Options {
    Options::new(SocketAddr::from(([127, 0, 0, 1], free_port())))
}

/// Waits without blocking the runtime the stand-ins live on.
async fn soon<T>(logs: &Path, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = std::time::Instant::now() + LONG;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "not in time: {what}, logs in {}",
            logs.display()
        );
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

fn fail_over_stand_ins(daemon: Daemon) {
    let directory = TempDir::new().expect("a temporary directory");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(story(daemon, directory.path()));
}

async fn story(daemon: Daemon, directory: &Path) {
    let mut master = Server::start(anywhere()).await.expect("a stand-in listens");
    let mut replicas = Vec::new();
    for priority in [100, 10] {
        let options = Options {
            priority,
            ..anywhere().replica_of(master.address())
        };
        replicas.push(Server::start(options).await.expect("a stand-in listens"));
    }
    let old = master.address().port();
    let logs = directory.to_owned();
    // Sentinels are started and asked in blocking calls, while the stand-ins answer from here.
    let mut sentinels = tokio::task::spawn_blocking(move || start_sentinels(daemon, &logs, old))
        .await
        .expect("sentinels");
    master.kill().await;
    let new = replicas[1].address().port();
    let logs = directory.to_owned();
    sentinels = tokio::task::spawn_blocking(move || {
        until(
            &logs,
            "all sentinels name the replica of the lowest priority number",
            LONG,
            || {
                sentinels
                    .iter()
                    .all(|sentinel| sentinel.master_port() == Some(new))
                    .then_some(())
            },
        );
        sentinels
    })
    .await
    .expect("agreement");
    master.restart().await.expect("the stand-in listens again");
    for follower in [&master, &replicas[0]] {
        soon(directory, "the others follow", || {
            follower
                .follows()
                .filter(|(_, port, up)| *port == new && *up)
                .map(|_| ())
        })
        .await;
    }
    drop(sentinels);
}

fn start_sentinels(daemon: Daemon, directory: &Path, master: u16) -> Vec<Sentinel> {
    let settings = Settings {
        master,
        quorum: 2,
        down_after: 1500,
        failover_timeout: 6000,
        parallel_syncs: 1,
        auth_pass: None,
        login: None,
        lines: Vec::new(),
    };
    let sentinels: Vec<_> = (0..3)
        .map(|_| Sentinel::start(daemon, directory, &settings))
        .collect();
    until(
        directory,
        "sentinels know the stand-ins and each other",
        LONG,
        || {
            let known = |sentinel: &Sentinel| {
                sentinel.number("num-slaves") == Some(2)
                    && sentinel.number("num-other-sentinels") == Some(2)
            };
            sentinels.iter().all(known).then_some(())
        },
    );
    sentinels
}

#[test]
fn the_reference_fails_over_stand_ins_as_it_does_real_servers() {
    fail_over_stand_ins(Daemon::Reference);
}

#[test]
fn our_sentinels_fail_over_stand_ins_as_real_servers() {
    fail_over_stand_ins(Daemon::Rsentinel);
}
