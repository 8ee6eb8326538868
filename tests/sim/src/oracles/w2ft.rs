//! The wait between attempts (a delay that must stay): no own attempt, unless an operator orders
//! it, within twice `failover-timeout` of the last own one or of a vote for another, unless the
//! address of the group has changed since.

use std::collections::BTreeMap;

use rsentinel::core::notice::EventName;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};

/// The judge.
#[derive(Default)]
pub struct Wait {
    since: BTreeMap<(usize, usize), u64>,
    attempts: said::Attempts,
    exercised: u64,
}

impl Oracle for Wait {
    fn name(&self) -> &'static str {
        "2xFT"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Born, Kind::Announced]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() {
            return Ok(());
        }
        let notice = match fact {
            Fact::Born(_) => {
                self.since.retain(|(node, _), _| *node != scene.node);
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
                self.since.remove(&key);
            }
            EventName::VoteForLeader if !notice.text.starts_with(scene.at.id.as_str()) => {
                self.since.insert(key, scene.now);
            }
            EventName::TryFailover => {
                let before = self.since.insert(key, scene.now);
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
