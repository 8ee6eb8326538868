//! A peer record: another sentinel that watches the same master.

use crate::types::{Address, Epoch, Mono, RunId};

use super::super::links::LinkId;
use super::master::Health;
use super::server::Greeting;

/// Another sentinel, under one master.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its id, as it announced it.
    pub id: RunId,
    /// Where it listens.
    pub address: Address,
    /// Its link, shared with its records under other masters.
    pub link: LinkId,
    /// Whether it is subjectively down.
    pub health: Health,
    /// Hellos sent to it for this master.
    pub greeting: Greeting,
    /// When its last hello for this master came.
    pub hello_received: Mono,
    /// When it last answered an ask formally.
    pub last_down_reply: Mono,
    /// It currently reports the master down.
    pub reports_down: bool,
    /// The last vote it reported. The identity is forgotten with an expired report.
    pub vote: Vote,
    /// The ask still unanswered: when it was sent, and for which epoch a vote was asked.
    pub ask_in_flight: Option<(Mono, Option<Epoch>)>,
    /// When it was last asked.
    pub last_ask: Option<Mono>,
    /// The last failover epoch for which it has answered a vote request, and when.
    pub vote_answered: Option<(Epoch, Mono)>,
    /// When it was last asked because it asked us.
    pub asked_back: Option<Mono>,
    /// It asked us while our own ask was unanswered: if that answer is "not down", it may have
    /// been given just before the peer changed its mind.
    pub ask_back_wanted: bool,
}

/// A reported vote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vote {
    /// For whom; `None` when unknown.
    pub leader: Option<RunId>,
    /// In which epoch.
    pub epoch: Epoch,
}

impl Peer {
    /// A record that nothing is known of yet.
    pub fn new(id: RunId, address: Address, link: LinkId, now: Mono) -> Self {
        Peer {
            id,
            address,
            link,
            health: Health::default(),
            greeting: Greeting::new(now),
            hello_received: now,
            last_down_reply: now,
            reports_down: false,
            vote: Vote::default(),
            ask_in_flight: None,
            last_ask: None,
            vote_answered: None,
            asked_back: None,
            ask_back_wanted: false,
        }
    }

    /// Forgets what it said about the master: after a switch it spoke of another server.
    pub fn forget_reports(&mut self) {
        self.reports_down = false;
        self.vote.leader = None;
    }
}
