//! Subjectively down: a record has not answered validly for longer than `down-after`.
//!
//! The clock runs from the *oldest unanswered* PING, not from the last PONG; only a disconnected
//! link with no PING pending is measured from the last valid reply. Two further reasons concern
//! masters: one that reports itself a replica for too long, and one that was restarted and has
//! not answered a PONG since.

use crate::types::{Mono, Now};
use crate::wire::Role;

use super::super::deadlines::Deadline;
use super::super::instances::{Health, Master};
use super::super::links::Link;
use super::super::notice::EventName;
use super::super::{Party, Sentinel, Who};

/// When the clocks of a link make its record subjectively down; `None` = not as they stand.
pub(in crate::core) fn silent_at(link: &Link, down_after: u64) -> Option<Mono> {
    match link.ping_pending_since {
        Some(since) => Some(since.plus(down_after + 1)),
        None if link.is_disconnected() => Some(link.last_valid_reply.plus(down_after + 1)),
        None => None,
    }
}

/// When a master's own words make it subjectively down.
fn misbehaving_at(master: &Master, info_period: u64) -> Option<Mono> {
    let wrong_role = (master.server.role == Role::Replica).then(|| {
        master
            .server
            .role_since
            .plus(master.settings.down_after)
            .plus(2 * info_period)
            .plus(1)
    });
    let rebooted = master
        .rebooted_at
        .map(|at| at.plus(master.settings.reboot_down_after + 1));
    [wrong_role, rebooted].into_iter().flatten().min()
}

impl Sentinel {
    /// Judges one record, and sets the instant at which it has to be judged again.
    pub(in crate::core) fn tend_down(&mut self, party: Party, now: Now) {
        let Some(master) = self.masters.get(&party.master) else {
            return;
        };
        let (link, health) = match party.who {
            Who::Master => (master.server.link, master.server.health),
            Who::Replica(key) => match master.replicas.get(&key) {
                Some(replica) => (replica.server.link, replica.server.health),
                None => return,
            },
            Who::Peer(key) => match master.peers.get(&key) {
                Some(peer) => (peer.link, peer.health),
                None => return,
            },
        };
        let Some(link) = self.links.get(&link) else {
            return;
        };
        let mut at = silent_at(link, master.settings.down_after);
        if party.who == Who::Master {
            at = [at, misbehaving_at(master, self.timings.info_period)]
                .into_iter()
                .flatten()
                .min();
        }
        if self.tilt.is_on() {
            return self.deadlines.set(Deadline::Down(party), None);
        }
        let down = at.is_some_and(|at| at <= now.mono);
        self.deadlines
            .set(Deadline::Down(party), at.filter(|_| !down));
        if health.is_down() == down {
            return;
        }
        let Some(health) = self.health_mut(party) else {
            return;
        };
        match (health.is_down(), down) {
            (false, true) => {
                health.down_since = Some(now.mono);
                health.last_down_start = Some(now.mono);
                self.announce_party(EventName::Sdown, party);
                self.went_down(party, now);
            }
            (true, false) => {
                *health = Health {
                    down_since: None,
                    script_kill_sent: false,
                    ..*health
                };
                self.announce_party(EventName::SdownEnd, party);
                self.came_back(party, now);
            }
            _ => {}
        }
    }

    fn went_down(&mut self, party: Party, now: Now) {
        match party.who {
            Who::Master => {
                // Fresh data for the selection, and opinions, both at once.
                for replica in self.replica_parties(party.master) {
                    self.want_info(replica, now.mono, now);
                }
                self.judge_odown(party.master, now);
                for peer in self.peer_parties(party.master) {
                    self.tend_ask(peer, now);
                }
                self.plan_explanation(party.master, now);
            }
            Who::Replica(_) => self.step_failover(party.master, now),
            Who::Peer(_) => {}
        }
    }

    fn came_back(&mut self, party: Party, now: Now) {
        match party.who {
            Who::Master => {
                self.judge_odown(party.master, now);
                self.deadlines.set(Deadline::Explain(party.master), None);
            }
            Who::Replica(_) => self.step_failover(party.master, now),
            Who::Peer(_) => {}
        }
    }
}
