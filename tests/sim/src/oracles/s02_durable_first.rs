//! S2: every vote answered and every epoch sent is on the sender's disk at that moment, except a
//! candidate's own new epoch; the own vote is on disk before it is counted and before any SLAVEOF.

use rsentinel::core::Ask;
use rsentinel::core::notice::EventName;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};
use crate::shape::Shape;

/// The judge.
#[derive(Default)]
pub struct DurableFirst {
    exercised: u64,
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
            "uses the vote for {leader} in epoch {epoch} of group {group}, but on its disk is {found:?}"
        ))
    }
}

impl Oracle for DurableFirst {
    fn name(&self) -> &'static str {
        "S2"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Answered, Kind::Announced, Kind::SentHello, Kind::SentQuestion]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() {
            return Ok(());
        }
        let durable_epoch = scene.at.disk.durable.current_epoch.get();
        match fact {
            Fact::Answered {
                question, opinion, ..
            } => match (&opinion.leader, said::group_asked(scene.shape, question)) {
                (Some(leader), Some(group)) => {
                    self.on_disk(scene, group, opinion.epoch.get(), leader.as_str())
                }
                _ => Ok(()),
            },
            Fact::Announced(notice) if notice.name == EventName::ElectedLeader => {
                let Some(group) = said::group(notice) else {
                    return Ok(());
                };
                let name = Shape::group_name(group);
                let own = scene.at.id.as_str();
                let on_disk = scene
                    .at
                    .disk
                    .durable
                    .masters
                    .iter()
                    .find(|m| m.name.as_str() == name);
                self.exercised += 1;
                match on_disk {
                    Some(m) if m.voted_for.as_ref().is_some_and(|v| v.as_str() == own) => Ok(()),
                    other => Err(format!(
                        "elected without its own vote on disk: {:?}",
                        other.map(|m| (m.leader_epoch, m.voted_for.clone()))
                    )),
                }
            }
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
}
