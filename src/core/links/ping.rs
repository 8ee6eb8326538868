//! PING: when it is sent, and what its reply means for the clocks of the link.

use crate::types::{Mono, Now};
use crate::wire::PingVerdict;

use super::super::action::Ask;
use super::super::notice::Level;
use super::super::{Party, Sentinel, Who};
use super::{Link, LinkId};

/// PINGs are at least this far apart, and at most the PING period: between them a tenth of
/// `down-after`, so that a frozen server is noticed within a tenth of it.
const SHORTEST_PING_INTERVAL_MS: u64 = 50;

impl Sentinel {
    /// The smallest `down-after` of the records that share a link.
    pub(super) fn smallest_down_after(&self, link: &Link) -> Option<u64> {
        link.users
            .iter()
            .filter_map(|p| self.masters.get(&p.master))
            .map(|m| m.settings.down_after)
            .min()
    }

    fn ping_interval(&self, down_after: Option<u64>) -> u64 {
        let down_after = down_after.unwrap_or(self.timings.default_down_after);
        (down_after / 10)
            .clamp(SHORTEST_PING_INTERVAL_MS, 1_000)
            .min(self.timings.ping_period)
            .min(down_after)
            .max(1)
    }

    /// When the next PING is due, if the link can carry one; `down_after` is the smallest of its
    /// records.
    pub(super) fn next_ping_at(&self, link: &Link, down_after: Option<u64>) -> Option<Mono> {
        link.command_conn()?;
        let interval = self.ping_interval(down_after);
        let sent = link.last_ping_sent.unwrap_or_default();
        let after_reply = link.last_any_reply.plus(interval + 1);
        // One PING unanswered on a socket is enough: repeats add nothing but load.
        let pause = if link.pings_in_flight > 0 {
            self.timings.ping_period
        } else {
            interval / 2
        };
        Some(after_reply.max(sent.plus(pause + 1)))
    }

    pub(super) fn ping_due(&mut self, id: LinkId, now: Now) {
        let Some(link) = self.links.get(&id) else {
            return;
        };
        let at = self.next_ping_at(link, self.smallest_down_after(link));
        if link.has_room() && at.is_some_and(|at| at <= now.mono) {
            self.send_ping(id, now);
        }
    }

    pub(super) fn send_ping(&mut self, id: LinkId, now: Now) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let Some(conn) = link.command_conn() else {
            return;
        };
        let Some(&party) = link.users.first() else {
            return;
        };
        link.last_ping_sent = Some(now.mono);
        link.pings_in_flight += 1;
        let newly_pending = link.ping_pending_since.is_none();
        if newly_pending {
            link.ping_pending_since = Some(now.mono);
        }
        let users = link.users_now();
        self.send_on(id, conn, Ask::Ping, party);
        if newly_pending {
            for user in users {
                self.tend_down(user, now);
            }
        }
    }

    /// The reply to a PING.
    pub(in crate::core) fn ping_answered(&mut self, id: LinkId, verdict: PingVerdict, now: Now) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.pings_in_flight = link.pings_in_flight.saturating_sub(1);
        link.last_any_reply = now.mono;
        if let Some(sent) = link.last_ping_sent {
            link.note_round_trip(now.mono.since(sent));
        }
        let users = link.users_now();
        let pong = verdict == PingVerdict::Pong;
        match verdict {
            PingVerdict::Pong | PingVerdict::Loading | PingVerdict::MasterDown => {
                link.last_valid_reply = now.mono;
                link.ping_pending_since = None;
                link.command.prove(now.mono);
            }
            PingVerdict::Busy => {
                for party in users.clone() {
                    self.kill_script(party);
                }
            }
            PingVerdict::Other(text) => self.complain_of_ping(id, &text),
        }
        for party in users {
            if pong && party.who == Who::Master {
                self.note_alive(party);
            }
            self.tend_down(party, now);
        }
        self.tend_link(id, now);
    }

    fn note_alive(&mut self, party: Party) {
        if let Some(master) = self.masters.get_mut(&party.master) {
            master.rebooted_at = None;
        }
    }

    fn kill_script(&mut self, party: Party) {
        let Some(health) = self.health_mut(party) else {
            return;
        };
        if health.is_down() && !health.script_kill_sent {
            health.script_kill_sent = true;
            self.send(party, Ask::ScriptKill);
        }
    }

    /// A PING refused: an operator on call must see why a living server counts as down.
    fn complain_of_ping(&mut self, id: LinkId, text: &str) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        if std::mem::replace(&mut link.auth_complained, true) {
            return;
        }
        if let Some(&party) = link.users.first() {
            let line = format!(
                "{} answers PING with an error, so it will count as down: '{text}'. Check its password and the permissions of our user",
                self.describe(party)
            );
            self.log(Level::Warning, line);
        }
    }
}
