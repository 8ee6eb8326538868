//! S7: at most one target of SLAVEOF NO ONE, or of a handover by the master itself, with an unknown
//! or positive outcome for each (leader, epoch); none after a config epoch that is not smaller was
//! learnt from elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::Ask;
use rsentinel::wire::TransactionOutcome;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};
use crate::shape::server_of_host;

/// The judge.
#[derive(Default)]
pub struct OneTarget {
    own: BTreeMap<(usize, usize), u64>,
    targets: BTreeMap<(String, usize, u64), BTreeSet<usize>>,
    /// Whether the last SLAVEOF that a sentinel sent a server was NO ONE.
    last_was_no_one: BTreeMap<(usize, usize), bool>,
    exercised: u64,
}

impl OneTarget {
    /// A server is to become a master.
    fn target(&mut self, scene: &Scene<'_>, server: usize) -> Result<(), String> {
        let group = scene.shape.group_of(server);
        let epoch = self.own.get(&(scene.node, group)).copied().unwrap_or(0);
        let key = (scene.at.id.as_str().to_owned(), group, epoch);
        let targets = self.targets.entry(key).or_default();
        targets.insert(server);
        self.exercised += 1;
        if targets.len() > 1 {
            return Err(format!("SLAVEOF NO ONE to {targets:?} in epoch {epoch}"));
        }
        let known = scene
            .view()
            .and_then(|v| said::master(v, group).map(|m| m.config_epoch.get()));
        match known {
            Some(known) if known >= epoch => Err(format!(
                "SLAVEOF NO ONE in epoch {epoch} though config epoch {known} is known"
            )),
            _ => Ok(()),
        }
    }
}

impl Oracle for OneTarget {
    fn name(&self) -> &'static str {
        "S7"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Announced, Kind::SentSlaveof, Kind::HeardOutcome]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() {
            return Ok(());
        }
        match fact {
            Fact::Announced(notice) => {
                if let (Some(group), Some(epoch)) =
                    (said::group(notice), said::own_vote(scene, notice))
                {
                    self.own.insert((scene.node, group), epoch);
                }
                Ok(())
            }
            Fact::Sent {
                host,
                ask: Ask::Replicate { target: None, .. },
            } => {
                self.last_was_no_one.insert((scene.node, *host), true);
                self.target(scene, *host)
            }
            Fact::Sent {
                ask: Ask::HandOver { host, .. },
                ..
            } => match server_of_host(host) {
                Some(server) => self.target(scene, server),
                None => Err(format!("FAILOVER TO {host}, which is no server")),
            },
            Fact::Sent {
                host,
                ask: Ask::Replicate { .. },
            } => {
                self.last_was_no_one.insert((scene.node, *host), false);
                Ok(())
            }
            Fact::HeardOutcome {
                server,
                outcome: TransactionOutcome::Refused(_),
            } if self.last_was_no_one.get(&(scene.node, *server)) == Some(&true) => {
                for ((id, ..), targets) in &mut self.targets {
                    if id == scene.at.id.as_str() {
                        targets.remove(server);
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
