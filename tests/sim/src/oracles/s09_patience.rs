//! S9: no `+convert-to-slave` less than 8000 ms after the first contrary INFO, none while the
//! master is not sane; no `+fix-slave-config` earlier than `failover-timeout`.

use std::collections::BTreeMap;

use rsentinel::core::notice::EventName;
use rsentinel::wire::Role;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};
use crate::shape::server_of_host;

/// How long a server must have reported itself a master before it is demoted.
const CONTRARY: u64 = 8_000;
/// How old the last INFO of a sane master may be.
const SANE: u64 = 20_000;

#[derive(Default, Clone)]
struct Seen {
    master_since: Option<u64>,
    follows: Option<(Option<String>, Option<u16>)>,
    follows_since: u64,
    last_info: Option<(u64, bool)>,
}

/// The judge.
#[derive(Default)]
pub struct Patience {
    seen: BTreeMap<(usize, usize), Seen>,
    exercised: u64,
}

impl Patience {
    fn heard(&mut self, scene: &Scene<'_>, server: usize, report: &rsentinel::wire::InfoReport) {
        let seen = self.seen.entry((scene.node, server)).or_default();
        seen.last_info = Some((scene.now, report.role == Role::Master));
        if report.role == Role::Master {
            seen.master_since.get_or_insert(scene.now);
        } else {
            seen.master_since = None;
        }
        let fields = &report.replica;
        if report.role == Role::Replica {
            let follows = Some((fields.master_host.clone(), fields.master_port));
            if seen.follows != follows {
                seen.follows = follows;
                seen.follows_since = scene.now;
            }
        } else {
            seen.follows = None;
        }
    }

    fn corrected(
        &mut self,
        scene: &Scene<'_>,
        event: EventName,
        server: usize,
        group: usize,
    ) -> Result<(), String> {
        let Some(view) = scene.view() else {
            return Ok(());
        };
        let Some(master) = said::master(view, group) else {
            return Ok(());
        };
        self.exercised += 1;
        let seen = self
            .seen
            .get(&(scene.node, server))
            .cloned()
            .unwrap_or_default();
        if event == EventName::ConvertToSlave {
            let Some(since) = seen.master_since else {
                return Err(format!(
                    "demotes server {server}, which does not call itself a master"
                ));
            };
            if scene.now - since < CONTRARY {
                return Err(format!(
                    "demotes server {server} {} ms after its first contrary INFO",
                    scene.now - since
                ));
            }
        } else if scene.now - seen.follows_since < master.failover_timeout {
            return Err(format!(
                "redirects server {server} {} ms after its configuration changed",
                scene.now - seen.follows_since
            ));
        }
        let sane = server_of_host(&master.effective.0)
            .and_then(|s| self.seen.get(&(scene.node, s)))
            .and_then(|s| s.last_info)
            .is_some_and(|(at, is_master)| is_master && scene.now - at <= SANE);
        if !sane || master.status != "ok" {
            return Err(format!(
                "corrects server {server} though its master is not sane"
            ));
        }
        Ok(())
    }
}

impl Oracle for Patience {
    fn name(&self) -> &'static str {
        "S9"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Born, Kind::HeardInfo, Kind::Announced]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::Born(_) => {
                self.seen.retain(|(node, _), _| *node != scene.node);
                Ok(())
            }
            Fact::HeardInfo { server, report, .. } => {
                self.heard(scene, *server, report);
                Ok(())
            }
            Fact::Announced(notice) => match (notice.name, said::server(notice)) {
                (EventName::Slave, Some(server)) => {
                    if let Some(seen) = self.seen.get_mut(&(scene.node, server)) {
                        seen.master_since = None;
                        seen.follows = None;
                        seen.follows_since = scene.now;
                    }
                    Ok(())
                }
                (EventName::ConvertToSlave | EventName::FixSlaveConfig, Some(server)) => {
                    match said::group(notice) {
                        Some(group) => self.corrected(scene, notice.name, server, group),
                        None => Ok(()),
                    }
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }
}
