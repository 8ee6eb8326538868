//! S6: (group, config epoch) names one address, over all hellos ever sent by real cores. Epochs of
//! forced failovers, and those a reference published too, are told apart: no vote protects them.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::Ask;
use rsentinel::core::notice::EventName;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};

/// The judge.
#[derive(Default)]
pub struct OneAddress {
    named: BTreeMap<(usize, u64), (String, i64)>,
    excused: BTreeSet<(usize, u64)>,
    attempts: said::Attempts,
    exercised: u64,
}

impl Oracle for OneAddress {
    fn name(&self) -> &'static str {
        "S6"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Announced, Kind::SentHello]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::Announced(notice) => {
                let Some(group) = said::group(notice) else {
                    return Ok(());
                };
                self.attempts.note(scene, notice);
                if notice.name == EventName::ElectedLeader && self.attempts.forced(scene, group) {
                    self.excused
                        .insert((group, self.attempts.epoch(scene, group)));
                }
                Ok(())
            }
            Fact::Sent {
                ask: Ask::Hello { text, .. },
                ..
            } => {
                let Some(hello) = scene.hello(text).filter(|h| h.config_epoch.get() > 0) else {
                    return Ok(());
                };
                let Some(group) = said::group_of_name(hello.master.as_str()) else {
                    return Ok(());
                };
                let key = (group, hello.config_epoch.get());
                if scene.is_reference() {
                    self.excused.insert(key);
                }
                let address = (hello.master_host.as_str(), hello.master_port);
                match self.named.get(&key) {
                    None => {
                        self.exercised += 1;
                        self.named.insert(key, (address.0.to_owned(), address.1));
                        Ok(())
                    }
                    Some(before)
                        if (before.0.as_str(), before.1) != address
                            && !self.excused.contains(&key) =>
                    {
                        Err(format!(
                            "publishes {address:?} under epoch {} of group {group}, which named {before:?}",
                            key.1
                        ))
                    }
                    Some(_) => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }
}
