//! ODOWN: a master is objectively down only when as many sentinels as the quorum say so, counting
//! the own opinion and those that peers gave within the last five ask periods.

use std::collections::BTreeMap;

use rsentinel::core::notice::EventName;
use rsentinel::core::{Ask, MasterId};

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};
use crate::shape::server_of_host;

/// How long an opinion is worth something.
const WORTH: u64 = 5_000;

/// The judge.
#[derive(Default)]
pub struct Agreed {
    /// Which group a core means by a number.
    groups: BTreeMap<(usize, MasterId), usize>,
    /// What a peer said last of a group, and when: by node, group, peer.
    said: BTreeMap<(usize, usize, usize), (u64, bool)>,
    exercised: u64,
}

impl Oracle for Agreed {
    fn name(&self) -> &'static str {
        "ODOWN"
    }

    fn watches(&self) -> &'static [Kind] {
        &[
            Kind::Born,
            Kind::Announced,
            Kind::HeardOpinion,
            Kind::SentQuestion,
        ]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() {
            return Ok(());
        }
        match fact {
            Fact::Born(_) => {
                self.said.retain(|(node, ..), _| *node != scene.node);
                Ok(())
            }
            Fact::Sent {
                ask: Ask::MasterDown { peer, host, .. },
                ..
            } => {
                if let Some(server) = server_of_host(host) {
                    let group = scene.shape.group_of(server);
                    self.groups.insert((scene.node, peer.master), group);
                }
                Ok(())
            }
            Fact::HeardOpinion {
                from,
                about,
                down: Some(down),
                ..
            } => {
                if let Some(group) = self.groups.get(&(scene.node, *about)) {
                    let key = (scene.node, *group, *from);
                    self.said.insert(key, (scene.now, *down));
                }
                Ok(())
            }
            Fact::Announced(notice) => {
                let Some(group) = said::group(notice) else {
                    return Ok(());
                };
                match notice.name {
                    EventName::SwitchMaster | EventName::ResetMaster | EventName::Unmonitor => {
                        self.said
                            .retain(|(node, g, _), _| (*node, *g) != (scene.node, group));
                        Ok(())
                    }
                    EventName::Odown => self.declared(scene, group),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }
}

impl Agreed {
    fn declared(&mut self, scene: &Scene<'_>, group: usize) -> Result<(), String> {
        let Some(view) = scene.view() else {
            return Ok(());
        };
        let Some(master) = said::master(view, group) else {
            return Ok(());
        };
        self.exercised += 1;
        let agree = |(at, down): &(u64, bool)| *down && scene.now - at <= WORTH;
        let peers = self
            .said
            .range((scene.node, group, 0)..=(scene.node, group, usize::MAX))
            .filter(|(_, opinion)| agree(opinion))
            .count();
        if 1 + peers < master.quorum as usize {
            return Err(format!(
                "holds group {group} objectively down, {} agree of {}",
                1 + peers,
                master.quorum
            ));
        }
        Ok(())
    }
}
