//! Early retry: whoever tries again before the wait is over has ended an attempt in an epoch in
//! which no real core has been or will be elected. (A reference counts across epochs: it may be
//! elected in an epoch whose votes it never had.)

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::Ask;
use rsentinel::core::notice::EventName;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};
use crate::shape::server_of_host;

/// The judge.
#[derive(Default)]
pub struct VoidEpochs {
    attempts: said::Attempts,
    begun: BTreeMap<(usize, usize), u64>,
    asked: BTreeMap<(usize, usize), u64>,
    given_up: BTreeMap<(usize, usize), u64>,
    held_void: BTreeSet<(usize, u64)>,
    elected: BTreeSet<(usize, u64)>,
    exercised: u64,
}

impl Oracle for VoidEpochs {
    fn name(&self) -> &'static str {
        "VOID"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Born, Kind::Announced, Kind::SentQuestion]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() || !scene.shape.features.early_retry {
            return Ok(());
        }
        let notice = match fact {
            Fact::Born(_) => {
                self.begun.retain(|(node, _), _| *node != scene.node);
                self.given_up.retain(|(node, _), _| *node != scene.node);
                return Ok(());
            }
            Fact::Sent {
                ask:
                    Ask::MasterDown {
                        epoch,
                        candidate: Some(_),
                        host,
                        ..
                    },
                ..
            } => {
                // An own vote that never reached the disk is told nowhere: requests say the epoch.
                if let Some(server) = server_of_host(host) {
                    let group = scene.shape.group_of(server);
                    self.asked.insert((scene.node, group), epoch.get());
                }
                return Ok(());
            }
            Fact::Announced(notice) => notice,
            _ => return Ok(()),
        };
        let Some(group) = said::group(notice) else {
            return Ok(());
        };
        self.attempts.note(scene, notice);
        let key = (scene.node, group);
        match notice.name {
            EventName::SwitchMaster | EventName::ResetMaster | EventName::Unmonitor => {
                self.begun.remove(&key);
                self.given_up.remove(&key);
            }
            EventName::AbortNotElected => {
                let own = self.attempts.epoch(scene, group);
                let asked = self.asked.get(&key).copied().unwrap_or(0);
                self.given_up.insert(key, own.max(asked));
            }
            EventName::TryFailover if !self.attempts.forced(scene, group) => {
                let given_up = self.given_up.remove(&key);
                let begun = self.begun.insert(key, scene.now);
                let timeout = scene
                    .view()
                    .and_then(|v| said::master(v, group).map(|m| m.failover_timeout));
                // A configuration of that epoch has been published since: its failover is over.
                let over = scene
                    .view()
                    .and_then(|v| said::master(v, group).map(|m| m.config_epoch.get()))
                    .zip(given_up)
                    .is_some_and(|(config, epoch)| config >= epoch);
                if let (Some(epoch), Some(begun), Some(timeout)) = (given_up, begun, timeout)
                    && scene.now - begun < 2 * timeout
                    && !over
                {
                    self.exercised += 1;
                    self.held_void.insert((group, epoch));
                    if self.elected.contains(&(group, epoch)) {
                        return Err(format!(
                            "tries again early, but somebody was elected in epoch {epoch} of group {group}"
                        ));
                    }
                }
            }
            EventName::ElectedLeader if !self.attempts.forced(scene, group) => {
                let epoch = self.attempts.epoch(scene, group);
                self.elected.insert((group, epoch));
                if self.held_void.contains(&(group, epoch)) {
                    return Err(format!(
                        "elected in epoch {epoch} of group {group}, which another held to be void"
                    ));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }
}
