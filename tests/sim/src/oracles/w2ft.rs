//! The wait between attempts (a delay that must stay): no own attempt, unless an operator orders
//! it, within twice `failover-timeout` of the last own one or of a vote for another, unless the
//! address of the group has changed since. Two optional behaviours shorten it: an attempt that was
//! given up may be repeated early (whether rightly so, `void_epochs` judges), and a configuration
//! published under the epoch of the last vote ends the wait even when it names the same address,
//! unless an own attempt at a greater epoch goes on.

use std::collections::BTreeMap;

use rsentinel::core::notice::EventName;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};

/// The judge.
#[derive(Default)]
pub struct Wait {
    /// The last own attempt, while nothing has ended the wait for it.
    tried: BTreeMap<(usize, usize), u64>,
    /// The last vote for another.
    yielded: BTreeMap<(usize, usize), u64>,
    /// The epoch of the last vote.
    voted_in: BTreeMap<(usize, usize), u64>,
    attempts: said::Attempts,
    exercised: u64,
}

impl Wait {
    fn end(&mut self, key: (usize, usize)) {
        self.tried.remove(&key);
        self.yielded.remove(&key);
    }

    /// A configuration of the epoch of the last vote, or a later one, is known.
    fn outdone(&self, key: (usize, usize), config_epoch: u64) -> bool {
        self.voted_in.get(&key).is_some_and(|e| config_epoch >= *e)
    }
}

impl Oracle for Wait {
    fn name(&self) -> &'static str {
        "2xFT"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Born, Kind::Announced, Kind::HandedOver]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() {
            return Ok(());
        }
        let notice = match fact {
            Fact::Born(_) => {
                self.tried.retain(|(node, _), _| *node != scene.node);
                self.yielded.retain(|(node, _), _| *node != scene.node);
                return Ok(());
            }
            Fact::HandedOver(conf) if scene.shape.features.reassert => {
                for m in &conf.masters {
                    let Some(group) = said::group_of_name(m.name.as_str()) else {
                        continue;
                    };
                    let key = (scene.node, group);
                    let goes_on = scene
                        .view()
                        .and_then(|v| said::master(v, group))
                        .is_some_and(|m| m.failover_state.is_some());
                    if self.outdone(key, m.config_epoch.get()) && !goes_on {
                        self.end(key);
                    }
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
        if let Some((_, epoch)) = said::vote(notice) {
            self.voted_in.insert(key, epoch);
        }
        match notice.name {
            EventName::SwitchMaster | EventName::ResetMaster | EventName::Unmonitor => {
                self.end(key);
            }
            EventName::VoteForLeader if !notice.text.starts_with(scene.at.id.as_str()) => {
                self.yielded.insert(key, scene.now);
            }
            EventName::AbortNotElected if scene.shape.features.early_retry => {
                self.tried.remove(&key);
            }
            // An operator's order that comes to nothing holds nothing back.
            EventName::TryFailover if self.attempts.coordinated(scene, group) => {}
            EventName::TryFailover => {
                let known = scene.view().and_then(|v| said::master(v, group));
                if scene.shape.features.reassert
                    && known.is_some_and(|m| self.outdone(key, m.config_epoch.get()))
                {
                    // It was heard of in this very turn, and is on its way to the disk.
                    self.end(key);
                }
                let tried = self.tried.insert(key, scene.now);
                let before = tried.max(self.yielded.get(&key).copied());
                let timeout = scene
                    .view()
                    .and_then(|v| said::master(v, group).map(|m| m.failover_timeout));
                if let (Some(before), Some(timeout)) = (before, timeout)
                    && !self.attempts.forced(scene, group)
                {
                    self.exercised += 1;
                    if scene.now - before < 2 * timeout {
                        return Err(format!(
                            "tries again {} ms after its last attempt or vote, failover-timeout is {timeout}",
                            scene.now - before
                        ));
                    }
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
