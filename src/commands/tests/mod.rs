//! Commands against hand-made snapshots: a stage with one connection, and what it answers.

mod access;
mod at_once;
mod client_connections;
mod connection;
mod describing;
mod dispatching;
mod info_sections;
mod reconfiguring;
mod sentinel_listings;
mod settings_of_sentinel;
mod subscribing;
mod table_rows;
mod tracking_and_pauses;

use std::sync::Arc;

use bytes::Bytes;

use crate::core::action::AddressRow;
use crate::core::event::Instruction;
use crate::core::view::{
    AddressTable, InstanceView, MasterView, PeerView, ReplicaView, ServerView, SettingsView, View,
};
use crate::resp::Reply;
use crate::types::{Epoch, MasterName, Now, RunId};

use super::{
    ClientInfo, ClientsQuery, Next, Renames, ServerFacts, Session, Settings, client_line, dispatch,
    masters_listing,
};

/// One connection, and everything its commands can see.
struct Stage {
    session: Session,
    settings: Settings,
    view: View,
    facts: ServerFacts,
    addresses: AddressTable,
}

impl Stage {
    fn new() -> Self {
        Stage {
            session: Session {
                id: 3,
                addr: "127.0.0.1:5".into(),
                laddr: "127.0.0.1:6".into(),
                ..Session::default()
            },
            settings: Settings {
                redis_version: "7.2.4".into(),
                ..Settings::default()
            },
            view: view(vec![master("mymaster")]),
            facts: ServerFacts::default(),
            addresses: AddressTable::default(),
        }
    }

    fn next(&mut self, line: &str) -> Next {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        self.next_of(&words)
    }

    fn next_of(&mut self, words: &[&[u8]]) -> Next {
        let words: Vec<Bytes> = words
            .iter()
            .map(|word| Bytes::copy_from_slice(word))
            .collect();
        dispatch(&mut self.session, &self.settings, &words)
    }

    /// The answer to a line of words without blanks, from the snapshots on this stage.
    fn say(&mut self, line: &str) -> Reply {
        let next = self.next(line);
        self.resolve(next, line)
    }

    fn say_words(&mut self, words: &[&[u8]]) -> Reply {
        let next = self.next_of(words);
        self.resolve(next, &format!("{words:?}"))
    }

    fn resolve(&self, next: Next, line: &str) -> Reply {
        match next {
            Next::Reply(reply) | Next::Denied(reply, _) => reply,
            Next::View(format) => format(&self.view),
            Next::Masters => masters_listing(&self.view),
            Next::Facts(format) => format(&self.view, &self.facts),
            Next::Addresses(format) => format(&self.addresses),
            _ => panic!("{line}: not answered from snapshots"),
        }
    }

    /// The text of the error that a line gets.
    fn error(&mut self, line: &str) -> String {
        match self.say(line) {
            Reply::Error(text) => text.into_owned(),
            other => panic!("{line}: {other:?} is no error"),
        }
    }

    /// The instruction that a line becomes.
    fn instruction(&mut self, line: &str) -> Instruction {
        match self.next(line) {
            Next::Instruct(instruction) => instruction,
            Next::Reply(reply) => panic!("{line}: {reply:?}"),
            _ => panic!("{line}: no instruction"),
        }
    }
}

fn view(masters: Vec<MasterView>) -> View {
    View {
        taken: Now::default(),
        my_id: RunId::new(&"a".repeat(40)),
        tilt: false,
        tilt_since: None,
        total_tilt: 0,
        simulate_failure_flags: 0,
        settings: SettingsView::default(),
        timings: vec![("info-period", 10000), ("ping-period", 1000)],
        scripts: Arc::default(),
        masters: masters.into_iter().map(Arc::new).collect(),
    }
}

fn instance(name: &str, flags: &str, port: u16) -> InstanceView {
    InstanceView {
        name: name.into(),
        ip: "10.0.0.1".into(),
        port,
        run_id: "r1".into(),
        flags: flags.into(),
        link_pending_commands: 1,
        link_refcount: 2,
        last_ping_sent: 3,
        last_ok_ping_reply: 4,
        last_ping_reply: 5,
        s_down_time: None,
        o_down_time: None,
        down_after: 30000,
    }
}

fn server(role_reported: &'static str) -> ServerView {
    ServerView {
        info_refresh: 6,
        role_reported,
        role_reported_time: 7,
        info: None,
    }
}

fn master(name: &str) -> MasterView {
    MasterView {
        instance: instance(name, "master", 6379),
        server: server("master"),
        failover_state: None,
        effective: ("10.0.0.1".into(), 6379),
        config_epoch: Epoch::ZERO,
        quorum: 2,
        failover_timeout: 180000,
        parallel_syncs: 1,
        notification_script: None,
        client_reconfig_script: None,
        status: "ok",
        replicas: Vec::new(),
        peers: Vec::new(),
    }
}

fn replica(port: u16, announced: bool) -> ReplicaView {
    ReplicaView {
        instance: instance(&format!("10.0.0.1:{port}"), "slave", port),
        server: server("slave"),
        master_link_down_time: -1000,
        master_link_up: true,
        master_host: "10.0.0.9".into(),
        master_port: 6379,
        priority: 100,
        repl_offset: 42,
        announced,
    }
}

fn peer(usable: bool) -> PeerView {
    PeerView {
        instance: instance(&"b".repeat(40), "sentinel", 26379),
        last_hello_message: 8,
        voted_leader: "?".into(),
        voted_leader_epoch: Epoch::ZERO,
        usable,
    }
}

fn row(name: &str, host: &str, port: u16) -> AddressRow {
    AddressRow {
        name: MasterName::new(name),
        host: host.into(),
        port,
    }
}

/// A bulk string's text.
fn text(reply: &Reply) -> String {
    match reply {
        Reply::Bulk(bytes) | Reply::Verbatim(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Reply::Simple(text) => text.to_string(),
        other => panic!("{other:?} is no text"),
    }
}

/// `name=value` of each pair of a map.
fn pairs(reply: &Reply) -> Vec<String> {
    if let Reply::Fields(fields) = reply {
        let encoded = String::from_utf8_lossy(fields.encoded()).into_owned();
        let lines: Vec<&str> = encoded.split("\r\n").collect();
        let pairs = lines.chunks_exact(4);
        return pairs
            .map(|pair| format!("{}={}", pair[1], pair[3]))
            .collect();
    }
    let Reply::Map(pairs) = reply else {
        panic!("{reply:?} is no map")
    };
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", text(name), text(value)))
        .collect()
}

/// The elements of an array.
fn elements(reply: Reply) -> Vec<Reply> {
    match reply {
        Reply::Array(elements) => elements,
        other => panic!("{other:?} is no array"),
    }
}
