//! S5: a configuration published after an election carries exactly the epoch whose votes were
//! counted, and as many voters as are needed really voted in that epoch.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::notice::EventName;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};

/// The judge.
#[derive(Default)]
pub struct CountedEpoch {
    /// Who answered with a vote: by group, epoch, candidate.
    given: BTreeMap<(usize, u64, String), BTreeSet<String>>,
    attempts: said::Attempts,
    exercised: u64,
}

impl Oracle for CountedEpoch {
    fn name(&self) -> &'static str {
        "S5"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Answered, Kind::Announced]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::Answered {
                question, opinion, ..
            } => {
                if let (Some(leader), Some(group)) =
                    (&opinion.leader, said::group_asked(scene.shape, question))
                {
                    self.given
                        .entry((group, opinion.epoch.get(), leader.as_str().to_owned()))
                        .or_default()
                        .insert(scene.at.id.as_str().to_owned());
                }
                Ok(())
            }
            Fact::Announced(notice) => {
                let Some(group) = said::group(notice) else {
                    return Ok(());
                };
                self.attempts.note(scene, notice);
                let judged = matches!(
                    notice.name,
                    EventName::ElectedLeader | EventName::PromotedSlave
                );
                if !judged {
                    return Ok(());
                }
                let Some(view) = scene.view() else {
                    return Ok(());
                };
                let Some(master) = said::master(view, group) else {
                    return Ok(());
                };
                let epoch = self.attempts.epoch(scene, group);
                self.exercised += 1;
                if notice.name == EventName::PromotedSlave {
                    return if master.config_epoch.get() == epoch {
                        Ok(())
                    } else {
                        Err(format!(
                            "publishes epoch {}, its own vote was in {epoch}",
                            master.config_epoch
                        ))
                    };
                }
                if self.attempts.forced(scene, group) {
                    return Ok(());
                }
                let id = scene.at.id.as_str();
                let key = (group, epoch, id.to_owned());
                let others = self
                    .given
                    .get(&key)
                    .map_or(0, |v| v.iter().filter(|voter| *voter != id).count());
                let needed = said::needed(master);
                if 1 + others >= needed {
                    Ok(())
                } else {
                    Err(format!(
                        "elected in epoch {epoch} with {} votes of {needed}",
                        1 + others
                    ))
                }
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }
}
