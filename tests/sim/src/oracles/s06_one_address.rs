//! S6: (group, config epoch) names one address, over all hellos ever sent by real cores. Excused are
//! epochs of forced failovers, which no vote protects, and addresses that a reference brought into
//! the world under an epoch before any real core did (its defects W2, W5, W8).

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::Ask;
use rsentinel::core::notice::EventName;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};

/// A group and a config epoch.
type Key = (usize, u64);
type Address = (String, i64);

/// Who named an address first under a config epoch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Core,
    Reference,
}

/// The judge.
#[derive(Default)]
pub struct OneAddress {
    named: BTreeMap<Key, BTreeMap<Address, Origin>>,
    excused: BTreeSet<Key>,
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
                let named = self.named.entry(key).or_default();
                let known = |(host, port): &Address| {
                    *host == hello.master_host && *port == hello.master_port
                };
                if named.keys().any(known) {
                    return Ok(());
                }
                let address = (hello.master_host.clone(), hello.master_port);
                let origin = if scene.is_reference() {
                    Origin::Reference
                } else {
                    Origin::Core
                };
                self.exercised += u64::from(named.is_empty());
                named.insert(address, origin);
                let by_cores = named.values().filter(|o| **o == Origin::Core).count();
                let excused = self.excused.contains(&key) || by_cores < named.len();
                if named.len() > 1 && !excused {
                    return Err(format!(
                        "publishes a second address under epoch {} of group {group}: {:?}",
                        key.1,
                        named.keys().collect::<Vec<_>>()
                    ));
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
