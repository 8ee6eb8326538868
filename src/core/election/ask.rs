//! Asking peers whether they too find a master down, and for their vote.

use crate::types::{Mono, Now};
use crate::wire::DownReply;

use super::super::action::Ask;
use super::super::deadlines::Deadline;
use super::super::failover::{Order, Stage};
use super::super::instances::{AskInFlight, Master, Peer, Vote};
use super::super::notice::Level;
use super::super::{MasterId, Party, Sentinel};

/// While a master is freshly down and the quorum not reached, peers are asked this often, for so
/// long; afterwards once per ask period.
const URGENT_ASK_PERIOD_MS: u64 = 100;
const URGENT_FOR_MS: u64 = 2_000;
/// A peer that asks us about a master we hold down is asked back at most this often.
const ASK_BACK_PAUSE_MS: u64 = 20;
/// A report is worth this many ask periods.
const REPORT_VALIDITY: u64 = 5;

impl Sentinel {
    /// Lets an old report of a peer expire, asks it if that is due, and sets the next time.
    pub(in crate::core) fn tend_ask(&mut self, party: Party, now: Now) {
        self.expire_report(party, now);
        let next = match self.ask_due_at(party, now.mono) {
            Some(at) if at <= now.mono => {
                self.ask_peer(party, now);
                Some(now.mono.plus(self.timings.ask_period))
            }
            other => other,
        };
        let expiry = self
            .peer(party)
            .filter(|p| p.reports_down || p.vote.leader.is_some())
            .map(|p| self.report_end(p));
        self.deadlines.set(
            Deadline::Ask(party),
            [next, expiry].into_iter().flatten().min(),
        );
    }

    /// When a peer's last report is worth nothing any more.
    pub(in crate::core) fn report_end(&self, peer: &Peer) -> Mono {
        peer.last_down_reply
            .plus(self.timings.ask_period.saturating_mul(REPORT_VALIDITY))
            .plus(1)
    }

    fn expire_report(&mut self, party: Party, now: Now) {
        let Some(peer) = self.peer(party) else { return };
        if self.report_end(peer) > now.mono {
            return;
        }
        let reported = peer.reports_down;
        if let Some(peer) = self.peer_mut(party) {
            peer.forget_reports();
        }
        if reported {
            self.judge_odown(party.master, now);
        }
    }

    /// When a peer is to be asked next; `None` while there is nothing to ask or no way to.
    fn ask_due_at(&self, party: Party, now: Mono) -> Option<Mono> {
        let master = self.masters.get(&party.master)?;
        let peer = self.peer(party)?;
        self.links.get(&peer.link)?.command_conn()?;
        if self.tilt.is_on() {
            return None;
        }
        let period = self.timings.ask_period;
        if let Some(failover) = master
            .failover
            .as_ref()
            .filter(|f| matches!(f.stage, Stage::WaitStart))
        {
            if !master.is_sdown() && failover.order == Order::Odown {
                return None;
            }
            // At once for each new epoch, whatever else is unanswered; then once per period.
            let asked_for = |ask: &&AskInFlight| ask.vote == Some(failover.epoch);
            return Some(
                match (peer.unanswered().filter(asked_for), peer.vote_answered) {
                    (Some(ask), _) => ask.sent.plus(period),
                    (_, Some((epoch, at))) if epoch == failover.epoch => at.plus(period),
                    _ => now,
                },
            );
        }
        let down_since = master.server.health.down_since?;
        if let Some(ask) = peer.unanswered() {
            return Some(ask.sent.plus(period));
        }
        if peer.last_ask.is_none_or(|at| at < down_since) {
            return Some(now);
        }
        let urgent = !master.is_odown() && now.since(down_since) < URGENT_FOR_MS;
        let pause = if urgent { URGENT_ASK_PERIOD_MS } else { period };
        peer.last_ask
            .map(|at| at.max(peer.last_down_reply).plus(pause))
    }

    fn ask_peer(&mut self, party: Party, now: Now) {
        let Some(master) = self.masters.get(&party.master) else {
            return;
        };
        let electing = master
            .failover
            .as_ref()
            .filter(|f| matches!(f.stage, Stage::WaitStart));
        let vote_epoch = electing.map(|f| f.epoch);
        let ask = Ask::MasterDown {
            peer: party,
            host: master.address.announced(self.settings.announce_hostnames),
            port: master.address.port(),
            // An opinion names the epoch that is on disk; a vote request the own new one.
            epoch: vote_epoch.unwrap_or_else(|| self.ledger.durable_epoch()),
            candidate: vote_epoch.map(|_| self.my_id.clone()),
        };
        if self.send(party, ask)
            && let Some(peer) = self.peer_mut(party)
        {
            peer.asks_in_flight.push_back(AskInFlight {
                sent: now.mono,
                vote: vote_epoch,
                reasserts: None,
                outdated: false,
            });
            peer.last_ask = Some(now.mono);
        }
    }

    /// Asks every peer of a group as far as that is due: a failover has just been started.
    pub(in crate::core) fn ask_all(&mut self, id: MasterId, now: Now) {
        for peer in self.peer_parties(id) {
            self.tend_ask(peer, now);
        }
    }

    /// The reply to an ask.
    pub(in crate::core) fn ask_answered(
        &mut self,
        party: Party,
        reply: Option<DownReply>,
        now: Now,
    ) {
        let Some(peer) = self.peer_mut(party) else {
            return;
        };
        let asked = peer.asks_in_flight.pop_front();
        let link = peer.link;
        if let Some(ask) = asked
            && let Some(link) = self.links.get_mut(&link)
        {
            link.note_round_trip(now.mono.since(ask.sent));
        }
        if asked.is_some_and(|ask| ask.outdated) {
            return self.tend_ask(party, now);
        }
        if let Some(epoch) = asked.and_then(|ask| ask.reasserts) {
            self.reassertion_answered(party, epoch, reply, now);
            return self.tend_ask(party, now);
        }
        // Another shape is no answer: it must not refresh anything.
        let Some(reply) = reply else {
            return self.tend_ask(party, now);
        };
        let Some(peer) = self.peer_mut(party) else {
            return;
        };
        peer.last_down_reply = now.mono;
        peer.reports_down = reply.down;
        let ask_again = std::mem::take(&mut peer.ask_back_wanted) && !reply.down;
        if let Some(epoch) = asked.and_then(|ask| ask.vote) {
            peer.vote_answered = Some((epoch, now.mono));
        }
        let mut new_vote = None;
        if let Some((leader, epoch)) = reply.vote {
            if peer.vote.epoch != epoch {
                new_vote = Some(format!("{} voted for {leader} {epoch}", peer.id));
            }
            peer.vote = Vote {
                leader: Some(leader),
                epoch,
            };
        }
        if let Some(line) = new_vote {
            self.log(Level::Notice, line);
        }
        self.judge_odown(party.master, now);
        self.step_failover(party.master, now);
        let undecided = |m: &Master| m.is_sdown() && !m.is_odown();
        if ask_again && self.masters.get(&party.master).is_some_and(undecided) && !self.tilt.is_on()
        {
            self.ask_again(party, now);
        }
        self.tend_ask(party, now);
    }

    /// A peer that asks about a master we hold down most likely holds it down itself: ask back.
    /// Its question is a hint and is never counted.
    pub(super) fn ask_back(&mut self, id: MasterId, client_name: &str, now: Now) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        if !master.is_sdown() || master.is_odown() || self.tilt.is_on() {
            return;
        }
        let Some(key) = asking_peer(master, client_name) else {
            return;
        };
        self.ask_again(Party::peer(id, key), now);
    }

    fn ask_again(&mut self, party: Party, now: Now) {
        let Some(peer) = self.peer_mut(party) else {
            return;
        };
        let lately = peer
            .asked_back
            .is_some_and(|at| now.mono.since(at) < ASK_BACK_PAUSE_MS);
        if peer.reports_down || lately {
            return;
        }
        if peer.unanswered().is_some() {
            peer.ask_back_wanted = true;
            return;
        }
        peer.asked_back = Some(now.mono);
        self.ask_peer(party, now);
        self.tend_ask(party, now);
    }
}

/// The peer whose command connection has this name.
pub(super) fn asking_peer(master: &Master, client_name: &str) -> Option<u32> {
    let short = client_name
        .strip_prefix("sentinel-")?
        .strip_suffix("-cmd")?;
    let is_it = |peer: &Peer| short.len() == 8 && peer.id.as_str().starts_with(short);
    master
        .peers
        .iter()
        .find(|(_, p)| is_it(p))
        .map(|(key, _)| *key)
}
