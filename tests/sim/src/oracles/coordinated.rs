//! A failover that an operator ordered the master to do by itself loses no write: while it is not
//! given up nobody is told SLAVEOF NO ONE; it is published only when both servers have said, after
//! the master was told, what they are now, or when the master is objectively down; and until then
//! nothing is published on the servers of the group, where it would wait behind the writers.

use std::collections::BTreeMap;

use rsentinel::core::Ask;
use rsentinel::core::notice::EventName;
use rsentinel::wire::Role;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};
use crate::shape::server_of_host;

/// An attempt in progress.
#[derive(Default, Clone, Copy)]
struct Attempt {
    /// The master, and to whom it was told to hand over, and when in µs.
    told: Option<(usize, usize, u64)>,
}

/// The judge.
#[derive(Default)]
pub struct Coordinated {
    running: BTreeMap<(usize, usize), Attempt>,
    /// The last role that a sentinel heard of a server while an attempt ran.
    roles: BTreeMap<(usize, usize), Role>,
    exercised: u64,
}

impl Coordinated {
    /// The attempt is still what it was: one whose master turns out to be down becomes another.
    fn still(scene: &Scene<'_>, group: usize) -> bool {
        let view = scene.view();
        view.and_then(|v| said::master(v, group))
            .is_some_and(said::coordinated)
    }

    fn proved(&self, scene: &Scene<'_>, group: usize, attempt: Attempt) -> Result<(), String> {
        let Some((old, new, _)) = attempt.told else {
            return Err("publishes a handover that it has not ordered".into());
        };
        let role = |server| self.roles.get(&(scene.node, server)).copied();
        if role(new) != Some(Role::Master) {
            return Err(format!(
                "publishes server {new}, which does not call itself a master"
            ));
        }
        let down = scene
            .view()
            .and_then(|v| said::master(v, group))
            .is_some_and(|m| m.status == "odown");
        if !down && role(old) != Some(Role::Replica) {
            return Err(format!(
                "publishes server {new} though server {old} has not stepped down"
            ));
        }
        Ok(())
    }

    fn announced(
        &mut self,
        scene: &Scene<'_>,
        name: EventName,
        group: usize,
    ) -> Result<(), String> {
        let key = (scene.node, group);
        match name {
            EventName::TryFailover => {
                self.running.remove(&key);
                if Self::still(scene, group) {
                    self.running.insert(key, Attempt::default());
                }
            }
            EventName::PromotedSlave => {
                if let Some(attempt) = self.running.remove(&key)
                    && Self::still(scene, group)
                {
                    self.exercised += 1;
                    return self.proved(scene, group, attempt);
                }
            }
            EventName::AbortNotElected
            | EventName::AbortNoGoodSlave
            | EventName::AbortSlaveTimeout
            | EventName::AbortMasterTimeout
            | EventName::SwitchMaster
            | EventName::ResetMaster
            | EventName::Unmonitor => {
                self.running.remove(&key);
            }
            _ => {}
        }
        Ok(())
    }
}

impl Oracle for Coordinated {
    fn name(&self) -> &'static str {
        "coordinated"
    }

    fn watches(&self) -> &'static [Kind] {
        &[
            Kind::Born,
            Kind::Announced,
            Kind::HeardInfo,
            Kind::SentHello,
            Kind::SentSlaveof,
        ]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() {
            return Ok(());
        }
        match fact {
            Fact::Born(_) => {
                self.running.retain(|(node, _), _| *node != scene.node);
                Ok(())
            }
            Fact::Announced(notice) => match said::group(notice) {
                Some(group) => self.announced(scene, notice.name, group),
                None => Ok(()),
            },
            Fact::HeardInfo {
                server,
                asked,
                report,
            } => {
                let group = scene.shape.group_of(*server);
                let told = self.running.get(&(scene.node, group)).and_then(|a| a.told);
                // The old master's word must be newer than the order; a replica that is a master
                // now, and that the old master follows, has become one by it.
                let counts = |(old, _, at)| *server != old || *asked >= at;
                if told.is_some_and(counts) {
                    self.roles.insert((scene.node, *server), report.role);
                }
                Ok(())
            }
            Fact::Sent { host, ask } => {
                if *host >= scene.shape.servers() {
                    return Ok(());
                }
                let group = scene.shape.group_of(*host);
                let Some(attempt) = self.running.get_mut(&(scene.node, group)) else {
                    return match ask {
                        Ask::HandOver { .. } => {
                            Err(format!("tells server {host} to hand over unasked"))
                        }
                        _ => Ok(()),
                    };
                };
                match ask {
                    Ask::HandOver { host: to, .. } => {
                        self.exercised += 1;
                        let to = server_of_host(to).unwrap_or(usize::MAX);
                        if attempt.told.is_some() {
                            return Err(format!("tells server {host} to hand over twice"));
                        }
                        attempt.told = Some((*host, to, scene.now_us));
                        self.roles.remove(&(scene.node, *host));
                        self.roles.remove(&(scene.node, to));
                        Ok(())
                    }
                    Ask::Replicate { target: None, .. } if Self::still(scene, group) => Err(
                        format!("tells server {host} SLAVEOF NO ONE in a coordinated failover"),
                    ),
                    Ask::Hello { .. } if Self::still(scene, group) => Err(format!(
                        "publishes on server {host} before the handover is done"
                    )),
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
