//! Hellos we send: to every server and peer of a group, each publish period and whenever there is
//! news.

use crate::types::{Epoch, Mono, Now};
use crate::wire::Hello;

use super::super::action::Ask;
use super::super::deadlines::Deadline;
use super::super::failover::Failover;
use super::super::{MasterId, Party, Sentinel, Who};

impl Sentinel {
    /// Sends a hello if it is due, and sets the next time.
    pub(in crate::core) fn tend_hello(&mut self, party: Party, now: Now) {
        self.confirm_unreachable(party.master, now.mono);
        let period = self.timings.publish_period;
        let up = self
            .link(party)
            .is_some_and(|link| link.command.state.is_up());
        let room = self.link(party).is_some_and(|link| link.has_room());
        let Some(greeting) = self.greeting_mut(party) else {
            return;
        };
        let mut due = if greeting.wanted {
            now.mono
        } else {
            greeting.accepted.plus(period + 1)
        };
        if !greeting.wanted {
            // Unanswered or refused: once a period, not once a turn.
            let held = [greeting.in_flight, greeting.refused]
                .into_iter()
                .flatten()
                .max();
            due = held.map_or(due, |at| due.max(at.plus(period + 1)));
        }
        if !up {
            // Connecting wants a hello of its own.
            return self.deadlines.set(Deadline::Hello(party), None);
        }
        if !room || self.must_not_publish_on(party, now.mono) {
            return self
                .deadlines
                .set(Deadline::Hello(party), Some(now.mono.plus(period)));
        }
        if due > now.mono {
            return self.deadlines.set(Deadline::Hello(party), Some(due));
        }
        if let Some(text) = self.hello_text(party) {
            self.send(party, Ask::Hello { party, text });
        }
        if let Some(greeting) = self.greeting_mut(party) {
            greeting.wanted = false;
            greeting.in_flight = Some(now.mono);
        }
        self.deadlines
            .set(Deadline::Hello(party), Some(now.mono.plus(period + 1)));
    }

    /// While a server's writers are held back, by us or by its own FAILOVER, a message published on
    /// it would wait, and with it our PINGs behind it. So it would on the servers of a group that is
    /// about to be handed over.
    fn must_not_publish_on(&self, party: Party, now: Mono) -> bool {
        let about_to = self
            .masters
            .get(&party.master)
            .and_then(|m| m.failover.as_ref())
            .is_some_and(Failover::keeps_quiet);
        self.server(party)
            .is_some_and(|server| about_to || server.holds_messages_back(now))
    }

    /// The reply to a hello.
    pub(in crate::core) fn hello_answered(&mut self, party: Party, accepted: bool, now: Now) {
        let Some(greeting) = self.greeting_mut(party) else {
            return;
        };
        greeting.in_flight = None;
        if accepted {
            greeting.accepted = now.mono;
            greeting.refused = None;
        } else {
            greeting.refused = Some(now.mono);
        }
        self.tend_hello(party, now);
    }

    /// News: everybody of the group is told in this turn.
    pub(in crate::core) fn greet_group(&mut self, id: MasterId) {
        for party in self.group_parties(id) {
            self.want_hello(party);
        }
    }

    /// At the end of a turn: peers first, because they can act on it.
    pub(in crate::core) fn send_wanted_hellos(&mut self, now: Now) {
        if self.greet_now.is_empty() {
            return;
        }
        let mut parties: Vec<Party> = std::mem::take(&mut self.greet_now).into_iter().collect();
        parties.sort_by_key(|p| (!matches!(p.who, Who::Peer(_)), *p));
        for party in parties {
            self.tend_hello(party, now);
        }
    }

    fn hello_text(&self, party: Party) -> Option<String> {
        let master = self.masters.get(&party.master)?;
        let ip = match &self.settings.announce_ip {
            Some(ip) => ip.clone(),
            None => self
                .local_ips
                .get(&self.link(party)?.command_conn()?)?
                .to_string(),
        };
        let port = if self.settings.announce_port != 0 {
            self.settings.announce_port
        } else {
            self.settings.port
        };
        let address = master.effective_address();
        // An unconfirmed configuration is not published: the hello still says that we are
        // here, under the epoch that nobody adopts anything from.
        let config_epoch = if master.unconfirmed_since.is_some() {
            Epoch::ZERO
        } else {
            master.config_epoch
        };
        let hello = Hello {
            ip,
            port: i64::from(port),
            id: self.my_id.clone(),
            current_epoch: self.ledger.durable_epoch(),
            master: master.name.clone(),
            master_host: address.announced(self.settings.announce_hostnames),
            master_port: i64::from(address.port()),
            config_epoch,
        };
        Some(hello.payload())
    }

    /// A restored configuration whose master has been unreachable for two publish periods will
    /// not be contradicted by it: publish. While its master calls itself a replica it stays
    /// unpublished.
    pub(in crate::core) fn confirm_unreachable(&mut self, id: MasterId, now: Mono) {
        let patience = 2 * self.timings.publish_period;
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        let silent = master.server.info_time.is_none();
        let waited = master
            .unconfirmed_since
            .is_some_and(|since| now.since(since) >= patience);
        if waited && silent {
            master.unconfirmed_since = None;
        }
    }
}
