//! Forgetting: peers, replicas, whole groups.

use crate::types::{Mono, Now};
use crate::wire::Role;

use super::super::action::Socket;
use super::super::deadlines::Deadline;
use super::super::instances::Server;
use super::super::{MasterId, Party, Sentinel};

impl Sentinel {
    pub(in crate::core) fn remove_peer(&mut self, party: Party) {
        let Some(link) = self.link_of(party) else {
            return;
        };
        self.release_link(link, party);
        self.deadlines.forget_party(party);
        if let super::super::Who::Peer(key) = party.who
            && let Some(master) = self.masters.get_mut(&party.master)
        {
            master.peers.remove(&key);
        }
    }

    pub(in crate::core) fn remove_replica(&mut self, party: Party) {
        let Some(link) = self.link_of(party) else {
            return;
        };
        self.release_link(link, party);
        self.deadlines.forget_party(party);
        if let super::super::Who::Replica(key) = party.who
            && let Some(master) = self.masters.get_mut(&party.master)
        {
            master.replicas.remove(&key);
        }
    }

    /// Removes a group with all its records, links and deadlines.
    pub(in crate::core) fn remove_master(&mut self, id: MasterId) {
        for party in self.replica_parties(id) {
            self.remove_replica(party);
        }
        for party in self.peer_parties(id) {
            self.remove_peer(party);
        }
        let party = Party::master(id);
        if let Some(link) = self.link_of(party) {
            self.release_link(link, party);
        }
        self.deadlines.forget_party(party);
        self.deadlines.forget(Deadline::Failover(id));
        self.deadlines.forget(Deadline::Explain(id));
        self.deadlines.forget(Deadline::Reassert(id));
        if let Some(master) = self.masters.remove(&id) {
            self.names.remove(&master.name);
            self.addresses.gone(master.name);
            self.places.gone(id);
        }
    }

    /// SENTINEL RESET of one group: everything learned is forgotten, what was configured or voted
    /// stays. The cached INFO keeps its time, as the reference keeps it.
    pub(in crate::core) fn reset_master(&mut self, id: MasterId, now: Now) {
        for party in self.replica_parties(id) {
            self.remove_replica(party);
        }
        for party in self.peer_parties(id) {
            self.remove_peer(party);
        }
        self.clear_master_state(id, now.mono);
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        master.meeting_voters_since = Some(now.mono);
        master.voted_for = None;
        master.crowded = false;
        let link = master.server.link;
        if let Some(link) = self.links.get_mut(&link) {
            link.ping_pending_since = Some(now.mono);
            link.last_valid_reply = now.mono;
            link.last_any_reply = now.mono;
            link.last_ping_sent = None;
        }
        self.drop_socket(link, Socket::Command, now);
        self.drop_socket(link, Socket::Pubsub, now);
        self.addresses.changed(id);
        self.tend_down(Party::master(id), now);
        self.want_hello(Party::master(id));
    }

    /// Clears flags, failover, roles and attempts of a master record; keeps its address, its
    /// settings and all its epochs.
    pub(in crate::core) fn clear_master_state(&mut self, id: MasterId, now: Mono) {
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        master.failover = None;
        master.reassertion = None;
        master.candidacy = None;
        master.attempt_stamp = None;
        master.yielded_at = None;
        master.odown_since = None;
        master.rebooted_at = None;
        let server = &mut master.server;
        server.health.down_since = None;
        server.health.script_kill_sent = false;
        server.run_id = None;
        server.role = Role::Master;
        server.role_since = now;
        server.follows = None;
        self.deadlines.set(Deadline::Failover(id), None);
        self.deadlines.set(Deadline::Explain(id), None);
        self.deadlines.set(Deadline::Reassert(id), None);
    }

    /// A master record for a new address: nothing of the old server's words survives.
    pub(in crate::core) fn renew_server(&mut self, id: MasterId, server: Server) {
        if let Some(master) = self.masters.get_mut(&id) {
            master.server = server;
            master.last_odown_start = None;
        }
    }
}
