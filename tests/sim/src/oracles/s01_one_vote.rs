//! S1: for each (sentinel, group, epoch) at most one candidate is ever voted for, across restarts,
//! RESET, REMOVE and MONITOR.

use std::collections::BTreeMap;

use rsentinel::core::notice::EventName;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};

/// The judge.
#[derive(Default)]
pub struct OneVote {
    votes: BTreeMap<(String, usize, u64), String>,
    exercised: u64,
}

impl OneVote {
    fn note(&mut self, id: &str, group: usize, epoch: u64, candidate: &str) -> Result<(), String> {
        let key = (id.to_owned(), group, epoch);
        match self.votes.get(&key) {
            Some(before) if before != candidate => Err(format!(
                "voted for {candidate} in epoch {epoch} of group {group}, and before for {before}"
            )),
            Some(_) => Ok(()),
            None => {
                self.votes.insert(key, candidate.to_owned());
                Ok(())
            }
        }
    }
}

impl Oracle for OneVote {
    fn name(&self) -> &'static str {
        "S1"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Born, Kind::Announced, Kind::Answered, Kind::Durable]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() {
            return Ok(());
        }
        match fact {
            Fact::Answered {
                question, opinion, ..
            } => {
                let Some(leader) = &opinion.leader else {
                    return Ok(());
                };
                let Some(group) = said::group_asked(scene.shape, question) else {
                    return Ok(());
                };
                if question.candidate.as_ref() != Some(leader) && question.epoch == opinion.epoch {
                    self.exercised += 1;
                }
                self.note(
                    scene.at.id.as_str(),
                    group,
                    opinion.epoch.get(),
                    leader.as_str(),
                )
            }
            Fact::Announced(notice) if notice.name == EventName::VoteForLeader => {
                let (Some(group), Some((leader, epoch))) =
                    (said::group(notice), notice.text.split_once(' '))
                else {
                    return Ok(());
                };
                let epoch = epoch.parse().unwrap_or(0);
                self.note(scene.at.id.as_str(), group, epoch, leader)
            }
            // A vote on disk is what a restart answers with: it has been given too.
            Fact::Born(conf) | Fact::Durable(conf) => {
                for master in &conf.masters {
                    if let (Some(group), Some(leader)) =
                        (said::group_of_name(master.name.as_str()), &master.voted_for)
                    {
                        let epoch = master.leader_epoch.get();
                        self.note(scene.at.id.as_str(), group, epoch, leader.as_str())?;
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }
}
