//! S2: every vote answered and every epoch sent is on the sender's disk at that moment, except a
//! candidate's own new epoch; the own vote is on disk before it is counted, before any SLAVEOF, and
//! before a re-assertion is published.

use std::collections::BTreeMap;

use rsentinel::core::Ask;
use rsentinel::core::notice::EventName;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};
use crate::shape::Shape;

/// A candidacy.
#[derive(Default, Clone, Copy)]
struct Standing {
    /// In which epoch votes were asked for.
    asked: u64,
    /// In which epoch the own vote was given since it began.
    own_vote: Option<u64>,
}

/// The judge.
#[derive(Default)]
pub struct DurableFirst {
    standing: BTreeMap<(usize, usize), Standing>,
    exercised: u64,
    reasserted: u64,
}

impl DurableFirst {
    fn on_disk(
        &mut self,
        scene: &Scene<'_>,
        group: usize,
        epoch: u64,
        leader: &str,
    ) -> Result<(), String> {
        self.exercised += 1;
        let name = Shape::group_name(group);
        let durable = scene
            .at
            .disk
            .durable
            .masters
            .iter()
            .find(|m| m.name.as_str() == name);
        let there = durable.is_some_and(|m| {
            m.leader_epoch.get() > epoch
                || m.leader_epoch.get() == epoch
                    && m.voted_for.as_ref().is_some_and(|v| v.as_str() == leader)
        });
        if there {
            return Ok(());
        }
        let found = durable.map(|m| (m.leader_epoch.get(), m.voted_for.clone()));
        Err(format!(
            "uses its vote for {leader} in epoch {epoch} of group {group}, but on its disk is {found:?}"
        ))
    }

    /// The own vote of the attempt in progress.
    fn own_on_disk(&mut self, scene: &Scene<'_>, group: usize) -> Result<(), String> {
        let standing = self.standing.get(&(scene.node, group));
        let standing = standing.copied().unwrap_or_default();
        match standing.own_vote.filter(|epoch| *epoch >= standing.asked) {
            Some(epoch) => self.on_disk(scene, group, epoch, scene.at.id.as_str()),
            None => Err(format!(
                "acts as a leader of group {group} without an own vote: {:?} of {}",
                standing.own_vote, standing.asked
            )),
        }
    }
}

impl Oracle for DurableFirst {
    fn name(&self) -> &'static str {
        "S2"
    }

    fn watches(&self) -> &'static [Kind] {
        &[
            Kind::SentHello,
            Kind::SentQuestion,
            Kind::SentSlaveof,
            Kind::Announced,
            Kind::Answered,
            Kind::Reasserted,
        ]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() {
            return Ok(());
        }
        if let Some(request) = said::vote_request(scene.shape, fact) {
            let key = (scene.node, request.group);
            self.standing.entry(key).or_default().asked = request.epoch;
            return Ok(());
        }
        let durable_epoch = scene.at.disk.durable.current_epoch.get();
        match fact {
            Fact::Reasserted(won, _) => {
                self.reasserted += 1;
                self.on_disk(scene, won.group, won.epoch, scene.at.id.as_str())
            }
            Fact::Answered {
                question, opinion, ..
            } => match (&opinion.leader, said::group_asked(scene.shape, question)) {
                (Some(leader), Some(group)) => {
                    self.on_disk(scene, group, opinion.epoch.get(), leader.as_str())
                }
                _ if opinion.epoch.get() > durable_epoch => Err(format!(
                    "answers with epoch {}, on its disk is {durable_epoch}",
                    opinion.epoch
                )),
                _ => Ok(()),
            },
            Fact::Announced(notice) => {
                let Some(group) = said::group(notice) else {
                    return Ok(());
                };
                let standing = self.standing.entry((scene.node, group)).or_default();
                match notice.name {
                    EventName::TryFailover => *standing = Standing::default(),
                    EventName::ElectedLeader => return self.own_on_disk(scene, group),
                    _ => {}
                }
                let Some(epoch) = said::own_vote(scene, notice) else {
                    return Ok(());
                };
                standing.own_vote = Some(epoch);
                self.on_disk(scene, group, epoch, scene.at.id.as_str())
            }
            Fact::Sent {
                host,
                ask: Ask::Replicate { target: None, .. } | Ask::HandOver { .. },
            } => self.own_on_disk(scene, scene.shape.group_of(*host)),
            Fact::Sent {
                ask: Ask::Hello { text, .. },
                ..
            } => match scene.hello(text) {
                Some(hello) if hello.current_epoch.get() > durable_epoch => Err(format!(
                    "says epoch {} in a hello, on its disk is {durable_epoch}",
                    hello.current_epoch
                )),
                _ => Ok(()),
            },
            Fact::Sent {
                ask:
                    Ask::MasterDown {
                        epoch,
                        candidate: None,
                        ..
                    },
                ..
            } if epoch.get() > durable_epoch => Err(format!(
                "says epoch {epoch} in an ask, on its disk is {durable_epoch}"
            )),
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }

    fn parts(&self) -> Vec<(&'static str, u64)> {
        vec![("S2 of re-assertions", self.reasserted)]
    }
}
