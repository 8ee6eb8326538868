//! S10: a configuration with a lower or equal config epoch never changes an address; a higher one
//! always ends an own failover that it changes the address of, or whose epoch is not higher.

use std::collections::BTreeMap;

use rsentinel::core::event::Instruction;
use rsentinel::core::view::MasterView;
use rsentinel::types::MasterName;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};

/// A config epoch and the address it came with.
type Known = (u64, Option<(String, u16)>);

/// The judge.
#[derive(Default)]
pub struct NewerOnly {
    known: BTreeMap<(usize, MasterName), Known>,
    attempts: said::Attempts,
    exercised: u64,
}

/// It has won an election whose configuration does not exist yet.
fn goes_on(master: &MasterView) -> bool {
    matches!(
        master.failover_state,
        Some("select_slave" | "send_slaveof_noone" | "wait_promotion")
    )
}

impl Oracle for NewerOnly {
    fn name(&self) -> &'static str {
        "S10"
    }

    fn watches(&self) -> &'static [Kind] {
        &[
            Kind::Born,
            Kind::Announced,
            Kind::Instructed,
            Kind::Addresses,
            Kind::HandedOver,
        ]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() {
            return Ok(());
        }
        match fact {
            Fact::Born(conf) => {
                self.known.retain(|(node, _), _| *node != scene.node);
                for m in &conf.masters {
                    self.known
                        .insert((scene.node, m.name.clone()), (m.config_epoch.get(), None));
                }
                Ok(())
            }
            Fact::Instructed(Instruction::Remove { name }) => {
                self.known.remove(&(scene.node, name.clone()));
                Ok(())
            }
            Fact::HandedOver(conf) => {
                for m in &conf.masters {
                    let Some(known) = self.known.get_mut(&(scene.node, m.name.clone())) else {
                        continue;
                    };
                    let rose = m.config_epoch.get() > known.0;
                    known.0 = m.config_epoch.get();
                    let view = scene.view().filter(|_| rose);
                    let group = said::group_of_name(m.name.as_str());
                    if let (Some(view), Some(group)) = (view, group)
                        && let Some(master) = view.master(m.name.as_str())
                    {
                        self.exercised += 1;
                        let own = self.attempts.epoch(scene, group);
                        if goes_on(master) && own <= m.config_epoch.get() {
                            return Err(format!(
                                "goes on with its failover of {} in epoch {own} though config epoch {} is known",
                                m.name, m.config_epoch
                            ));
                        }
                    }
                }
                Ok(())
            }
            Fact::Announced(notice) => {
                self.attempts.note(scene, notice);
                Ok(())
            }
            Fact::Addresses(table) => {
                let Some(view) = scene.view() else {
                    return Ok(());
                };
                for row in table.rows() {
                    let name = &row.name;
                    let Some(master) = view.master(name.as_str()) else {
                        continue;
                    };
                    let epoch = master.config_epoch.get();
                    let address = (row.host.clone(), row.port);
                    let known = self
                        .known
                        .entry((scene.node, name.clone()))
                        .or_insert((epoch, None));
                    let changed = known.1.as_ref().is_some_and(|a| *a != address);
                    if changed {
                        self.exercised += 1;
                        if epoch <= known.0 {
                            return Err(format!(
                                "the address of {name} changes to {address:?} with epoch {epoch}, known was {}",
                                known.0
                            ));
                        }
                        if master.failover_state.is_some_and(|s| s != "reconf_slaves") {
                            return Err(format!(
                                "goes on with its own failover of {name} though the address changed"
                            ));
                        }
                    }
                    *known = (epoch, Some(address));
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
