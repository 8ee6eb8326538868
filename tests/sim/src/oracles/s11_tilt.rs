//! S11: in TILT no SDOWN or ODOWN changes, no ask, no SLAVEOF, and answers say "not down".

use std::collections::BTreeSet;

use rsentinel::core::Ask;
use rsentinel::core::notice::EventName;

use super::Oracle;
use crate::facts::{Fact, Kind, Scene};

/// The judge.
#[derive(Default)]
pub struct Tilt {
    tilted: BTreeSet<usize>,
    exercised: u64,
}

impl Oracle for Tilt {
    fn name(&self) -> &'static str {
        "S11"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Born, Kind::Announced, Kind::SentQuestion, Kind::SentSlaveof, Kind::Answered]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::Born(_) => {
                self.tilted.remove(&scene.node);
            }
            Fact::Announced(notice) if notice.name == EventName::Tilt => {
                self.tilted.insert(scene.node);
            }
            Fact::Announced(notice) if notice.name == EventName::TiltEnd => {
                self.tilted.remove(&scene.node);
            }
            _ if !self.tilted.contains(&scene.node) => {}
            Fact::Announced(notice) => {
                self.exercised += 1;
                let judged = matches!(
                    notice.name,
                    EventName::Sdown | EventName::SdownEnd | EventName::Odown | EventName::OdownEnd
                );
                if judged {
                    return Err(format!("announces {} in TILT", notice.name.as_str()));
                }
            }
            Fact::Sent {
                ask: Ask::MasterDown { .. } | Ask::Replicate { .. },
                host,
            } => return Err(format!("asks or instructs host {host} in TILT")),
            Fact::Answered { opinion, .. } => {
                self.exercised += 1;
                if opinion.down {
                    return Err("says that a master is down in TILT".into());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }
}
