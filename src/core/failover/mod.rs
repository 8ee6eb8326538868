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
//! All transitions whose condition holds are made in the same turn. A state that lacks its data
//! cannot be built: a promoted replica exists only in the states that have one.

mod abort;
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

/// A failover that this sentinel has begun.
#[derive(Clone, Debug)]
pub(super) struct Failover {
    /// The epoch whose votes are counted and under which the configuration is published.
    pub epoch: Epoch,
    /// Ordered by an operator: needs no majority.
    pub forced: bool,
    /// When the state was entered.
    pub since: Mono,
    /// When the failover began.
    pub started: Mono,
    /// Replicas that definitely refused their promotion.
    pub refused: BTreeSet<u32>,
    /// Where it stands.
    pub stage: Stage,
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
    /// Promoted and public; the other replicas are being told.
    ReconfReplicas {
        /// The new master.
        promoted: u32,
    },
}

impl Failover {
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
        match self.stage {
            Stage::SendNoOne { chosen } | Stage::WaitPromotion { chosen } => Some(chosen),
            Stage::ReconfReplicas { promoted } => Some(promoted),
            Stage::WaitStart | Stage::SelectReplica => None,
        }
    }

    /// The name that clients are shown.
    pub fn state_name(&self) -> &'static str {
        match self.stage {
            Stage::WaitStart => "wait_start",
            Stage::SelectReplica => "select_slave",
            Stage::SendNoOne { .. } => "send_slaveof_noone",
            Stage::WaitPromotion { .. } => "wait_promotion",
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
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        match master.failover.as_ref().map(|f| &f.stage) {
            None => self.consider_candidacy(id, now),
            Some(Stage::WaitStart) => self.step_wait_start(id, now),
            Some(Stage::SelectReplica) => self.step_select(id, now),
            Some(Stage::SendNoOne { .. }) => self.step_send(id, now),
            Some(Stage::WaitPromotion { .. }) => self.step_wait_promotion(id, now),
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
