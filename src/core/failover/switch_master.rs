//! Switching a group to another master: the end of an own failover, or the adoption of a peer's
//! configuration. Links to servers that stay in the group are kept, so nothing has to reconnect.

use crate::types::{Address, Now};
use crate::wire::Role;

use super::super::instances::{Replica, Server};
use super::super::links::LinkId;
use super::super::notice::EventName;
use super::super::{MasterId, Party, Sentinel};

impl Sentinel {
    /// The promoted replica becomes the master record.
    pub(super) fn switch_to_promoted(&mut self, id: MasterId, now: Now) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let address = master.effective_address().clone();
        let host = address.announced(self.settings.announce_hostnames);
        self.announce_switch(id, &address, &host, i64::from(address.port()));
        self.switch_address(id, address, now);
    }

    /// The own promotion is confirmed by a newer epoch of a peer: the failover ends with it.
    pub(in crate::core) fn finish_switch(&mut self, id: MasterId, now: Now) {
        self.announce_party(EventName::FailoverEnd, Party::master(id));
        self.switch_to_promoted(id, now);
    }

    /// `+switch-master`, when whoever hears it can already look the new address up.
    pub(in crate::core) fn announce_switch(
        &mut self,
        id: MasterId,
        to: &Address,
        host: &str,
        port: i64,
    ) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let old = &master.address;
        let announced = old.announced(self.settings.announce_hostnames);
        let text = format!("{} {announced} {} {host} {port}", master.name, old.port());
        self.publish_addresses_with(id, to);
        self.announce(EventName::SwitchMaster, id, text);
    }

    /// Rebuilds the group around a new master; peers keep links and epochs, but what they said
    /// about the old server is forgotten.
    pub(in crate::core) fn switch_address(&mut self, id: MasterId, address: Address, now: Now) {
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        let old_master = std::mem::replace(&mut master.address, address.clone());
        self.places.moved(id, &address);
        let old_replicas = std::mem::take(&mut master.replicas);
        let old_link = master.server.link;
        // Writers we paused stay paused, whatever the server becomes.
        let mut pauses = vec![(old_master.clone(), master.server.paused_until)];

        let mut kept: Vec<(Address, LinkId, Party)> = Vec::new();
        let mut order: Vec<Address> = Vec::new();
        for (key, replica) in old_replicas {
            let party = Party::replica(id, key);
            self.deadlines.forget_party(party);
            if !replica.address.same_as(&address) {
                order.push(replica.address.clone());
            }
            pauses.push((replica.address.clone(), replica.server.paused_until));
            kept.push((replica.address, replica.server.link, party));
        }
        if !old_master.same_as(&address) {
            order.push(old_master.clone());
        }
        kept.push((old_master, old_link, Party::master(id)));

        self.clear_master_state(id, now.mono);
        let master_party = Party::master(id);
        let link = self.take_over_link(&mut kept, &address, master_party, now);
        let mut server = Server::new(link, Role::Master, now.mono);
        server.greeting.wanted = true;
        self.renew_server(id, server);
        let mut replicas = Vec::new();
        for address in order {
            replicas.extend(self.re_create_replica(id, address, &mut kept, now));
        }
        for (_, link, party) in kept {
            self.release_link(link, party);
        }
        for (address, until) in pauses {
            if let Some(party) = self.party_at(id, &address).filter(|_| until.is_some())
                && let Some(server) = self.server_mut(party)
            {
                server.paused_until = until;
            }
        }
        if let Some(master) = self.masters.get_mut(&id) {
            for peer in master.peers.values_mut() {
                peer.forget_old_master();
            }
        }
        self.addresses.changed(id);
        for party in &replicas {
            self.announce_party(EventName::Slave, *party);
        }
        self.persist();
        for party in [master_party].into_iter().chain(replicas) {
            self.tend_down(party, now);
            self.want_info(party, now.mono, now);
            self.want_hello(party);
        }
        for peer in self.peer_parties(id) {
            self.want_hello(peer);
            self.tend_ask(peer, now);
        }
    }

    fn re_create_replica(
        &mut self,
        id: MasterId,
        address: Address,
        kept: &mut Vec<(Address, LinkId, Party)>,
        now: Now,
    ) -> Option<Party> {
        let key = self.masters.get_mut(&id)?.take_key();
        let party = Party::replica(id, key);
        let link = self.take_over_link(kept, &address, party, now);
        let server = Server::new(link, Role::Replica, now.mono);
        let name = address.key(self.settings.announce_hostnames);
        let replica = Replica::new(name, address, server, now.mono);
        self.masters.get_mut(&id)?.replicas.insert(key, replica);
        Some(party)
    }

    /// The link that led to this address now belongs to another record; its PING clock starts
    /// anew if it was running, so that the new record is judged by its own silence only.
    fn take_over_link(
        &mut self,
        kept: &mut Vec<(Address, LinkId, Party)>,
        address: &Address,
        party: Party,
        now: Now,
    ) -> LinkId {
        let Some(at) = kept.iter().position(|(a, _, _)| a.same_as(address)) else {
            return self.create_link(party, now);
        };
        let (_, id, _) = kept.remove(at);
        let Some(link) = self.links.get_mut(&id) else {
            return self.create_link(party, now);
        };
        link.users = vec![party];
        if link.ping_pending_since.is_some() || link.is_disconnected() {
            link.ping_pending_since = Some(now.mono);
        }
        link.last_valid_reply = now.mono;
        self.hasten(id, now);
        id
    }
}
