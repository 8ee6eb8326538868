//! A link under test together with what it reports.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rsentinel::core::action::{Renames, Socket};
use rsentinel::core::{Answer, Ask, ConnId, Event, MasterId, Party, Who};
use rsentinel::server::link::{self, LinkHandle, Way};
use rsentinel::types::Secret;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub const CONN: ConnId = ConnId(7);

pub const PARTY: Party = Party {
    master: MasterId(3),
    who: Who::Replica(5),
};

/// An open link and its events.
pub struct Opened {
    pub link: LinkHandle,
    pub events: Events,
}

pub fn open(to: SocketAddr, socket: Socket) -> Opened {
    open_from(to, socket, None)
}

pub fn open_from(to: SocketAddr, socket: Socket, source: Option<IpAddr>) -> Opened {
    let (sender, events) = unbounded_channel();
    let way = Way {
        to,
        host: to.ip().to_string().into(),
        source,
        tls: None,
    };
    let link = link::open(CONN, way, socket, sender);
    Opened {
        link,
        events: Events(events),
    }
}

impl Opened {
    pub fn send(&self, ask: Ask) {
        self.link.send(ask, Arc::new(Renames::new()));
    }
}

pub struct Events(UnboundedReceiver<Event>);

impl Events {
    /// The next event; `None` once the link's task is gone and all was read.
    pub async fn next(&mut self) -> Option<Event> {
        timeout(PATIENCE, self.0.recv())
            .await
            .expect("an event or the end in time")
    }

    pub async fn connected(&mut self) -> Option<IpAddr> {
        match self.next().await {
            Some(Event::Connected {
                conn: CONN,
                local_ip,
            }) => local_ip,
            other => panic!("not Connected: {other:?}"),
        }
    }

    pub async fn answer(&mut self) -> Answer {
        match self.next().await {
            Some(Event::Answered { conn: CONN, answer }) => answer,
            other => panic!("not Answered: {other:?}"),
        }
    }

    pub async fn heard(&mut self) -> Option<String> {
        match self.next().await {
            Some(Event::Heard { conn: CONN, hello }) => hello,
            other => panic!("not Heard: {other:?}"),
        }
    }

    /// The end: `Closed` and nothing after it.
    pub async fn closed(&mut self) -> String {
        let reason = match self.next().await {
            Some(Event::Closed { conn: CONN, reason }) => reason,
            other => panic!("not Closed: {other:?}"),
        };
        let after = self.next().await;
        assert!(after.is_none(), "after Closed: {after:?}");
        reason
    }
}

pub fn auth(user: Option<&str>, pass: &str) -> Ask {
    Ask::Auth {
        user: user.map(str::to_owned),
        pass: Secret::new(pass.as_bytes()),
    }
}

pub fn hello(text: &str) -> Ask {
    Ask::Hello {
        party: PARTY,
        text: text.to_owned(),
    }
}

pub fn replicate(target: Option<(&str, u16)>) -> Ask {
    Ask::Replicate {
        party: PARTY,
        target: target.map(|(host, port)| (host.to_owned(), port)),
        abort_failover: false,
    }
}
