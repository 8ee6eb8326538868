//! S14: the chosen replica may be promoted, and is the best of those that may, as of fresh INFOs:
//! every live replica was asked after the master went down, or had half a second to answer.

use std::collections::BTreeMap;

use rsentinel::core::Ask;
use rsentinel::core::notice::EventName;
use rsentinel::core::view::{MasterView, ReplicaView};
use rsentinel::wire::TransactionOutcome;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};
use crate::shape::server_of_host;

/// How long a leader waits for replicas that have not answered yet.
const BARRIER: u64 = 500;

#[derive(Default, Clone, Copy)]
struct Moment {
    down: Option<u64>,
    elected: u64,
    tried: u64,
    selected: Option<usize>,
}

/// The judge.
#[derive(Default)]
pub struct BestReplica {
    moments: BTreeMap<(usize, usize), Moment>,
    /// When the INFO that a server answered last had been asked, in ms.
    asked: BTreeMap<(usize, usize), u64>,
    unanswered: said::OfPair<()>,
    refused: BTreeMap<(usize, usize), u64>,
    attempts: said::Attempts,
    exercised: u64,
}

fn eligible(master: &MasterView, replica: &ReplicaView) -> bool {
    let down = master.instance.s_down_time;
    let newest = if down.is_some() { 5_000 } else { 30_000 };
    let outage = 10 * master.instance.down_after + down.unwrap_or(0);
    let flags = &replica.instance.flags;
    !flags.contains("s_down")
        && !flags.contains("disconnected")
        && replica.instance.last_ok_ping_reply <= 5_000
        && replica.priority != 0
        && replica.server.info.is_some()
        && replica.server.info_refresh <= newest
        && replica.master_link_down_time <= outage as i64
}

/// Its master can hand over to it by itself.
fn follows(master: &MasterView, replica: &ReplicaView) -> bool {
    let at = |host: &str| server_of_host(host);
    replica.server.role_reported == "slave"
        && replica.master_link_up
        && at(&replica.master_host) == at(&master.instance.ip)
}

/// It has taken over from the master, by the words of both.
fn is_successor(master: &MasterView, replica: &ReplicaView) -> bool {
    master.server.role_reported == "slave" && replica.server.role_reported == "master"
}

fn rank(replica: &ReplicaView) -> (i64, std::cmp::Reverse<u64>, bool, String) {
    let id = replica.instance.run_id.to_ascii_lowercase();
    (
        replica.priority,
        std::cmp::Reverse(replica.repl_offset),
        id.is_empty(),
        id,
    )
}

impl BestReplica {
    fn selected(&mut self, scene: &Scene<'_>, group: usize, server: usize) -> Result<(), String> {
        let Some(view) = scene.view() else {
            return Ok(());
        };
        let Some(master) = said::master(view, group) else {
            return Ok(());
        };
        self.exercised += 1;
        let moment = self
            .moments
            .get(&(scene.node, group))
            .copied()
            .unwrap_or_default();
        let at = |r: &ReplicaView| server_of_host(&r.instance.ip);
        let Some(chosen) = master.replicas.iter().find(|r| at(r) == Some(server)) else {
            return Err(format!(
                "chose server {server}, which is no replica: {:?} {:?}",
                master.effective,
                master
                    .replicas
                    .iter()
                    .map(|r| r.instance.name.clone())
                    .collect::<Vec<_>>()
            ));
        };
        if !eligible(master, chosen) {
            return Err(format!(
                "chose server {server}, which must not be promoted: {} priority {} ping {} info {} outage {}",
                chosen.instance.flags,
                chosen.priority,
                chosen.instance.last_ok_ping_reply,
                chosen.server.info_refresh,
                chosen.master_link_down_time
            ));
        }
        // The attempt may have ended in this very turn: the view does not show it any more.
        let coordinated = self.attempts.coordinated(scene, group);
        if coordinated && !follows(master, chosen) {
            return Err(format!(
                "chose server {server} for a handover, which does not follow its master"
            ));
        }
        let since = moment.down.unwrap_or(moment.tried);
        let waited = scene.now.saturating_sub(moment.elected) >= BARRIER;
        for other in &master.replicas {
            let Some(index) = at(other) else { continue };
            let refused = self.refused.get(&(scene.node, index)) >= Some(&moment.elected);
            if index == server || refused {
                continue;
            }
            let fit = eligible(master, other)
                && (!coordinated || follows(master, other))
                && !is_successor(master, chosen);
            if fit && rank(other) < rank(chosen) {
                return Err(format!(
                    "chose server {server} {:?} though server {index} {:?} is better",
                    rank(chosen),
                    rank(other)
                ));
            }
            let flags = &other.instance.flags;
            let live = !flags.contains("s_down") && !flags.contains("disconnected");
            let fresh = self.asked.get(&(scene.node, index)) >= Some(&since);
            // A link that is being reconnected has a PING unanswered from its first moment.
            let answers = self.unanswered.get(scene.node, index).is_none();
            if live && answers && !fresh && !waited {
                return Err(format!(
                    "chose server {server} before server {index} said how far it got"
                ));
            }
        }
        Ok(())
    }
}

impl Oracle for BestReplica {
    fn name(&self) -> &'static str {
        "S14"
    }

    fn watches(&self) -> &'static [Kind] {
        &[
            Kind::Born,
            Kind::Announced,
            Kind::HeardInfo,
            Kind::HeardOutcome,
            Kind::HeardPing,
            Kind::SentPing,
            Kind::SentSlaveof,
        ]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::Born(_) => {
                self.moments.retain(|(node, _), _| *node != scene.node);
                self.asked.retain(|(node, _), _| *node != scene.node);
                Ok(())
            }
            Fact::HeardInfo { server, asked, .. } => {
                self.asked.insert((scene.node, *server), asked / 1_000);
                Ok(())
            }
            Fact::Sent {
                host,
                ask: Ask::Ping,
            } => {
                self.unanswered.set(scene.node, *host, Some(()));
                Ok(())
            }
            Fact::Sent {
                host,
                ask: Ask::Replicate { target: None, .. },
            } if !scene.is_reference() => {
                let key = (scene.node, scene.shape.group_of(*host));
                let selected = self.moments.get(&key).and_then(|m| m.selected);
                if selected == Some(*host) {
                    Ok(())
                } else {
                    Err(format!(
                        "SLAVEOF NO ONE to server {host}, selected was {selected:?}"
                    ))
                }
            }
            Fact::Sent {
                host,
                ask: Ask::HandOver { host: to, .. },
            } => {
                let key = (scene.node, scene.shape.group_of(*host));
                let selected = self.moments.get(&key).and_then(|m| m.selected);
                if selected.is_some() && selected == server_of_host(to) {
                    Ok(())
                } else {
                    Err(format!("FAILOVER TO {to}, selected was {selected:?}"))
                }
            }
            Fact::HeardPing { host, .. } => {
                self.unanswered.set(scene.node, *host, None);
                Ok(())
            }
            Fact::HeardOutcome {
                server,
                outcome: TransactionOutcome::Refused(_),
            } => {
                self.refused.insert((scene.node, *server), scene.now);
                Ok(())
            }
            Fact::Announced(notice) => {
                let Some(group) = said::group(notice) else {
                    return Ok(());
                };
                self.attempts.note(scene, notice);
                let of_master = notice.text.starts_with("master ");
                let moment = self.moments.entry((scene.node, group)).or_default();
                match notice.name {
                    EventName::Sdown if of_master => moment.down = Some(scene.now),
                    EventName::SdownEnd if of_master => moment.down = None,
                    EventName::SwitchMaster => moment.down = None,
                    EventName::TryFailover => moment.tried = scene.now,
                    EventName::ElectedLeader => moment.elected = scene.now,
                    EventName::SelectedSlave => {
                        moment.selected = said::server(notice);
                        if let Some(server) = moment.selected {
                            return self.selected(scene, group, server);
                        }
                    }
                    EventName::PromotedSlave if !scene.is_reference() => {
                        let promoted = said::server(notice);
                        if promoted != moment.selected {
                            return Err(format!(
                                "promoted server {promoted:?}, selected was {:?}",
                                moment.selected
                            ));
                        }
                    }
                    _ => {}
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
