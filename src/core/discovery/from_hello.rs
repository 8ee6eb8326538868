//! Hellos we receive: peers made known or moved, epochs raised, newer configurations adopted.

use crate::types::{Address, Epoch, Mono, Now, RunId};
use crate::wire::HelloText;

use super::super::instances::Peer;
use super::super::links::LinkId;
use super::super::notice::{EventName, Level};
use super::super::scripts::Part;
use super::super::{MasterId, Party, Sentinel};

/// An outdated hello of a peer is answered with our own at most this often.
const CORRECTION_PAUSE_MS: u64 = 200;

/// Peers kept of a group. Whoever may publish can make peers up, and each takes a record, a link
/// and a line of the file; groups have a dozen sentinels at most.
const MOST_PEERS: usize = 1024;

impl Sentinel {
    /// Takes in a hello, however it came. Own ones, malformed ones and those about unknown
    /// masters are ignored.
    pub(in crate::core) fn hello_received(&mut self, text: &str, now: Now) {
        let Some(hello) = HelloText::parse(text) else {
            return;
        };
        if hello.id == self.my_id.as_str() {
            return;
        }
        let Some(&id) = self.names.get(hello.master) else {
            return;
        };
        // Nothing about a new master is told before the master itself is; hellos come again.
        if self.ledger.holds_back(id) {
            return;
        }
        let peer = self.meet_peer(id, &hello, text, now);
        if hello.current_epoch > self.current_epoch {
            self.raise_epoch(hello.current_epoch, id, now);
        }
        let Some(peer) = peer else { return };
        // A sender may know a configuration whose epoch it has not on disk yet: no epoch of a
        // configuration may ever be taken again by an own failover.
        if hello.config_epoch > self.current_epoch {
            self.raise_epoch(hello.config_epoch, id, now);
        }
        self.note_gossip(peer, &hello, now);
        self.weigh_configuration(id, peer, &hello, text, now);
        self.weigh_conflict(id, now);
        if let Some(peer) = self.peer_mut(peer) {
            peer.hello_received = now.mono;
        }
    }

    /// The peer record of a hello's sender, found, moved or made.
    fn meet_peer(
        &mut self,
        id: MasterId,
        hello: &HelloText<'_>,
        text: &str,
        now: Now,
    ) -> Option<Party> {
        let port = u16::try_from(hello.port).ok()?;
        let master = self.masters.get(&id)?;
        let same_id = |p: &Peer| p.id.as_str() == hello.id;
        if let Some((key, _)) = master
            .peers
            .iter()
            .find(|(_, p)| same_id(p) && p.address.is_literal(hello.ip, port))
        {
            return Some(Party::peer(id, *key));
        }
        if let Some((key, _)) = master
            .peers
            .iter()
            .find(|(_, p)| same_id(p) && p.address.is_named(hello.ip, port))
        {
            return Some(Party::peer(id, *key));
        }
        let Some(address) = self.fresh_address(hello.ip, port, now) else {
            if !self.settings.resolve_hostnames {
                return None;
            }
            // Whoever is known stays where it is until its name proves to mean another address.
            if let Some((key, _)) = master.peers.iter().find(|(_, p)| same_id(p)) {
                let known = Party::peer(id, *key);
                self.refresh_strange(hello.ip, now);
                return Some(known);
            }
            self.resolve_then_hello(hello.ip, text, now);
            return None;
        };
        let master = self.masters.get(&id)?;
        if let Some((key, _)) = master
            .peers
            .iter()
            .find(|(_, p)| same_id(p) && p.address.same_as(&address))
        {
            return Some(Party::peer(id, *key));
        }
        let moved: Vec<u32> = master
            .peers
            .iter()
            .filter(|(_, p)| same_id(p))
            .map(|(k, _)| *k)
            .collect();
        let displaced = master
            .peers
            .iter()
            .find(|(_, p)| p.address.same_as(&address))
            .map(|(k, p)| (*k, p.id.clone()));
        if moved.is_empty() && displaced.is_none() && master.peers.len() >= MOST_PEERS {
            self.leave_out_peer(id);
            return None;
        }
        for key in &moved {
            self.remove_peer(Party::peer(id, *key));
        }
        let mut bereft = vec![id];
        if !moved.is_empty() {
            let shown = address.announced(self.settings.announce_hostnames);
            let whom = format!("ip {shown} port {port} for {}", hello.id);
            let text = format!("{} {whom}", self.describe(Party::master(id)));
            self.announce(EventName::SentinelAddressSwitch, id, text);
        } else if let Some((key, old_id)) = displaced {
            self.announce_party(EventName::SentinelInvalidAddr, Party::peer(id, key));
            bereft = self.remove_peer_everywhere(&old_id);
        }
        let peer_id = RunId::new(hello.id);
        let party = self.add_peer(id, peer_id.clone(), address.clone(), now)?;
        if moved.is_empty() {
            self.announce_party(EventName::Sentinel, party);
        } else {
            self.move_peer_everywhere(party, &peer_id, &address, now);
        }
        self.persist();
        // Removed records took their reports along.
        for master in bereft {
            self.judge_odown(master, now);
        }
        Some(party)
    }

    /// A sentinel that nobody has room for.
    fn leave_out_peer(&mut self, id: MasterId) {
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        if std::mem::replace(&mut master.crowded, true) {
            return;
        }
        let text = format!(
            "Further sentinels of {} are left out: {MOST_PEERS} are known, more than any group has. Somebody \
             publishes false hellos; SENTINEL RESET forgets them",
            self.describe(Party::master(id))
        );
        self.log(Level::Warning, text);
    }

    /// Creates a peer record, sharing the link of the same peer under another master.
    pub(in crate::core) fn add_peer(
        &mut self,
        id: MasterId,
        peer_id: RunId,
        address: Address,
        now: Now,
    ) -> Option<Party> {
        let shared = self.link_of_peer_id(&peer_id);
        let key = self.masters.get_mut(&id)?.take_key();
        let party = Party::peer(id, key);
        let link = match shared {
            Some(link) => {
                if let Some(link) = self.links.get_mut(&link) {
                    link.users.push(party);
                }
                link
            }
            None => self.create_link(party, now),
        };
        self.masters
            .get_mut(&id)?
            .peers
            .insert(key, Peer::new(peer_id, address, link, now.mono));
        self.tend_down(party, now);
        self.want_hello(party);
        self.tend_ask(party, now);
        Some(party)
    }

    fn link_of_peer_id(&self, peer_id: &RunId) -> Option<LinkId> {
        self.masters
            .values()
            .flat_map(|m| m.peers.values())
            .find(|p| p.id == *peer_id)
            .map(|p| p.link)
    }

    /// The same peer under other masters moves along.
    fn move_peer_everywhere(&mut self, party: Party, peer_id: &RunId, address: &Address, now: Now) {
        let mut others = 0;
        for master in self.masters.values_mut() {
            for peer in master.peers.values_mut().filter(|p| p.id == *peer_id) {
                if !peer.address.same_as(address) {
                    others += 1;
                }
                peer.address = address.clone();
            }
        }
        if others > 0 {
            let text = format!(
                "{} {others} additional matching instances",
                self.describe(party)
            );
            self.announce(EventName::SentinelAddressUpdate, party.master, text);
        }
        // A link shared with another record still leads to the old address.
        if let Some(link) = self.link_of(party) {
            self.drop_link_sockets(link, now);
        }
    }

    /// Removes a peer's records under every master; which masters had one.
    fn remove_peer_everywhere(&mut self, peer_id: &RunId) -> Vec<MasterId> {
        let parties: Vec<Party> = self
            .masters
            .values()
            .flat_map(|m| {
                m.peers
                    .iter()
                    .filter(|(_, p)| p.id == *peer_id)
                    .map(|(k, _)| Party::peer(m.id, *k))
            })
            .collect();
        for party in &parties {
            self.remove_peer(*party);
        }
        parties.into_iter().map(|party| party.master).collect()
    }

    /// Compares the sender's configuration of the master with ours.
    fn weigh_configuration(
        &mut self,
        id: MasterId,
        peer: Party,
        hello: &HelloText<'_>,
        text: &str,
        now: Now,
    ) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        if hello.config_epoch <= master.config_epoch {
            if hello.config_epoch < master.config_epoch {
                self.correct_peer(peer, now);
            }
            return;
        }
        // The address first: an epoch without its address would be lost for ever.
        let Ok(port) = u16::try_from(hello.master_port) else {
            return;
        };
        let own = master.effective_address();
        if own.is_named(hello.master_host, port) {
            return self.adopt_same_address(id, hello.config_epoch, now);
        }
        // An old answer may be acted on, because the link to a new master looks its name up; but
        // not to say that another name means the server that we have.
        let known = self.known_address(hello.master_host, port);
        let fresh = self.fresh_address(hello.master_host, port, now);
        let Some(address) = fresh.or(known.filter(|address| !own.same_as(address))) else {
            if self.settings.resolve_hostnames {
                self.resolve_then_hello(hello.master_host, text, now);
            }
            return;
        };
        if own.same_as(&address) {
            self.adopt_same_address(id, hello.config_epoch, now);
        } else {
            self.adopt_configuration(id, peer, address, hello, now);
        }
    }

    /// A newer epoch for the address we have. An own failover that is not newer could no longer
    /// win with its configuration.
    fn adopt_same_address(&mut self, id: MasterId, epoch: Epoch, now: Now) {
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        master.config_epoch = epoch;
        master.unconfirmed_since = None;
        master.reassertion = None;
        // An own attempt at a greater epoch goes on, and keeps its time.
        let goes_on = master.failover.as_ref().is_some_and(|f| f.epoch > epoch);
        if self.features.reassert && epoch >= master.leader_epoch && !goes_on {
            // Whoever got our last vote has published, or been overtaken: the switch that usually
            // follows would allow a new attempt as well.
            master.attempt_stamp = None;
            master.yielded_at = None;
        }
        let promoted = master.promoted_key().is_some();
        if promoted {
            // The promotion that we proved is the configuration in force: take it over.
            self.finish_switch(id, now);
        } else if master.failover.as_ref().is_some_and(|f| f.epoch <= epoch) {
            self.end_attempt(id, now);
        }
        self.persist();
    }

    fn adopt_configuration(
        &mut self,
        id: MasterId,
        peer: Party,
        address: Address,
        hello: &HelloText<'_>,
        now: Now,
    ) {
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        master.config_epoch = hello.config_epoch;
        master.unconfirmed_since = None;
        let from = master.address.clone();
        self.announce_party(EventName::ConfigUpdateFrom, peer);
        self.announce_switch(id, &address, hello.master_host, hello.master_port);
        self.switch_address(id, address.clone(), now);
        self.reconfigure_clients(id, Part::Observer, &from, &address);
        self.greet_group(id);
    }

    /// A peer is behind: it hears ours at once.
    fn correct_peer(&mut self, peer: Party, now: Now) {
        let Some(greeting) = self.greeting_mut(peer) else {
            return;
        };
        let recent = |at: Mono| now.mono.since(at) < CORRECTION_PAUSE_MS;
        if greeting.corrected.is_some_and(recent) {
            return;
        }
        greeting.corrected = Some(now.mono);
        self.want_hello(peer);
    }
}
