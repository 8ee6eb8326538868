//! Fresh sentinels find each other and all replicas.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Row;
use crate::failover::millis;
use crate::finding::{Finding, Goal};
use crate::harness::{
    Client, Daemon, MASTER, Process, RedisServer, SHORT, ServerOptions, Value, free_port, until,
};
use crate::options::Options;
use crate::quantiles::Quantile::Median;
use crate::turns;

/// The row of the table.
pub const ROW: Row = Row {
    key: "discovery",
    about: "3 fresh sentinels start at once: all replicas and sentinels known and up in all three",
    run: discovery,
};

const SENTINELS: usize = 3;
const REPLICAS: usize = 2;
/// Between two looks at one sentinel, in both daemons.
const LOOK: Duration = Duration::from_millis(2);

fn discovery(options: &Options) -> Result<Vec<Finding>, String> {
    let directory = TempDir::new().map_err(|error| error.to_string())?;
    let servers = turns::guarded(|| start_servers(directory.path()))?;
    let master = servers[0].port();
    let turns = turns::take(options.pick(1, 12), |daemon| play(daemon, master))?;
    let mut finding = Finding::of_rounds(
        "from exec until all is known and up",
        "ms",
        turns.map(|time| millis(*time)),
        vec![Goal::Below(Median, 300.0)],
    );
    finding.notes.extend(turns.failure_note());
    Ok(vec![finding])
}

/// A master and its replicas; all rounds use them, each with sentinels that never saw them.
fn start_servers(directory: &Path) -> Vec<RedisServer> {
    let master = RedisServer::start(directory, &ServerOptions::default());
    let port = master.port();
    let replica = ServerOptions {
        master: Some(port),
        ..ServerOptions::default()
    };
    let mut servers = vec![master];
    servers.extend((0..REPLICAS).map(|_| RedisServer::start(directory, &replica)));
    until(directory, "all replicas are linked", SHORT, || {
        let linked = servers[1..].iter().all(|replica| replica.follows(port));
        linked.then_some(())
    });
    servers
}

fn play(daemon: Daemon, master: u16) -> Result<Duration, String> {
    let directory = TempDir::new().map_err(|error| error.to_string())?;
    let path = directory.path();
    let ports: Vec<u16> = (0..SENTINELS).map(|_| free_port()).collect();
    let file = |port: u16| path.join(format!("{port}.conf"));
    for port in &ports {
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor {MASTER} 127.0.0.1 {master} 2\n",
            path.display()
        );
        std::fs::write(file(*port), text).map_err(|error| error.to_string())?;
    }
    let began = Instant::now();
    let start = |port: &u16| {
        let words = [file(*port).display().to_string()];
        let log = path.join(format!("{port}.log"));
        Process::start(daemon.program(), &words, path, &log)
    };
    let _sentinels: Vec<Process> = ports.iter().map(start).collect();
    let complete = thread::scope(|scope| {
        let looks: Vec<_> = ports
            .iter()
            .map(|port| scope.spawn(|| wait_complete(*port, began + SHORT)))
            .collect();
        let found = looks.into_iter().map(|look| look.join().ok().flatten());
        found.collect::<Option<Vec<Instant>>>()
    });
    let last = complete.and_then(|instants| instants.into_iter().max());
    let last = last.ok_or_else(|| format!("not complete within {SHORT:?}"))?;
    Ok(last - began)
}

/// When a sentinel knows all and reaches all.
fn wait_complete(port: u16, deadline: Instant) -> Option<Instant> {
    let mut client = None;
    while Instant::now() < deadline {
        if client.is_none() {
            client = Client::connect(port).ok();
        }
        if let Some(client) = &mut client
            && is_complete(client).unwrap_or(false)
        {
            return Some(Instant::now());
        }
        thread::sleep(LOOK);
    }
    None
}

fn is_complete(client: &mut Client) -> std::io::Result<bool> {
    let mut up = |listing: &str| {
        let answer = client.ask(&["SENTINEL", listing, MASTER])?;
        let is_up = |record: &&Value| {
            let flags = record.field("flags").unwrap_or_default();
            !flags.is_empty() && !flags.contains("disconnected") && !flags.contains("down")
        };
        Ok::<usize, std::io::Error>(answer.items().iter().filter(is_up).count())
    };
    if up("REPLICAS")? != REPLICAS || up("SENTINELS")? != SENTINELS - 1 {
        return Ok(false);
    }
    let master = client.ask(&["SENTINEL", "MASTER", MASTER])?;
    Ok(master.field("flags").as_deref() == Some("master"))
}
