//! Which master is at an address. Peers ask about masters by their addresses, in a mass failure
//! thousands of times: no question may cost a look at all of thousands of masters.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::types::Address;

use super::{MasterId, Sentinel};

/// Masters by what [`Address::same_as`] compares: IP and port, or host text and port.
#[derive(Debug, Default)]
pub(super) struct Places {
    by_ip: BTreeMap<(IpAddr, u16), BTreeSet<MasterId>>,
    by_host: BTreeMap<(String, u16), BTreeSet<MasterId>>,
    of: BTreeMap<MasterId, Address>,
}

impl Places {
    /// This master is there now, and not where it was before.
    pub fn moved(&mut self, id: MasterId, to: &Address) {
        self.gone(id);
        if let Some(place) = place_of_ip(to) {
            self.by_ip.entry(place).or_default().insert(id);
        }
        let place = place_of_host(to);
        self.by_host.entry(place).or_default().insert(id);
        self.of.insert(id, to.clone());
    }

    /// This master is nowhere any more.
    pub fn gone(&mut self, id: MasterId) {
        let Some(address) = self.of.remove(&id) else {
            return;
        };
        if let Some(place) = place_of_ip(&address) {
            leave(&mut self.by_ip, place, id);
        }
        leave(&mut self.by_host, place_of_host(&address), id);
    }

    /// The oldest of the masters that are there.
    fn oldest_at(&self, address: &Address) -> Option<MasterId> {
        let by_ip = place_of_ip(address).and_then(|place| self.by_ip.get(&place));
        let by_host = self.by_host.get(&place_of_host(address));
        let all = by_ip.into_iter().chain(by_host);
        all.filter_map(BTreeSet::first).min().copied()
    }
}

fn place_of_ip(address: &Address) -> Option<(IpAddr, u16)> {
    address.ip().map(|ip| (ip, address.port()))
}

fn place_of_host(address: &Address) -> (String, u16) {
    (address.host().to_ascii_lowercase(), address.port())
}

fn leave<P: Ord>(places: &mut BTreeMap<P, BTreeSet<MasterId>>, place: P, id: MasterId) {
    if let Some(masters) = places.get_mut(&place) {
        masters.remove(&id);
        if masters.is_empty() {
            places.remove(&place);
        }
    }
}

impl Sentinel {
    /// The master whose record has this address; of several, the one that was added first.
    pub(super) fn master_at(&self, address: &Address) -> Option<MasterId> {
        let found = self.places.oldest_at(address);
        debug_assert_eq!(
            found,
            self.masters
                .values()
                .find(|m| m.address.same_as(address))
                .map(|m| m.id),
            "a record's address has changed and its place has not"
        );
        found
    }
}
