//! S9: every SLAVEOF that a real core sends has its reason, and is not sent too early. The event
//! that follows it tells which: a promotion, a reconfiguration by the leader (both judged in
//! `leading`), or a correction (judged in `patience`).

mod leading;
mod patience;

use std::collections::BTreeMap;

use rsentinel::core::Ask;
use rsentinel::core::notice::{EventName, Notice};

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};
use crate::shape::server_of_host;

/// A SLAVEOF, until its event tells what it was for.
#[derive(Clone)]
struct Sent {
    server: usize,
    /// Whom to follow.
    target: Option<(String, u16)>,
}

/// The judge.
#[derive(Default)]
pub struct Slaveof {
    sent: BTreeMap<usize, Sent>,
    leading: leading::Leading,
    patience: patience::Patience,
    promotions: u64,
    reconfigurations: u64,
    conversions: u64,
    redirections: u64,
}

/// The event tells of a SLAVEOF that was just sent.
fn tells_of_sending(name: EventName) -> bool {
    matches!(
        name,
        EventName::StateWaitPromotion
            | EventName::SlaveReconfSent
            | EventName::SlaveReconfSentBestEffort
            | EventName::ConvertToSlave
            | EventName::FixSlaveConfig
    )
}

impl Slaveof {
    fn told(&mut self, scene: &Scene<'_>, notice: &Notice) -> Result<(), String> {
        let (Some(group), Some(server)) = (said::group(notice), said::server(notice)) else {
            return Ok(());
        };
        let name = notice.name.as_str();
        let sent = self.sent.remove(&scene.node);
        let Some(sent) = sent.filter(|s| s.server == server) else {
            return Err(format!(
                "says {name} of server {server}, but told it nothing"
            ));
        };
        let Some(target) = sent.target else {
            self.promotions += 1;
            return if notice.name == EventName::StateWaitPromotion {
                self.leading.promotes(scene, group, server)
            } else {
                Err(format!("promotes server {server}, and calls that {name}"))
            };
        };
        match notice.name {
            EventName::SlaveReconfSent | EventName::SlaveReconfSentBestEffort => {
                self.reconfigurations += 1;
                let best_effort = notice.name == EventName::SlaveReconfSentBestEffort;
                self.leading
                    .reconfigures(scene, group, server, &target, best_effort)
            }
            EventName::ConvertToSlave => {
                self.conversions += 1;
                self.patience.demotes(scene, group, server, &target)
            }
            EventName::FixSlaveConfig => {
                self.redirections += 1;
                self.patience.redirects(scene, group, server, &target)
            }
            _ => Err(format!(
                "has server {server} follow {target:?}, and calls that {name}"
            )),
        }
    }
}

impl Oracle for Slaveof {
    fn name(&self) -> &'static str {
        "S9"
    }

    fn watches(&self) -> &'static [Kind] {
        &[
            Kind::Born,
            Kind::HeardInfo,
            Kind::Announced,
            Kind::SentSlaveof,
            Kind::TurnEnded,
        ]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() {
            return Ok(());
        }
        match fact {
            Fact::Born(_) => {
                self.sent.remove(&scene.node);
                self.leading.forget(scene.node);
                self.patience.forget(scene.node);
                Ok(())
            }
            Fact::HeardInfo { server, report, .. } => {
                self.patience.heard(scene, *server, report);
                Ok(())
            }
            Fact::Sent {
                host,
                ask: Ask::Replicate { target, .. },
            } => {
                let sent = Sent {
                    server: *host,
                    target: target.clone(),
                };
                match self.sent.insert(scene.node, sent) {
                    Some(before) => Err(unexplained(&before)),
                    None => Ok(()),
                }
            }
            Fact::Sent {
                ask: Ask::HandOver { host: to, .. },
                ..
            } => {
                let sent = Sent {
                    server: server_of_host(to).unwrap_or(usize::MAX),
                    target: None,
                };
                match self.sent.insert(scene.node, sent) {
                    Some(before) => Err(unexplained(&before)),
                    None => Ok(()),
                }
            }
            Fact::Announced(notice) => {
                self.leading.note(scene, notice)?;
                self.patience.note(scene, notice);
                if tells_of_sending(notice.name) {
                    self.told(scene, notice)
                } else {
                    Ok(())
                }
            }
            Fact::TurnEnded => match self.sent.remove(&scene.node) {
                Some(sent) => Err(unexplained(&sent)),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.promotions + self.reconfigurations + self.conversions + self.redirections
    }

    fn parts(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("S9 promotions", self.promotions),
            ("S9 reconfigurations", self.reconfigurations),
            ("S9 old masters demoted", self.conversions),
            ("S9 replicas redirected", self.redirections),
        ]
    }
}

fn unexplained(sent: &Sent) -> String {
    format!(
        "sends server {} SLAVEOF {:?}, and no event tells why",
        sent.server, sent.target
    )
}
