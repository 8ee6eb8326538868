//! Host names: which IPs they last had, which look-ups run, and what waits for them. The core
//! never looks a name up itself, and never waits.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::types::{Address, Mono, Now};

use super::super::action::Action;
use super::super::event::{Instruction, Waiter};
use super::super::links::{LinkId, SocketState};
use super::super::notice::Level;
use super::super::{Party, Sentinel};

/// Hellos that wait for one name, at most: a flood of hellos with a dead name is not kept.
const MAX_WAITING_HELLOS: usize = 16;
/// Names remembered, at most, beside those of records: hellos can mention any number of them.
const MAX_NAMES: usize = 10_000;
/// Look-ups of names that only hellos and questions mention, at a time: they leave room for those
/// of the servers and peers that we watch.
const MAX_STRANGERS: usize = 32;
/// An answer this young (in ms) needs no new look-up when its name is mentioned again. No record
/// depends on it: each looks its own name up whenever it connects.
const FRESH_MS: u64 = 10_000;

/// Names and their last known addresses.
#[derive(Debug, Default)]
pub(in crate::core) struct Lookups {
    known: BTreeMap<Arc<str>, Known>,
    running: BTreeMap<Arc<str>, Waiting>,
}

/// The last answer for a name; a failed look-up does not touch it.
#[derive(Clone, Copy, Debug)]
struct Known {
    ip: IpAddr,
    at: Mono,
}

/// Who mentions a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    /// A record, its INFO, or an operator.
    Own,
    /// A hello or a question: anybody.
    Stranger,
}

/// What is taken up again when a name has been looked up.
#[derive(Debug)]
struct Waiting {
    began: Mono,
    asker: Asker,
    hellos: Vec<String>,
    infos: BTreeSet<Party>,
    instructions: Vec<(Waiter, Instruction)>,
}

impl Waiting {
    fn new(asker: Asker, began: Mono) -> Self {
        Waiting {
            began,
            asker,
            hellos: Vec::new(),
            infos: BTreeSet::new(),
            instructions: Vec::new(),
        }
    }
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
            .map(|known| Address::resolved(host, known.ip, port))
    }

    /// The same, when the answer is young enough to be acted on without a look-up.
    pub(in crate::core) fn fresh_address(
        &self,
        host: &str,
        port: u16,
        now: Now,
    ) -> Option<Address> {
        self.known_address(host, port)
            .filter(|address| !address.is_name() || self.lookups.is_fresh(host, now.mono))
    }

    /// Looks the name of a record up, unless that runs already.
    pub(in crate::core) fn resolve(&mut self, host: &str, now: Now) {
        self.waiting_for(host, Asker::Own, now);
    }

    /// A server mentioned a host: if it is a name whose answer is old or missing, it is looked up.
    pub(in crate::core) fn refresh(&mut self, host: &str, now: Now) {
        self.refresh_for(host, Asker::Own, now);
    }

    /// The same for a host that anybody may have mentioned.
    pub(in crate::core) fn refresh_strange(&mut self, host: &str, now: Now) {
        self.refresh_for(host, Asker::Stranger, now);
    }

    fn refresh_for(&mut self, host: &str, asker: Asker, now: Now) {
        let unneeded = !self.settings.resolve_hostnames
            || self.lookups.is_fresh(host, now.mono)
            || !Address::new(host, 0).is_name();
        if !unneeded {
            self.waiting_for(host, asker, now);
        }
    }

    /// An instruction that names an unknown host waits for the look-up, or is refused at once if
    /// too many names are being looked up.
    pub(in crate::core) fn resolve_then_instruct(
        &mut self,
        host: &str,
        waiter: Waiter,
        instruction: Instruction,
        now: Now,
    ) {
        if let Some(waiting) = self.waiting_for(host, Asker::Own, now) {
            waiting.instructions.push((waiter, instruction));
            return;
        }
        self.refuse_unresolved(waiter, &instruction);
    }

    pub(super) fn resolve_then_hello(&mut self, host: &str, text: &str, now: Now) {
        if let Some(waiting) = self.waiting_for(host, Asker::Stranger, now)
            && waiting.hellos.len() < MAX_WAITING_HELLOS
            && !waiting.hellos.iter().any(|h| h == text)
        {
            waiting.hellos.push(text.to_owned());
        }
    }

    pub(super) fn resolve_then_info(&mut self, host: &str, party: Party, now: Now) {
        if let Some(waiting) = self.waiting_for(host, Asker::Own, now) {
            waiting.infos.insert(party);
        }
    }

    fn waiting_for(&mut self, host: &str, asker: Asker, now: Now) -> Option<&mut Waiting> {
        if !self.lookups.running.contains_key(host) {
            if !self.lookups.has_room_for(asker) {
                return None;
            }
            let host: Arc<str> = Arc::from(host);
            self.out.push_back(Action::Resolve { host: host.clone() });
            let waiting = Waiting::new(asker, now.mono);
            self.lookups.running.insert(host, waiting);
        }
        self.lookups.running.get_mut(host)
    }

    /// `Event::Resolved`. A failure changes nothing: the last known address goes on serving.
    pub(in crate::core) fn resolved(
        &mut self,
        host: &Arc<str>,
        outcome: Result<IpAddr, String>,
        now: Now,
    ) {
        let waiting = self
            .lookups
            .running
            .remove(host)
            // An answer that came too late for those who asked.
            .unwrap_or_else(|| Waiting::new(Asker::Own, now.mono));
        match outcome {
            Ok(ip) => {
                self.remember_name(host, ip, now.mono);
                self.apply_ip(host, ip, waiting.began, now);
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
            Err(reason) => {
                self.log(
                    Level::Warning,
                    format!("Failed to resolve hostname '{host}'"),
                );
                let instead = match self.lookups.known.get(host) {
                    Some(known) => format!("its last known address {} serves", known.ip),
                    None => "no address of it is known".to_owned(),
                };
                self.log(
                    Level::Verbose,
                    format!("Look-up of '{host}': {reason}; {instead}"),
                );
                for (waiter, instruction) in waiting.instructions {
                    self.refuse_unresolved(waiter, &instruction);
                }
            }
        }
    }

    /// Of very many names only those of records are kept, and the younger half of the others.
    fn remember_name(&mut self, host: &Arc<str>, ip: IpAddr, now: Mono) {
        let known = Known { ip, at: now };
        let is_new = self.lookups.known.insert(host.clone(), known).is_none();
        if !is_new || self.lookups.known.len() <= MAX_NAMES {
            return;
        }
        let used: BTreeSet<&str> = self
            .masters
            .values()
            .flat_map(|master| {
                let replicas = master.replicas.values().map(|replica| &replica.address);
                let peers = master.peers.values().map(|peer| &peer.address);
                std::iter::once(&master.address)
                    .chain(replicas)
                    .chain(peers)
            })
            .map(Address::host)
            .collect();
        self.lookups.forget_old(|name| used.contains(name));
    }

    /// Gives every record of that name its IP; a record whose IP changed reconnects. One whose
    /// link has been up since before the look-up stays where it is: the name may have several
    /// addresses.
    fn apply_ip(&mut self, host: &str, ip: IpAddr, asked: Mono, now: Now) {
        let mut moved = Vec::new();
        let mut changed = false;
        let links = &self.links;
        let settled = |link: LinkId| {
            let state = links.get(&link).map(|link| link.command.state);
            matches!(state, Some(SocketState::Up { since, .. }) if since < asked)
        };
        let mut visit = |party: Party, link: LinkId, address: &mut Address| {
            if address.is_name()
                && address.host().eq_ignore_ascii_case(host)
                && address.ip() != Some(ip)
                && !settled(link)
            {
                changed |= address.ip().is_some();
                address.set_ip(ip);
                moved.push(party);
            }
        };
        for master in self.masters.values_mut() {
            let id = master.id;
            visit(Party::master(id), master.server.link, &mut master.address);
            for (key, replica) in &mut master.replicas {
                let link = replica.server.link;
                visit(Party::replica(id, *key), link, &mut replica.address);
            }
            for (key, peer) in &mut master.peers {
                visit(Party::peer(id, *key), peer.link, &mut peer.address);
            }
        }
        for party in &moved {
            self.addresses.changed(party.master);
            if let Some(master) = self.masters.get(&party.master) {
                self.places.moved(party.master, &master.address);
            }
        }
        let links: BTreeSet<_> = moved.iter().filter_map(|p| self.link_of(*p)).collect();
        for link in links {
            self.reconnect_resolved(link, now);
        }
        if !moved.is_empty() {
            self.drop_duplicates();
        }
        if changed && !self.settings.announce_hostnames {
            // The file has the IP.
            self.persist();
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

impl Lookups {
    fn is_fresh(&self, host: &str, now: Mono) -> bool {
        let known = self.known.get(host);
        known.is_some_and(|known| now.since(known.at) < FRESH_MS)
    }

    fn has_room_for(&self, asker: Asker) -> bool {
        let all = self.running.len();
        match asker {
            Asker::Own => all < MAX_NAMES,
            Asker::Stranger => {
                let running = self.running.values();
                running.filter(|w| w.asker == Asker::Stranger).count() < MAX_STRANGERS
            }
        }
    }

    /// Forgets the older half of the names that are not used.
    fn forget_old(&mut self, is_used: impl Fn(&str) -> bool) {
        let unused = self.known.iter().filter(|(name, _)| !is_used(name));
        let mut ages: Vec<Mono> = unused.map(|(_, known)| known.at).collect();
        ages.sort_unstable();
        let Some(&middle) = ages.get(ages.len() / 2) else {
            return;
        };
        self.known
            .retain(|name, known| known.at > middle || is_used(name));
    }
}
