//! Host names: which IPs they last had, which look-ups run, and what waits for them. The core
//! never looks a name up itself, and never waits.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::types::{Address, Now};

use super::super::action::Action;
use super::super::event::{Instruction, Waiter};
use super::super::notice::Level;
use super::super::{Party, Sentinel};

/// Hellos that wait for one name, at most: a flood of hellos with a dead name is not kept.
const MAX_WAITING_HELLOS: usize = 16;
/// Names remembered, at most: hellos can mention any number of them.
const MAX_NAMES: usize = 10_000;

/// Names and their last known addresses.
#[derive(Debug, Default)]
pub(in crate::core) struct Lookups {
    known: BTreeMap<Arc<str>, IpAddr>,
    running: BTreeMap<Arc<str>, Waiting>,
}

/// What is taken up again when a name has been looked up.
#[derive(Debug, Default)]
struct Waiting {
    hellos: Vec<String>,
    infos: BTreeSet<Party>,
    instructions: Vec<(Waiter, Instruction)>,
}

impl Sentinel {
    /// The address of a host text: a literal, or a name whose IP is known. Names are only
    /// accepted when they are to be resolved.
    pub(in crate::core) fn known_address(&self, host: &str, port: u16) -> Option<Address> {
        let written = Address::new(host, port);
        if !written.is_name() {
            return Some(written);
        }
        if !self.settings.resolve_hostnames {
            return None;
        }
        self.lookups
            .known
            .get(host)
            .map(|ip| Address::resolved(host, *ip, port))
    }

    /// Starts looking a name up, unless that runs already.
    pub(in crate::core) fn resolve(&mut self, host: &str) {
        self.waiting_for(host);
    }

    /// An instruction that names an unknown host waits for the look-up, or is refused at once if
    /// too many names are being looked up.
    pub(in crate::core) fn resolve_then_instruct(
        &mut self,
        host: &str,
        waiter: Waiter,
        instruction: Instruction,
    ) {
        if let Some(waiting) = self.waiting_for(host) {
            waiting.instructions.push((waiter, instruction));
            return;
        }
        self.refuse_unresolved(waiter, &instruction);
    }

    pub(super) fn resolve_then_hello(&mut self, host: &str, text: &str) {
        if let Some(waiting) = self.waiting_for(host)
            && waiting.hellos.len() < MAX_WAITING_HELLOS
            && !waiting.hellos.iter().any(|h| h == text)
        {
            waiting.hellos.push(text.to_owned());
        }
    }

    pub(super) fn resolve_then_info(&mut self, host: &str, party: Party) {
        if let Some(waiting) = self.waiting_for(host) {
            waiting.infos.insert(party);
        }
    }

    fn waiting_for(&mut self, host: &str) -> Option<&mut Waiting> {
        if !self.lookups.running.contains_key(host) {
            if self.lookups.running.len() >= MAX_NAMES {
                return None;
            }
            let host: Arc<str> = Arc::from(host);
            self.out.push_back(Action::Resolve { host: host.clone() });
            self.lookups.running.insert(host, Waiting::default());
        }
        self.lookups.running.get_mut(host)
    }

    /// `Event::Resolved`.
    pub(in crate::core) fn resolved(
        &mut self,
        host: &Arc<str>,
        outcome: Result<IpAddr, String>,
        now: Now,
    ) {
        let waiting = self.lookups.running.remove(host).unwrap_or_default();
        match outcome {
            Ok(ip) => {
                if self.lookups.known.len() < MAX_NAMES || self.lookups.known.contains_key(host) {
                    self.lookups.known.insert(host.clone(), ip);
                }
                self.apply_ip(host, ip, now);
                for hello in waiting.hellos {
                    self.hello_received(&hello, now);
                }
                for party in waiting.infos {
                    self.want_info(party, now.mono, now);
                }
                for (waiter, instruction) in waiting.instructions {
                    self.instructed(waiter, instruction, now);
                }
            }
            Err(_) => {
                self.log(
                    Level::Warning,
                    format!("Failed to resolve hostname '{host}'"),
                );
                for (waiter, instruction) in waiting.instructions {
                    self.refuse_unresolved(waiter, &instruction);
                }
            }
        }
    }

    /// Gives every record of that name its IP; a record whose IP changed reconnects.
    fn apply_ip(&mut self, host: &str, ip: IpAddr, now: Now) {
        let mut moved = Vec::new();
        let mut visit = |party: Party, address: &mut Address| {
            if address.is_name()
                && address.host().eq_ignore_ascii_case(host)
                && address.ip() != Some(ip)
            {
                address.set_ip(ip);
                moved.push(party);
            }
        };
        for master in self.masters.values_mut() {
            let id = master.id;
            visit(Party::master(id), &mut master.address);
            for (key, replica) in &mut master.replicas {
                visit(Party::replica(id, *key), &mut replica.address);
            }
            for (key, peer) in &mut master.peers {
                visit(Party::peer(id, *key), &mut peer.address);
            }
        }
        self.addresses_changed |= !moved.is_empty();
        let links: BTreeSet<_> = moved.iter().filter_map(|p| self.link_of(*p)).collect();
        for link in links {
            self.reconnect_resolved(link, now);
        }
        if !moved.is_empty() {
            self.drop_duplicates();
        }
    }

    /// A name may turn out to be a server that is known already, as the master or by another
    /// record: one server has one record, or it would be told to follow itself.
    fn drop_duplicates(&mut self) {
        let mut doubles = Vec::new();
        // A failover in progress keeps its records; it passes doubles over.
        for master in self.masters.values().filter(|m| m.failover.is_none()) {
            let mut seen = vec![&master.address];
            for (key, replica) in &master.replicas {
                if seen.iter().any(|a| a.same_as(&replica.address)) {
                    doubles.push(Party::replica(master.id, *key));
                } else {
                    seen.push(&replica.address);
                }
            }
        }
        for party in &doubles {
            self.remove_replica(*party);
        }
        if !doubles.is_empty() {
            self.persist();
        }
    }
}
