//! Finding records and what is said of them: the one place that knows where everything lies.

use crate::types::Address;

use super::action::Action;
use super::instances::{Greeting, Health, Peer, Server};
use super::links::{Link, LinkId};
use super::notice::{EventName, Level, LogLine, MAX_PAYLOAD, Notice};
use super::{MasterId, Party, Sentinel, Who};

impl Party {
    /// The master record of a group.
    pub fn master(master: MasterId) -> Party {
        Party {
            master,
            who: Who::Master,
        }
    }

    /// A replica record of a group.
    pub fn replica(master: MasterId, key: u32) -> Party {
        Party {
            master,
            who: Who::Replica(key),
        }
    }

    /// A peer record of a group.
    pub fn peer(master: MasterId, key: u32) -> Party {
        Party {
            master,
            who: Who::Peer(key),
        }
    }
}

impl Sentinel {
    pub(super) fn server(&self, party: Party) -> Option<&Server> {
        let master = self.masters.get(&party.master)?;
        match party.who {
            Who::Master => Some(&master.server),
            Who::Replica(key) => master.replicas.get(&key).map(|r| &r.server),
            Who::Peer(_) => None,
        }
    }

    pub(super) fn server_mut(&mut self, party: Party) -> Option<&mut Server> {
        let master = self.masters.get_mut(&party.master)?;
        match party.who {
            Who::Master => Some(&mut master.server),
            Who::Replica(key) => master.replicas.get_mut(&key).map(|r| &mut r.server),
            Who::Peer(_) => None,
        }
    }

    pub(super) fn peer(&self, party: Party) -> Option<&Peer> {
        let Who::Peer(key) = party.who else {
            return None;
        };
        self.masters.get(&party.master)?.peers.get(&key)
    }

    pub(super) fn peer_mut(&mut self, party: Party) -> Option<&mut Peer> {
        let Who::Peer(key) = party.who else {
            return None;
        };
        self.masters.get_mut(&party.master)?.peers.get_mut(&key)
    }

    pub(super) fn greeting_mut(&mut self, party: Party) -> Option<&mut Greeting> {
        match party.who {
            Who::Peer(_) => self.peer_mut(party).map(|p| &mut p.greeting),
            _ => self.server_mut(party).map(|s| &mut s.greeting),
        }
    }

    pub(super) fn health_mut(&mut self, party: Party) -> Option<&mut Health> {
        match party.who {
            Who::Peer(_) => self.peer_mut(party).map(|p| &mut p.health),
            _ => self.server_mut(party).map(|s| &mut s.health),
        }
    }

    pub(super) fn link_of(&self, party: Party) -> Option<LinkId> {
        match party.who {
            Who::Peer(_) => self.peer(party).map(|p| p.link),
            _ => self.server(party).map(|s| s.link),
        }
    }

    pub(super) fn link(&self, party: Party) -> Option<&Link> {
        self.links.get(&self.link_of(party)?)
    }

    pub(super) fn address_of(&self, party: Party) -> Option<&Address> {
        let master = self.masters.get(&party.master)?;
        match party.who {
            Who::Master => Some(&master.address),
            Who::Replica(key) => master.replicas.get(&key).map(|r| &r.address),
            Who::Peer(key) => master.peers.get(&key).map(|p| &p.address),
        }
    }

    /// Every replica of a group.
    pub(super) fn replica_parties(&self, id: MasterId) -> Vec<Party> {
        self.masters.get(&id).map_or_else(Vec::new, |m| {
            m.replicas.keys().map(|k| Party::replica(id, *k)).collect()
        })
    }

    /// The master and the replicas of a group.
    pub(super) fn server_parties(&self, id: MasterId) -> Vec<Party> {
        let replicas = self.replica_parties(id);
        [Party::master(id)].into_iter().chain(replicas).collect()
    }

    /// Every record of a group: master, replicas, peers.
    pub(super) fn group_parties(&self, id: MasterId) -> Vec<Party> {
        let mut parties = self.server_parties(id);
        parties.extend(self.peer_parties(id));
        parties
    }

    /// Every peer of a group.
    pub(super) fn peer_parties(&self, id: MasterId) -> Vec<Party> {
        self.masters.get(&id).map_or_else(Vec::new, |m| {
            m.peers.keys().map(|k| Party::peer(id, *k)).collect()
        })
    }

    /// `<type> <name> <ip> <port>` and, unless a master, ` @ <master-name> <ip> <port>`.
    pub(super) fn describe(&self, party: Party) -> String {
        let Some(master) = self.masters.get(&party.master) else {
            return String::new();
        };
        let announce = self.settings.announce_hostnames;
        let place =
            |address: &Address| format!("{} {}", address.announced(announce), address.port());
        let (kind, name, address) = match party.who {
            Who::Master => return format!("master {} {}", master.name, place(&master.address)),
            Who::Replica(key) => match master.replicas.get(&key) {
                Some(replica) => ("slave", replica.name.as_str(), &replica.address),
                None => return String::new(),
            },
            Who::Peer(key) => match master.peers.get(&key) {
                Some(peer) => ("sentinel", peer.id.as_str(), &peer.address),
                None => return String::new(),
            },
        };
        format!(
            "{kind} {name} {} @ {} {}",
            place(address),
            master.name,
            place(&master.address)
        )
    }

    /// Announces an event whose text is the instance alone.
    pub(super) fn announce_party(&mut self, name: EventName, party: Party) {
        let text = self.describe(party);
        self.announce(name, party.master, text);
    }

    /// Announces an event tied to a master.
    pub(super) fn announce(&mut self, name: EventName, master: MasterId, text: String) {
        let master = self.masters.get(&master).map(|m| m.name.clone());
        self.announce_text(name, master, text);
    }

    /// Announces an event; whoever is told has the new addresses already.
    pub(super) fn announce_text(
        &mut self,
        name: EventName,
        master: Option<crate::types::MasterName>,
        text: String,
    ) {
        self.publish_addresses();
        let text = cut(text, MAX_PAYLOAD);
        if let Some(master) = &master {
            self.notify_script(master, name, &text);
        }
        self.out
            .push_back(Action::Notice(Notice { name, text, master }));
    }

    pub(super) fn log(&mut self, level: Level, text: String) {
        self.out.push_back(Action::Log(LogLine {
            level,
            text,
            when: None,
        }));
    }

    /// Wants a hello to a record at the end of this turn.
    pub(super) fn want_hello(&mut self, party: Party) {
        if let Some(greeting) = self.greeting_mut(party) {
            greeting.wanted = true;
            self.greet_now.insert(party);
        }
    }
}

/// Cuts a text to at most `max` bytes, at a character boundary.
pub(super) fn cut(mut text: String, max: usize) -> String {
    if text.len() > max {
        let mut end = max;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}
