//! L3: a failover in progress ends. Each state has a limit: WAIT_START the election's (a vote given
//! to another begins it anew), SEND_SLAVEOF_NOONE, WAIT_PROMOTION and RECONF_SLAVES
//! `failover-timeout`. TILT stops the machine; its time does not count.

use std::collections::BTreeMap;

use rsentinel::core::notice::EventName;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};

/// The longest election, with the part of a second that attempts are spread over.
const ELECTION: u64 = 10_000 + 1_000;
/// The longest wait for fresh INFOs.
const BARRIER: u64 = 500;
/// A state is over at the first tick after its limit.
const SLACK: u64 = 150;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Election,
    Selection,
    /// SEND_SLAVEOF_NOONE, WAIT_PROMOTION or RECONF_SLAVES.
    Step,
}

#[derive(Clone, Copy)]
struct Running {
    stage: Stage,
    since: u64,
    /// The greatest `failover-timeout` since the state began: an operator may have changed it.
    timeout: u64,
}

/// The judge.
#[derive(Default)]
pub struct ItEnds {
    running: BTreeMap<(usize, usize), Running>,
    tilted: BTreeMap<usize, bool>,
    exercised: u64,
}

impl ItEnds {
    fn timeout(scene: &Scene<'_>, group: usize) -> Option<u64> {
        let view = scene.view()?;
        let master = said::master(view, group)?;
        // A server that was told to hand over gives up at the same time: its last word is heard.
        let last_word = if said::coordinated(master) { 1_000 } else { 0 };
        Some(master.failover_timeout + last_word)
    }

    fn overdue(&self, scene: &Scene<'_>) -> Option<((usize, usize), u64)> {
        self.running
            .range((scene.node, 0)..=(scene.node, usize::MAX))
            .map(|(key, running)| {
                let limit = match running.stage {
                    Stage::Election => ELECTION.min(running.timeout + 1_000),
                    Stage::Selection => BARRIER,
                    Stage::Step => running.timeout,
                };
                (*key, running.since + limit + SLACK)
            })
            .find(|(_, end)| *end < scene.now)
    }
}

impl Oracle for ItEnds {
    fn name(&self) -> &'static str {
        "L3"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Born, Kind::Announced, Kind::TurnEnded]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() {
            return Ok(());
        }
        match fact {
            Fact::Born(_) => {
                self.running.retain(|(node, _), _| *node != scene.node);
                self.tilted.remove(&scene.node);
                Ok(())
            }
            Fact::Announced(notice) => {
                match notice.name {
                    EventName::Tilt => {
                        self.tilted.insert(scene.node, true);
                    }
                    EventName::TiltEnd => {
                        self.tilted.insert(scene.node, false);
                        for (key, running) in &mut self.running {
                            if key.0 == scene.node {
                                running.since = scene.now;
                            }
                        }
                    }
                    _ => {}
                }
                let Some(group) = said::group(notice) else {
                    return Ok(());
                };
                let key = (scene.node, group);
                let stage = match notice.name {
                    EventName::TryFailover => Stage::Election,
                    EventName::VoteForLeader | EventName::Set => match self.running.get(&key) {
                        Some(running) => running.stage,
                        None => return Ok(()),
                    },
                    EventName::ElectedLeader => Stage::Selection,
                    EventName::StateSendSlaveofNoOne
                    | EventName::StateWaitPromotion
                    | EventName::StateReconfSlaves => Stage::Step,
                    EventName::AbortNotElected
                    | EventName::AbortNoGoodSlave
                    | EventName::AbortSlaveTimeout
                    | EventName::AbortMasterTimeout
                    | EventName::FailoverEnd
                    | EventName::SwitchMaster
                    | EventName::ResetMaster
                    | EventName::Unmonitor => {
                        self.exercised += u64::from(self.running.remove(&key).is_some());
                        return Ok(());
                    }
                    _ => return Ok(()),
                };
                let before = self.running.get(&key).copied();
                let kept = before.filter(|b| b.stage == stage && stage != Stage::Step);
                let since = match (notice.name, before) {
                    (EventName::Set, Some(before)) => before.since,
                    _ => scene.now,
                };
                let timeout = Self::timeout(scene, group).unwrap_or(0);
                let timeout = timeout.max(kept.map_or(0, |b| b.timeout));
                self.running.insert(
                    key,
                    Running {
                        stage,
                        since,
                        timeout,
                    },
                );
                Ok(())
            }
            Fact::TurnEnded if self.tilted.get(&scene.node) != Some(&true) => {
                let Some(((_, group), end)) = self.overdue(scene) else {
                    return Ok(());
                };
                if scene.is_behind() {
                    return Ok(());
                }
                // It may have ended without a word: a newer configuration cancels it.
                let view = scene.view();
                let state = view
                    .as_ref()
                    .and_then(|v| said::master(v, group))
                    .and_then(|m| m.failover_state);
                self.running.remove(&(scene.node, group));
                match state {
                    Some(state) => Err(format!(
                        "its failover of group {group} is in {state}, {} ms after the limit",
                        scene.now + SLACK - end
                    )),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }
}
