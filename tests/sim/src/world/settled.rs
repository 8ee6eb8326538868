//! Whether the cluster has come to rest in good order, and if not, what is missing.

use std::cell::OnceCell;

use rsentinel::core::view::{ReplicaView, View};

use crate::node::{Brain, Node};
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
    /// A sentinel still holds a server down that is well, does not know a server or a peer, or is
    /// in TILT.
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
        let found = (0..self.shape.masters).find_map(|group| self.group_unsettled(group, &views));
        let in_tilt = |node: &Node| match &node.brain {
            Some(Brain::Reference(model)) => model.is_in_tilt(),
            _ => false,
        };
        found.or_else(|| {
            self.nodes
                .iter()
                .any(in_tilt)
                .then_some(Unsettled::Blind(0))
        })
    }

    /// References that hold on to another master than the real cores agree on.
    pub fn split_off_references(&self) -> usize {
        let differs = |group: usize| {
            let agreed = self.agreed_master(group);
            (0..self.nodes.len())
                .filter(|n| self.nodes[*n].is_reference)
                .any(|n| agreed.is_some() && self.published_server(n, group) != agreed)
        };
        (0..self.shape.masters).filter(|g| differs(*g)).count()
    }

    /// How many elections were contested, and how many of them elected nobody.
    pub fn divided_votes(&self) -> (u64, u64) {
        (self.votes.contested(), self.votes.split())
    }

    /// Nobody knows a server any more: operators had sentinels forget it while it did not follow
    /// its master. Only an operator can bring it back.
    fn is_forgotten(&self, group: usize, server: usize) -> bool {
        self.forgetful
            && self.servers[server].is_master()
            && !self.nodes.iter().any(|node| match &node.brain {
                Some(Brain::Real(core)) => knows(&core.view(node.present(self.now)), group, server),
                Some(Brain::Reference(model)) => model.knows_server(group, server),
                None => false,
            })
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
            .filter(|s| self.shape.group_of(*s) == group && *s != master)
            .any(|s| self.servers[s].priority > 0 && !self.is_forgotten(group, s))
    }

    fn has_linked_heir(&self, group: usize, master: usize) -> bool {
        (0..self.servers.len()).any(|s| {
            let this = &self.servers[s];
            self.shape.group_of(s) == group && s != master && this.priority > 0 && this.link_up()
        })
    }

    fn group_unsettled(&self, group: usize, views: &OnceCell<Vec<View>>) -> Option<Unsettled> {
        let Some(master) = self.agreed_master(group) else {
            let missing = Unsettled::Disagreement(group);
            return (!self.is_estranged(group)).then_some(missing);
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
            if ours
                && this.alive
                && !(this.master_index() == Some(master) && this.link_up())
                && !self.is_forgotten(group, other)
            {
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
                let seen = |r: &ReplicaView| {
                    server_of_host(&r.instance.ip) == Some(s)
                        && !r.instance.flags.contains("s_down")
                };
                !ours
                    || is_master
                    || master.replicas.iter().any(seen)
                    || self.is_forgotten(group, s)
            });
            if blind || !knows_all || !knows_servers {
                return Some(Unsettled::Blind(group));
            }
        }
        None
    }
}

/// A core shows a server as the master of a group or as a replica of it.
fn knows(view: &View, group: usize, server: usize) -> bool {
    let known = |host: &str| server_of_host(host) == Some(server);
    view.master(&Shape::group_name(group)).is_some_and(|m| {
        known(&m.instance.ip)
            || known(&m.effective.0)
            || m.replicas.iter().any(|r| known(&r.instance.ip))
    })
}
