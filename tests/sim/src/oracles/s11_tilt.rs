//! S11: in TILT no SDOWN or ODOWN changes, no ask, no SLAVEOF, no re-assertion, and answers say "not
//! down". When a
//! core must be in TILT is judged here too, from its turns alone: a turn more than the trigger
//! after the one before it begins it, and it lasts the whole period.

use std::collections::BTreeMap;

use rsentinel::core::Ask;
use rsentinel::core::notice::EventName;

use super::Oracle;
use super::reassertions::LONGEST;
use crate::facts::{Fact, Kind, Scene};

/// A core that has had no turn for longer than this has been stopped.
const TRIGGER: u64 = 2_000;
/// How long TILT lasts.
const PERIOD: u64 = 30_000;

#[derive(Default, Clone, Copy)]
struct Clock {
    /// When the last turn ended.
    last_turn: Option<u64>,
    /// When TILT was last triggered, while it lasts.
    since: Option<u64>,
    /// It must be announced in this turn.
    owed: bool,
    /// When votes were last asked for, to re-assert a master that is not published yet.
    reasserts: Option<u64>,
}

/// The judge.
#[derive(Default)]
pub struct Tilt {
    clocks: BTreeMap<usize, Clock>,
    exercised: u64,
    reasserted: u64,
}

impl Oracle for Tilt {
    fn name(&self) -> &'static str {
        "S11"
    }

    fn watches(&self) -> &'static [Kind] {
        &[
            Kind::Born,
            Kind::Announced,
            Kind::Answered,
            Kind::SentQuestion,
            Kind::SentSlaveof,
            Kind::TurnEnded,
            Kind::AsksToReassert,
            Kind::Reasserted,
        ]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        let clock = self.clocks.entry(scene.node).or_default();
        if matches!(fact, Fact::Born(_)) {
            *clock = Clock {
                last_turn: Some(scene.now),
                ..Clock::default()
            };
            return Ok(());
        }
        if scene.is_reference() {
            // It has a clock of its own making: what it says of its TILT is believed.
            match fact {
                Fact::Announced(notice) if notice.name == EventName::Tilt => {
                    clock.since = Some(scene.now);
                }
                Fact::Announced(notice) if notice.name == EventName::TiltEnd => clock.since = None,
                _ => {}
            }
        } else if clock.last_turn.is_some_and(|at| scene.now - at > TRIGGER) {
            clock.since = Some(scene.now);
            clock.owed = true;
            clock.last_turn = Some(scene.now);
        }
        let since = clock.since;
        match fact {
            Fact::TurnEnded => {
                clock.last_turn = Some(scene.now);
                if clock.owed {
                    return Err("stood still for more than 2 s and is not in TILT".into());
                }
                Ok(())
            }
            Fact::Announced(notice) if notice.name == EventName::Tilt => {
                clock.owed = false;
                let asked = clock.reasserts.take();
                self.reasserted += u64::from(asked.is_some_and(|at| scene.now <= at + LONGEST));
                Ok(())
            }
            Fact::AsksToReassert(_) if since.is_none() => {
                clock.reasserts = Some(scene.now);
                Ok(())
            }
            Fact::Reasserted(..) if since.is_none() => {
                clock.reasserts = None;
                Ok(())
            }
            Fact::Announced(notice) if notice.name == EventName::TiltEnd => {
                clock.since = None;
                match since {
                    Some(since) if !scene.is_reference() && scene.now - since < PERIOD => Err(
                        format!("leaves TILT {} ms after it began", scene.now - since),
                    ),
                    _ => Ok(()),
                }
            }
            _ if since.is_none() => Ok(()),
            fact => self.in_tilt(fact),
        }
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }

    fn parts(&self) -> Vec<(&'static str, u64)> {
        vec![("S11 of re-assertions", self.reasserted)]
    }
}

impl Tilt {
    fn in_tilt(&mut self, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
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
                ask: Ask::MasterDown { .. } | Ask::Replicate { .. } | Ask::HandOver { .. },
                host,
            } => return Err(format!("asks or instructs host {host} in TILT")),
            Fact::Reasserted(what, _) => {
                return Err(format!("re-asserts group {} in TILT", what.group));
            }
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
}
