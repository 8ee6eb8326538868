//! A peer record: another sentinel that watches the same master.

use std::collections::VecDeque;

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
    /// The asks still unanswered, oldest first: the answers come in that order.
    pub asks_in_flight: VecDeque<AskInFlight>,
    /// When it was last asked.
    pub last_ask: Option<Mono>,
    /// The last failover epoch for which it has answered a vote request, and when.
    pub vote_answered: Option<(Epoch, Mono)>,
    /// The last epoch for which its vote in a re-assertion was asked, and when.
    pub reassertion_asked: Option<(Epoch, Mono)>,
    /// Which master its last hello named.
    pub gossip: Option<Gossip>,
    /// When it was last asked because it asked us.
    pub asked_back: Option<Mono>,
    /// It asked us while our own ask was unanswered: if that answer is "not down", it may have
    /// been given just before the peer changed its mind.
    pub ask_back_wanted: bool,
}

/// An ask that has not been answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskInFlight {
    /// When it was sent.
    pub sent: Mono,
    /// For which epoch a vote was asked; `None` when only an opinion was.
    pub vote: Option<Epoch>,
    /// For which epoch a re-assertion asked it: it may be about another server than the master.
    pub reasserts: Option<Epoch>,
    /// It was about a server that is no longer the master: the answer says nothing.
    pub outdated: bool,
}

/// What a hello said of the master.
#[derive(Clone, Debug)]
pub struct Gossip {
    /// Its address.
    pub address: Address,
    /// Under which config epoch.
    pub config_epoch: Epoch,
    /// When that was heard.
    pub at: Mono,
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
            asks_in_flight: VecDeque::new(),
            last_ask: None,
            vote_answered: None,
            reassertion_asked: None,
            gossip: None,
            asked_back: None,
            ask_back_wanted: false,
        }
    }

    /// Forgets what it said about the master: it is too old.
    pub fn forget_reports(&mut self) {
        self.reports_down = false;
        self.vote.leader = None;
    }

    /// The group has another master now: what was said, or is about to be answered, concerns
    /// another server.
    pub fn forget_old_master(&mut self) {
        self.forget_reports();
        self.vote_answered = None;
        for ask in &mut self.asks_in_flight {
            ask.outdated = true;
        }
    }

    /// The newest unanswered ask about the present master.
    pub fn unanswered(&self) -> Option<&AskInFlight> {
        let mut newest_first = self.asks_in_flight.iter().rev();
        newest_first
            .find(|ask| ask.reasserts.is_none())
            .filter(|ask| !ask.outdated)
    }
}
