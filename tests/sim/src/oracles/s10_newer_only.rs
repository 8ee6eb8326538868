//! S10: a configuration with a lower or equal config epoch never changes an address; a higher one
//! always ends an own failover that it changes the address of.

use std::collections::BTreeMap;

use rsentinel::core::event::Instruction;
use rsentinel::types::MasterName;

use super::Oracle;
use crate::facts::{Fact, Kind, Scene};

/// A config epoch and the address it came with.
type Known = (u64, Option<(String, u16)>);

/// The judge.
#[derive(Default)]
pub struct NewerOnly {
    known: BTreeMap<(usize, MasterName), Known>,
    exercised: u64,
}

impl Oracle for NewerOnly {
    fn name(&self) -> &'static str {
        "S10"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Born, Kind::Instructed, Kind::HandedOver, Kind::Addresses]
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
                    if let Some(known) = self.known.get_mut(&(scene.node, m.name.clone())) {
                        known.0 = m.config_epoch.get();
                    }
                }
                Ok(())
            }
            Fact::Addresses(table) => {
                let Some(view) = scene.view() else {
                    return Ok(());
                };
                for (name, row) in &table.rows {
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
                        let own = master.failover_state.is_some_and(|s| s != "reconf_slaves");
                        if own {
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
