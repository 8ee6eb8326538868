//! Whether the cluster has come to rest in good order, and if not, what is missing.

use std::cell::OnceCell;

use rsentinel::core::view::View;

use crate::node::Brain;
use crate::shape::{Shape, server_of_host};

use super::World;

/// Why the cluster is not at rest, with the liveness property that says it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsettled {
    /// L1: sentinels disagree about the configuration of a group.
    Disagreement(usize),
    /// L2, L6: the agreed master of a group is not a living master.
    NoMaster(usize),
    /// L3: a failover of a group is still in progress.
    InProgress(usize),
    /// L4: a server does not follow the agreed master.
    Astray(usize),
    /// A sentinel still holds a server down that is well, or does not know a server or a peer.
    Blind(usize),
}

impl Unsettled {
    /// The property that is violated when this lasts.
    pub fn property(&self) -> &'static str {
        match self {
            Unsettled::Disagreement(_) => "L1",
            Unsettled::NoMaster(_) => "L2/L6",
            Unsettled::InProgress(_) => "L3",
            Unsettled::Astray(_) => "L4",
            Unsettled::Blind(_) => "L5",
        }
    }
}

impl World {
    /// What is still missing until the cluster is in good order; `None` when it is.
    pub fn unsettled(&self) -> Option<Unsettled> {
        let views = OnceCell::new();
        (0..self.shape.masters).find_map(|group| self.group_unsettled(group, &views))
    }

    /// References that hold on to another master than the real cores agree on.
    pub fn split_off_references(&self) -> usize {
        let differs = |group: usize| {
            let agreed = self.agreed_master(group);
            (0..self.nodes.len())
                .filter(|n| self.nodes[*n].is_reference)
                .any(|n| agreed.is_none() || self.published_server(n, group) != agreed)
        };
        (0..self.shape.masters).filter(|g| differs(*g)).count()
    }

    /// The server that every running real core names as the master of a group.
    pub fn agreed_master(&self, group: usize) -> Option<usize> {
        let mut named = (0..self.nodes.len())
            .filter(|n| self.nodes[*n].brain.is_some() && !self.nodes[*n].is_reference)
            .map(|n| self.published_server(n, group));
        let first = named.next()??;
        named.all(|n| n == Some(first)).then_some(first)
    }

    /// Some other server of the group may be promoted.
    pub fn has_heir(&self, group: usize, master: usize) -> bool {
        (0..self.servers.len())
            .any(|s| self.shape.group_of(s) == group && s != master && self.servers[s].priority > 0)
    }

    fn has_linked_heir(&self, group: usize, master: usize) -> bool {
        (0..self.servers.len()).any(|s| {
            let this = &self.servers[s];
            self.shape.group_of(s) == group && s != master && this.priority > 0 && this.link_up()
        })
    }

    fn group_unsettled(&self, group: usize, views: &OnceCell<Vec<View>>) -> Option<Unsettled> {
        let Some(master) = self.agreed_master(group) else {
            return Some(Unsettled::Disagreement(group));
        };
        let server = &self.servers[master];
        if !server.serves() || !server.is_master() {
            // All replicas, and none that may be promoted: nothing can be done. One that has been
            // cut off from its master for as long as the cluster has been left alone is too stale:
            // servers that an operator has sent in a circle wait for an operator.
            let heirless = !self.has_linked_heir(group, master);
            if heirless && server.serves() {
                return None;
            }
            return Some(Unsettled::NoMaster(group));
        }
        for other in 0..self.servers.len() {
            let ours = self.shape.group_of(other) == group && other != master;
            let this = &self.servers[other];
            if ours && this.alive && !(this.master_index() == Some(master) && this.link_up()) {
                return Some(Unsettled::Astray(other));
            }
        }
        self.views_unsettled(group, views.get_or_init(|| self.views()))
    }

    /// What every real core shows.
    fn views(&self) -> Vec<View> {
        let real = self.nodes.iter().filter_map(|node| match &node.brain {
            Some(Brain::Real(core)) => Some(core.view(node.present(self.now))),
            _ => None,
        });
        real.collect()
    }

    fn views_unsettled(&self, group: usize, views: &[View]) -> Option<Unsettled> {
        let mut epoch = None;
        for view in views {
            let Some(master) = view.master(&Shape::group_name(group)) else {
                return Some(Unsettled::Blind(group));
            };
            if master.failover_state.is_some() {
                return Some(Unsettled::InProgress(group));
            }
            let known = epoch.get_or_insert(master.config_epoch);
            if *known != master.config_epoch {
                return Some(Unsettled::Disagreement(group));
            }
            let blind = view.tilt
                || master.status != "ok"
                || master.instance.flags.contains("disconnected")
                || master.peers.iter().any(|p| {
                    let lives = self
                        .nodes
                        .iter()
                        .any(|n| n.brain.is_some() && n.id.as_str() == p.instance.name);
                    lives && p.instance.flags.contains("s_down")
                });
            let knows_all =
                master.peers.len() + 1 >= self.nodes.iter().filter(|n| n.brain.is_some()).count();
            let knows_servers = (0..self.servers.len()).all(|s| {
                let ours = self.shape.group_of(s) == group && self.servers[s].alive;
                let is_master = server_of_host(&master.effective.0) == Some(s);
                let seen = |r: &rsentinel::core::view::ReplicaView| {
                    server_of_host(&r.instance.ip) == Some(s)
                        && !r.instance.flags.contains("s_down")
                };
                !ours || is_master || master.replicas.iter().any(seen)
            });
            if blind || !knows_all || !knows_servers {
                return Some(Unsettled::Blind(group));
            }
        }
        None
    }
}
