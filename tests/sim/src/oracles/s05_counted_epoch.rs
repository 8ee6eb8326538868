//! S5: a configuration published after an election carries exactly the epoch whose votes were
//! counted, and the answers of as many voters as are needed had come, with a vote in that epoch. A
//! re-assertion is an election like any other.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::MasterId;

use rsentinel::core::notice::EventName;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};

/// The judge.
#[derive(Default)]
pub struct CountedEpoch {
    /// Which group a core means by a number.
    groups: BTreeMap<(usize, MasterId), usize>,
    /// Which sentinels' votes have come, by sentinel, group and epoch.
    come: BTreeMap<(usize, usize, u64), BTreeSet<usize>>,
    attempts: said::Attempts,
    exercised: u64,
    reasserted: u64,
}

impl CountedEpoch {
    /// As many as are needed voted for this sentinel.
    fn voted(&self, scene: &Scene<'_>, group: usize, epoch: u64) -> Result<(), String> {
        let Some(master) = scene.view().and_then(|v| said::master(v, group)) else {
            return Ok(());
        };
        let others = self.come.get(&(scene.node, group, epoch));
        let others = others.map_or(0, BTreeSet::len);
        let needed = said::needed(master);
        if 1 + others >= needed {
            return Ok(());
        }
        Err(format!(
            "elected in epoch {epoch} with {} votes of {needed}",
            1 + others
        ))
    }
}

impl Oracle for CountedEpoch {
    fn name(&self) -> &'static str {
        "S5"
    }

    fn watches(&self) -> &'static [Kind] {
        &[
            Kind::Born,
            Kind::HeardOpinion,
            Kind::SentQuestion,
            Kind::Announced,
            Kind::Reasserted,
        ]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if let Some(request) = said::vote_request(scene.shape, fact) {
            let number = (scene.node, request.about);
            self.groups.insert(number, request.group);
            return Ok(());
        }
        let notice = match fact {
            Fact::Born(_) => {
                self.groups.retain(|(node, _), _| *node != scene.node);
                self.come.retain(|(node, ..), _| *node != scene.node);
                return Ok(());
            }
            Fact::HeardOpinion {
                from,
                about,
                vote: Some((leader, epoch)),
                ..
            } => {
                let group = self.groups.get(&(scene.node, *about));
                if let Some(group) = group.filter(|_| *leader == scene.at.id) {
                    let key = (scene.node, *group, epoch.get());
                    self.come.entry(key).or_default().insert(*from);
                }
                return Ok(());
            }
            Fact::Reasserted(won, published) => {
                self.exercised += 1;
                self.reasserted += 1;
                if *published != won.epoch {
                    return Err(format!(
                        "re-asserts under epoch {published}, asked for were votes of {}",
                        won.epoch
                    ));
                }
                return self.voted(scene, won.group, won.epoch);
            }
            Fact::Announced(notice) => notice,
            _ => return Ok(()),
        };
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
        let Some(master) = scene.view().and_then(|v| said::master(v, group)) else {
            return Ok(());
        };
        let epoch = self.attempts.epoch(scene, group);
        self.exercised += 1;
        match notice.name {
            EventName::PromotedSlave if master.config_epoch.get() != epoch => Err(format!(
                "publishes epoch {}, its own vote was in {epoch}",
                master.config_epoch
            )),
            EventName::ElectedLeader if !self.attempts.forced(scene, group) => {
                self.voted(scene, group, epoch)
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }

    fn parts(&self) -> Vec<(&'static str, u64)> {
        vec![("S5 of re-assertions", self.reasserted)]
    }
}
