//! S13: the own id is never a peer, and no id is a peer twice.

use std::collections::BTreeSet;

use rsentinel::core::notice::EventName;

use super::Oracle;
use crate::facts::{Fact, Kind, Scene};

/// The judge.
#[derive(Default)]
pub struct Voters {
    exercised: u64,
}

impl Oracle for Voters {
    fn name(&self) -> &'static str {
        "S13"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::HeardHello, Kind::HandedOver, Kind::Announced]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::HeardHello(hello) if hello.id == scene.at.id => {
                self.exercised += 1;
                Ok(())
            }
            Fact::Announced(notice) if notice.name == EventName::SentinelAddressSwitch => {
                self.exercised += 1;
                Ok(())
            }
            Fact::HandedOver(conf) if !scene.is_reference() => {
                for master in &conf.masters {
                    let mut seen = BTreeSet::from([&scene.at.id]);
                    for peer in &master.known_peers {
                        if !seen.insert(&peer.id) {
                            return Err(format!("{} counts twice in {}", peer.id, master.name));
                        }
                    }
                    if master.known_peers.len() >= scene.ids_ever {
                        return Err(format!(
                            "knows {} peers, there are {} sentinels",
                            master.known_peers.len(),
                            scene.ids_ever
                        ));
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
