//! What a leader does.
//!
//! ```text
//!      ODOWN, allowed, our turn                      SENTINEL FAILOVER (forced)
//!                |                                              |
//!                v                                              v
//!  none ----> WaitStart <---------------------------------------+
//!    ^           |  '--- time limit: -failover-abort-not-elected ------------------.
//!    |           v own vote on disk, and elected (or forced): +elected-leader      |
//!    |       SelectReplica --- none eligible: -failover-abort-no-good-slave -------|
//!    |           v fresh INFOs are in: +selected-slave                             |
//!    |       SendNoOne ------- no link for FT: -failover-abort-slave-timeout ------|
//!    |           v SLAVEOF NO ONE sent: +failover-state-wait-promotion             |
//!    |       WaitPromotion --- > FT: -failover-abort-slave-timeout ----------------|
//!    |        |  '-- definitely refused: back to SelectReplica, without it         |
//!    |        v its INFO says master: +promoted-slave, hellos                      v
//!    |       ReconfReplicas (no abort: address and epoch are public)              none
//!    |           v all follow, FT is over, or the promoted server died: +failover-end
//!    '-----------' +switch-master, tables switched
//! ```
//!
//! An operator may order the master itself to hand over (COORDINATED): after a real election the
//! state SendNoOne leads to HandOver instead of WaitPromotion, see [`coordinated`].
//!
//! All transitions whose condition holds are made in the same turn. A state that lacks its data
//! cannot be built: a promoted replica exists only in the states that have one.

mod abort;
mod coordinated;
mod promote;
mod reconf_replicas;
mod select_replica;
mod start;
mod switch_master;
mod wait_start;

use std::collections::BTreeSet;

use crate::types::{Epoch, Mono, Now};

use super::deadlines::Deadline;
use super::{MasterId, Sentinel};

pub(super) use coordinated::HandOver;

/// A failover that this sentinel has begun.
#[derive(Clone, Debug)]
pub(super) struct Failover {
    /// The epoch whose votes are counted and under which the configuration is published.
    pub epoch: Epoch,
    /// Why it was begun, and so how it is done.
    pub order: Order,
    /// When the state was entered.
    pub since: Mono,
    /// When the failover began.
    pub started: Mono,
    /// The instant from which the time before an own attempt was measured until it began.
    pub stamp_before: Option<Mono>,
    /// Replicas that definitely refused their promotion.
    pub refused: BTreeSet<u32>,
    /// Where it stands.
    pub stage: Stage,
}

/// Why a failover was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The master is objectively down.
    Odown,
    /// An operator forced it: it needs no majority.
    Forced,
    /// An operator wants the master to hand over: elected, and only while the master lives.
    Coordinated,
}

/// The states, each with what it needs.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    /// Waiting to be elected.
    WaitStart,
    /// Elected; waiting until every live replica has said how far it got.
    SelectReplica,
    /// Chosen; waiting for a link to it.
    SendNoOne {
        /// The replica.
        chosen: u32,
    },
    /// SLAVEOF NO ONE is sent; only its INFO proves the promotion.
    WaitPromotion {
        /// The replica.
        chosen: u32,
    },
    /// The master has been told to hand over to its replica.
    HandOver(HandOver),
    /// Promoted and public; the other replicas are being told.
    ReconfReplicas {
        /// The new master.
        promoted: u32,
    },
}

impl Failover {
    /// An operator forced it.
    pub fn is_forced(&self) -> bool {
        self.order == Order::Forced
    }

    /// An operator ordered the master to hand over.
    pub fn is_coordinated(&self) -> bool {
        self.order == Order::Coordinated
    }

    /// A handover that is being prepared or under way: what is published on the group's servers
    /// would wait behind the pause of the writers.
    pub fn keeps_quiet(&self) -> bool {
        self.is_coordinated() && self.proved_promotion().is_none()
    }

    /// Not elected yet.
    pub fn is_electing(&self) -> bool {
        matches!(self.stage, Stage::WaitStart)
    }

    /// The replica whose promotion has been proved.
    pub fn proved_promotion(&self) -> Option<u32> {
        match self.stage {
            Stage::ReconfReplicas { promoted } => Some(promoted),
            _ => None,
        }
    }

    /// The replica flagged `promoted`: chosen, whether proved or not.
    pub fn chosen(&self) -> Option<u32> {
        match &self.stage {
            Stage::SendNoOne { chosen } | Stage::WaitPromotion { chosen } => Some(*chosen),
            Stage::HandOver(hand_over) => Some(hand_over.chosen),
            Stage::ReconfReplicas { promoted } => Some(*promoted),
            Stage::WaitStart | Stage::SelectReplica => None,
        }
    }

    /// The name that clients are shown.
    pub fn state_name(&self) -> &'static str {
        match self.stage {
            Stage::WaitStart => "wait_start",
            Stage::SelectReplica => "select_slave",
            Stage::SendNoOne { .. } => "send_slaveof_noone",
            Stage::WaitPromotion { .. } | Stage::HandOver(_) => "wait_promotion",
            Stage::ReconfReplicas { .. } => "reconf_slaves",
        }
    }
}

impl Sentinel {
    /// Takes every step that is due in a master's failover. Harmless at any time.
    pub(super) fn step_failover(&mut self, id: MasterId, now: Now) {
        if self.tilt.holds_failovers() || self.crashing {
            return;
        }
        self.abort_for_dead_master(id, now);
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        match master.failover.as_ref().map(|f| &f.stage) {
            None => self.consider_candidacy(id, now),
            Some(Stage::WaitStart) => self.step_wait_start(id, now),
            Some(Stage::SelectReplica) => self.step_select(id, now),
            Some(Stage::SendNoOne { .. }) => self.step_send(id, now),
            Some(Stage::WaitPromotion { .. }) => self.step_wait_promotion(id, now),
            Some(Stage::HandOver(_)) => self.step_hand_over(id, now),
            Some(Stage::ReconfReplicas { .. }) => self.step_reconf(id, now),
        }
    }

    /// Moves a failover to another state.
    fn enter(&mut self, id: MasterId, stage: Stage, now: Now) {
        if let Some(failover) = self.masters.get_mut(&id).and_then(|m| m.failover.as_mut()) {
            failover.stage = stage;
            failover.since = now.mono;
        }
        self.deadlines.set(Deadline::Failover(id), None);
    }

    fn set_failover_deadline(&mut self, id: MasterId, at: Mono) {
        self.deadlines.set(Deadline::Failover(id), Some(at));
    }
}
