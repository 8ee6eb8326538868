//! The story that every client lives through.

use std::path::Path;

use crate::access::{Access, Credentials};
use crate::harness::{Cluster, Daemon, LONG, MASTER, SHORT, Sentinel, Value, until};

/// Why there is a failover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The master is killed.
    Death,
    /// SENTINEL FAILOVER: the old master lives on as a replica.
    Order,
}

/// What a client is told.
#[derive(Clone, Debug)]
pub struct Story {
    /// The ports of the sentinels.
    pub sentinels: Vec<u16>,
    pub credentials: Credentials,
    /// The key that it writes.
    pub key: String,
    /// RESP2 or RESP3.
    pub protocol: u8,
    /// What will happen.
    pub cause: Cause,
}

/// A client that has been told a story, and lives through it.
pub trait Client {
    /// What it said after `word`: `before` is the port of the server it wrote to first, `after`
    /// the port of the other server it wrote to later, `heard` the payload of +switch-master.
    ///
    /// # Panics
    /// When it has failed.
    fn said(&mut self, word: &str) -> Option<String>;

    /// Whether it ended well.
    ///
    /// # Panics
    /// When it has failed.
    fn has_ended(&mut self) -> bool;
}

/// A library under test.
pub struct Library<'a> {
    /// Its name, for messages and keys.
    pub name: &'a str,
    /// RESP2 or RESP3.
    pub protocol: u8,
    /// Begins to live through a story, with a log in this directory.
    pub begin: &'a dyn Fn(&Path, &Story) -> Box<dyn Client>,
}

impl<'a> Library<'a> {
    /// A library that speaks this protocol.
    pub fn new(
        name: &'a str,
        protocol: u8,
        begin: &'a dyn Fn(&Path, &Story) -> Box<dyn Client>,
    ) -> Library<'a> {
        Library {
            name,
            protocol,
            begin,
        }
    }
}

/// Lets another server become the master under these clients: all come back by themselves, write to
/// the new master, and hear of it.
pub fn through_a_failover(daemon: Daemon, access: Access, cause: Cause, libraries: &[Library]) {
    let mut cluster = Cluster::start(&access.plan(daemon));
    let mut clients: Vec<(String, Box<dyn Client>)> = Vec::new();
    for library in libraries {
        let story = Story {
            sentinels: cluster.sentinels.iter().map(Sentinel::port).collect(),
            credentials: access.credentials(),
            key: format!("{}-{}", library.name, library.protocol),
            protocol: library.protocol,
            cause,
        };
        let client = (library.begin)(cluster.directory(), &story);
        clients.push((story.key, client));
    }
    let old = cluster.servers[0].port();
    for (key, port) in said(&cluster, &mut clients, "before") {
        assert_eq!(port, old.to_string(), "where {key} wrote first");
    }
    match cause {
        Cause::Death => cluster.servers[0].process().kill(),
        Cause::Order => {
            let answer = cluster.sentinels[0].ask(&["SENTINEL", "FAILOVER", MASTER]);
            assert_eq!(answer, Some(Value::Status("OK".to_owned())));
        }
    }
    let new = cluster.wait_new_master(old, LONG);
    for (key, port) in said(&cluster, &mut clients, "after") {
        assert_eq!(port, new.to_string(), "where {key} wrote later");
    }
    let switch = format!("{MASTER} 127.0.0.1 {old} 127.0.0.1 {new}");
    for (key, payload) in said(&cluster, &mut clients, "heard") {
        assert_eq!(payload, switch, "what {key} heard");
    }
    for (key, client) in &mut clients {
        until(cluster.directory(), &format!("{key} ends"), SHORT, || {
            client.has_ended().then_some(())
        });
        let value = cluster.server(new).ask(&["GET", key]).expect("a value");
        assert_eq!(value.text(), "after", "what {key} wrote");
    }
    assert_nothing_refused(&cluster);
}

/// What all clients said after a word.
fn said(
    cluster: &Cluster,
    clients: &mut [(String, Box<dyn Client>)],
    word: &str,
) -> Vec<(String, String)> {
    let all = clients.iter_mut().map(|(key, client)| {
        let what = format!("{key} says `{word}`");
        let text = until(cluster.directory(), &what, LONG, || client.said(word));
        (key.clone(), text)
    });
    all.collect()
}

/// The rights that were given are all that was asked for.
fn assert_nothing_refused(cluster: &Cluster) {
    for sentinel in &cluster.sentinels {
        let log = sentinel.ask(&["ACL", "LOG"]).expect("an answer");
        assert!(log.items().is_empty(), "{log}");
    }
    for server in &cluster.servers[1..] {
        let log = server.ask(&["ACL", "LOG"]).expect("an answer");
        assert!(log.items().is_empty(), "{log}");
    }
}
