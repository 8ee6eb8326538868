//! Two addresses for one master that no config epoch decides between: seen in the hellos of
//! peers, and which of the servers should stay the master.

use crate::types::{Address, Epoch, Mono, Now};
use crate::wire::{HelloText, Role};

use super::super::instances::{Gossip, Master, Peer};
use super::super::{MasterId, Party, Sentinel};

/// What a peer said counts for so many publish periods.
const GOSSIP_VALIDITY: u64 = 3;

impl Sentinel {
    /// Remembers which master a peer's hello named.
    pub(super) fn note_gossip(&mut self, peer: Party, hello: &HelloText<'_>, now: Now) {
        if !self.features.reassert {
            return;
        }
        let address = u16::try_from(hello.master_port)
            .ok()
            .and_then(|port| self.known_address(hello.master_host, port));
        if address.is_none() {
            self.refresh_strange(hello.master_host, now);
        }
        if let Some(peer) = self.peer_mut(peer) {
            peer.gossip = address.map(|address| Gossip {
                address,
                config_epoch: hello.config_epoch,
                at: now.mono,
            });
        }
    }

    /// The other addresses that dispute the one of the present configuration; none = no conflict.
    ///
    /// Either a peer publishes another address under the very same config epoch, or our master
    /// calls itself a replica while a majority of the voters names one other server. Epoch 0 was
    /// never elected: there the operators' words differ, or a peer has yet to confirm what it read
    /// from its disk.
    pub(in crate::core) fn disputing(&self, master: &Master, now: Mono) -> Vec<Address> {
        let own = master.effective_address();
        let mut others: Vec<Address> = Vec::new();
        for gossip in self.fresh_gossip(master, now) {
            let other = !gossip.address.same_as(own);
            let known = others.iter().any(|a| a.same_as(&gossip.address));
            let equal =
                gossip.config_epoch == master.config_epoch && master.config_epoch > Epoch::ZERO;
            let demoted = master.server.role == Role::Replica
                && self.gossiping(master, &gossip.address, now) >= master.majority();
            if other && !known && (equal || demoted) {
                others.push(gossip.address.clone());
            }
        }
        others
    }

    /// The server that should stay the master: one that is up and has called itself a master in an
    /// INFO asked since the conflict was seen. Of several, the one that most voters can vote for:
    /// those who name it, and we ourselves; in doubt our own.
    pub(in crate::core) fn fit_to_reassert(
        &self,
        master: &Master,
        since: Mono,
        now: Mono,
    ) -> Option<Address> {
        let own = [master.effective_address().clone()];
        let others = self.disputing(master, now);
        let fit = own
            .into_iter()
            .chain(others)
            .filter(|address| self.is_serving_master(master, address, since));
        let mut best: Option<(usize, Address)> = None;
        for address in fit {
            let votes = self.gossiping(master, &address, now);
            if best.as_ref().is_none_or(|(most, _)| votes > *most) {
                best = Some((votes, address));
            }
        }
        best.map(|(_, address)| address)
    }

    /// A server is up and has called itself a master in an INFO asked since then.
    pub(in crate::core) fn is_serving_master(
        &self,
        master: &Master,
        address: &Address,
        since: Mono,
    ) -> bool {
        self.party_at(master.id, address)
            .and_then(|party| self.server(party))
            .is_some_and(|server| {
                server.role == Role::Master
                    && server.informed_since(since)
                    && !server.health.is_down()
            })
    }

    /// The record of a group's server at this address.
    pub(in crate::core) fn party_at(&self, id: MasterId, address: &Address) -> Option<Party> {
        let master = self.masters.get(&id)?;
        if master.address.same_as(address) {
            return Some(Party::master(id));
        }
        master
            .replica_at(address)
            .map(|key| Party::replica(id, key))
    }

    /// How many peers name this server.
    fn gossiping(&self, master: &Master, address: &Address, now: Mono) -> usize {
        self.fresh_gossip(master, now)
            .filter(|gossip| gossip.address.same_as(address))
            .count()
    }

    fn fresh_gossip<'m>(
        &self,
        master: &'m Master,
        now: Mono,
    ) -> impl Iterator<Item = &'m Gossip> + use<'m> {
        let validity = self.timings.publish_period.saturating_mul(GOSSIP_VALIDITY);
        let gossip = |peer: &'m Peer| peer.gossip.as_ref();
        master
            .peers
            .values()
            .filter_map(gossip)
            .filter(move |gossip| now.since(gossip.at) <= validity)
    }
}
