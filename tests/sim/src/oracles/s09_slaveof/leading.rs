//! What a leader may tell servers: SLAVEOF NO ONE to the replica it chose after it was elected,
//! once; then the promoted server's address to the others, as many at a time as `parallel-syncs`
//! says, and to the rest when `failover-timeout` is over.

use std::collections::BTreeMap;

use rsentinel::core::notice::{EventName, Notice};

use crate::facts::Scene;
use crate::oracles::said;
use crate::shape::server_of_host;

/// A failover, by the events of its leader.
#[derive(Default)]
struct Lead {
    elected: bool,
    /// Chosen, and not told yet.
    chosen: Option<usize>,
    /// Told to become a master.
    awaited: Option<usize>,
    promoted: Option<usize>,
    /// Since when the others are being told, in ms.
    reconf_since: u64,
    /// Told to follow, and not done.
    busy: Vec<usize>,
    timed_out: bool,
}

/// The failovers of all sentinels, by sentinel and group.
#[derive(Default)]
pub struct Leading(BTreeMap<(usize, usize), Lead>);

impl Leading {
    /// The process has begun anew.
    pub fn forget(&mut self, node: usize) {
        self.0.retain(|(of, _), _| *of != node);
    }

    /// Takes an event in.
    pub fn note(&mut self, scene: &Scene<'_>, notice: &Notice) -> Result<(), String> {
        let Some(group) = said::group(notice) else {
            return Ok(());
        };
        let key = (scene.node, group);
        match notice.name {
            EventName::TryFailover => {
                self.0.insert(key, Lead::default());
            }
            EventName::AbortNotElected
            | EventName::AbortNoGoodSlave
            | EventName::AbortSlaveTimeout
            | EventName::AbortMasterTimeout
            | EventName::SwitchMaster
            | EventName::ResetMaster
            | EventName::Unmonitor => {
                self.0.remove(&key);
            }
            _ => {}
        }
        let Some(lead) = self.0.get_mut(&key) else {
            return Ok(());
        };
        let server = said::server(notice);
        match notice.name {
            EventName::ElectedLeader => lead.elected = true,
            EventName::SelectedSlave => lead.chosen = server,
            EventName::PromotedSlave => {
                if lead.awaited != server {
                    return Err(format!(
                        "takes server {server:?} for promoted, but told {:?}",
                        lead.awaited
                    ));
                }
                lead.promoted = server;
                lead.reconf_since = scene.now;
            }
            EventName::SlaveReconfDone | EventName::SlaveReconfSentTimeout => {
                let done = lead.busy.iter().position(|s| Some(*s) == server);
                done.map(|at| lead.busy.swap_remove(at));
            }
            EventName::FailoverEndForTimeout => lead.timed_out = true,
            _ => {}
        }
        Ok(())
    }

    /// SLAVEOF NO ONE was sent, or the master was told to hand over to this server.
    pub fn promotes(
        &mut self,
        scene: &Scene<'_>,
        group: usize,
        server: usize,
    ) -> Result<(), String> {
        let lead = self.0.get_mut(&(scene.node, group)).filter(|l| l.elected);
        let Some(lead) = lead else {
            return Err(format!("promotes server {server} without being elected"));
        };
        if lead.chosen.take() != Some(server) {
            return Err(format!("promotes server {server} without having chosen it"));
        }
        lead.awaited = Some(server);
        Ok(())
    }

    /// A server was told to follow the promoted one.
    pub fn reconfigures(
        &mut self,
        scene: &Scene<'_>,
        group: usize,
        server: usize,
        target: &(String, u16),
        best_effort: bool,
    ) -> Result<(), String> {
        let lead = self.0.get_mut(&(scene.node, group));
        let Some((lead, promoted)) = lead.and_then(|l| l.promoted.map(|p| (l, p))) else {
            return Err(format!("reconfigures server {server} before any promotion"));
        };
        if server_of_host(&target.0) != Some(promoted) || server == promoted {
            return Err(format!(
                "has server {server} follow {}:{}, but promoted server {promoted}",
                target.0, target.1
            ));
        }
        let master = scene.view().and_then(|v| said::master(v, group));
        if best_effort {
            let timeout = master.map_or(0, |m| m.failover_timeout);
            let waited = scene.now - lead.reconf_since;
            return if lead.timed_out && waited >= timeout {
                Ok(())
            } else {
                Err(format!(
                    "tells server {server} at last, after {waited} ms, failover-timeout is {timeout}"
                ))
            };
        }
        let slots = master.map_or(i64::MAX, |m| m.parallel_syncs.max(1));
        if lead.busy.len() as i64 >= slots {
            return Err(format!(
                "tells server {server} while {:?} resynchronise, parallel-syncs is {slots}",
                lead.busy
            ));
        }
        lead.busy.push(server);
        Ok(())
    }
}
