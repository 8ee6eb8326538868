//! What can be observed of a cluster: the facts that oracles judge.

use std::cell::OnceCell;

use rsentinel::config::SentinelConf;
use rsentinel::core::MasterId;
use rsentinel::core::action::{AddressRow, Ask, DownOpinion};
use rsentinel::core::event::DownQuestion;
use rsentinel::core::notice::Notice;
use rsentinel::core::view::{AddressTable, View};
use rsentinel::types::{Epoch, RunId};
use rsentinel::wire::{Hello, InfoReport, PingVerdict, TransactionOutcome};

use crate::node::{Brain, Node};
use crate::oracles::Reassertion;
use crate::shape::Shape;

/// Something that happened at a sentinel.
#[derive(Debug)]
pub enum Fact<'a> {
    /// The process began, from this configuration.
    Born(&'a SentinelConf),
    /// The process died.
    Died,
    /// An event is about to be handled (the inner facts tell which).
    HeardHello(&'a Hello),
    /// A server's INFO reply is about to be handled: host index, when it was asked (µs), report.
    HeardInfo {
        /// Which server.
        server: usize,
        /// The connection's number and how the INFO was counted on it do not matter; when the
        /// server was asked does, in µs.
        asked: u64,
        /// What it said.
        report: &'a InfoReport,
    },
    /// A PING reply is about to be handled.
    HeardPing {
        /// The host it came from.
        host: usize,
        /// How it reads.
        verdict: &'a PingVerdict,
    },
    /// What became of a SLAVEOF is about to be handled.
    HeardOutcome {
        /// Which server.
        server: usize,
        /// What it said.
        outcome: &'a TransactionOutcome,
    },
    /// A peer's answer about a master is about to be handled.
    HeardOpinion {
        /// Who answered.
        from: usize,
        /// The group, as the core numbers it.
        about: MasterId,
        /// Whether it is down; `None` for an answer of another shape.
        down: Option<bool>,
        /// Whom it voted for, and in which epoch.
        vote: Option<&'a (RunId, Epoch)>,
    },
    /// An operator's instruction is about to be handled.
    Instructed(&'a rsentinel::core::event::Instruction),
    /// It sent something.
    Sent {
        /// The host it goes to.
        host: usize,
        /// What.
        ask: &'a Ask,
    },
    /// It answered a question.
    Answered {
        /// Which sentinel had asked.
        asker: usize,
        /// What it had asked.
        question: &'a DownQuestion,
        /// The answer.
        opinion: &'a DownOpinion,
    },
    /// It announced an event.
    Announced(&'a Notice),
    /// It published other addresses.
    Addresses(&'a AddressTable),
    /// It handed a state to the store.
    HandedOver(&'a SentinelConf),
    /// A state became durable.
    Durable(&'a SentinelConf),
    /// A turn is over, all its actions are carried out.
    TurnEnded,
    /// It asks for the votes of an epoch to re-assert a master (found by the oracles themselves).
    AsksToReassert(&'a Reassertion),
    /// It has published what it asked to re-assert, under this epoch (the same).
    Reasserted(&'a Reassertion, u64),
}

/// The kinds of facts: an oracle names those it looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Born,
    Died,
    HeardHello,
    HeardInfo,
    HeardPing,
    HeardOutcome,
    HeardOpinion,
    Instructed,
    SentPing,
    SentHello,
    SentQuestion,
    SentSlaveof,
    SentOther,
    Answered,
    Announced,
    Addresses,
    HandedOver,
    Durable,
    TurnEnded,
    AsksToReassert,
    Reasserted,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: &'static [Kind] = &[
        Kind::Born,
        Kind::Died,
        Kind::HeardHello,
        Kind::HeardInfo,
        Kind::HeardPing,
        Kind::HeardOutcome,
        Kind::HeardOpinion,
        Kind::Instructed,
        Kind::SentPing,
        Kind::SentHello,
        Kind::SentQuestion,
        Kind::SentSlaveof,
        Kind::SentOther,
        Kind::Answered,
        Kind::Announced,
        Kind::Addresses,
        Kind::HandedOver,
        Kind::Durable,
        Kind::TurnEnded,
        Kind::AsksToReassert,
        Kind::Reasserted,
    ];
}

impl Fact<'_> {
    /// Its kind.
    #[inline]
    pub fn kind(&self) -> Kind {
        match self {
            Fact::Born(_) => Kind::Born,
            Fact::Died => Kind::Died,
            Fact::HeardHello(_) => Kind::HeardHello,
            Fact::HeardInfo { .. } => Kind::HeardInfo,
            Fact::HeardPing { .. } => Kind::HeardPing,
            Fact::HeardOutcome { .. } => Kind::HeardOutcome,
            Fact::HeardOpinion { .. } => Kind::HeardOpinion,
            Fact::Instructed(_) => Kind::Instructed,
            Fact::Sent { ask, .. } => match ask {
                Ask::Ping => Kind::SentPing,
                Ask::Hello { .. } => Kind::SentHello,
                Ask::MasterDown { .. } => Kind::SentQuestion,
                Ask::Replicate { .. } | Ask::HandOver { .. } => Kind::SentSlaveof,
                _ => Kind::SentOther,
            },
            Fact::Answered { .. } => Kind::Answered,
            Fact::Announced(_) => Kind::Announced,
            Fact::Addresses(_) => Kind::Addresses,
            Fact::HandedOver(_) => Kind::HandedOver,
            Fact::Durable(_) => Kind::Durable,
            Fact::TurnEnded => Kind::TurnEnded,
            Fact::AsksToReassert(_) => Kind::AsksToReassert,
            Fact::Reasserted(..) => Kind::Reasserted,
        }
    }
}

/// Where and when a fact happened, and what can be looked up about it.
pub struct Scene<'a> {
    /// World time in ms.
    pub now: u64,
    /// World time in µs.
    pub now_us: u64,
    /// Which sentinel.
    pub node: usize,
    /// The sentinel itself.
    pub at: &'a Node,
    /// The cluster.
    pub shape: &'a Shape,
    /// How many ids of sentinels there ever were.
    pub ids_ever: usize,
    view: OnceCell<Option<View>>,
    hello: OnceCell<Option<Hello>>,
}

impl<'a> Scene<'a> {
    /// The scene of one fact, at this world time in µs.
    pub fn new(now_us: u64, node: usize, at: &'a Node, shape: &'a Shape, ids_ever: usize) -> Self {
        Scene {
            now: now_us / 1_000,
            now_us,
            node,
            at,
            shape,
            ids_ever,
            view: OnceCell::new(),
            hello: OnceCell::new(),
        }
    }
}

impl Scene<'_> {
    /// The core's own view, taken once for all oracles; `None` for a modelled reference.
    pub fn view(&self) -> Option<&View> {
        let take = || match &self.at.brain {
            Some(Brain::Real(core)) => Some(core.view(self.at.present(self.now_us))),
            _ => None,
        };
        self.view.get_or_init(take).as_ref()
    }

    /// What the hello says that the fact is about, read once for all oracles.
    pub fn hello(&self, text: &str) -> Option<&Hello> {
        self.hello.get_or_init(|| Hello::parse(text)).as_ref()
    }

    /// A deadline has passed that is met in a later turn: what arrived while the process stood
    /// still goes before it.
    pub fn is_behind(&self) -> bool {
        let next = self.at.brain.as_ref().and_then(Brain::next_deadline);
        next.is_some_and(|at| at <= self.at.present(self.now_us).mono)
    }

    /// It is a model of the reference, whose defects are known.
    pub fn is_reference(&self) -> bool {
        self.at.is_reference
    }
}

/// The row of a group in an address table.
pub fn row<'a>(table: &'a AddressTable, name: &str) -> Option<&'a AddressRow> {
    table.get(name)
}
