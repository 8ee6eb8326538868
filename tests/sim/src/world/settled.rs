//! Whether the cluster has come to rest in good order, and if not, what is missing.

use std::cell::OnceCell;

use rsentinel::core::view::{InstanceView, ReplicaView, View};
use rsentinel::types::RunId;

use crate::hand_over;
use crate::node::{Brain, Node};
use crate::oracles::said;
use crate::server::Server;
use crate::shape::{Shape, server_of_host};

use super::World;

/// Why the cluster is not at rest, with the liveness property that says it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsettled {
    /// L1: sentinels disagree about the configuration of a group.
    Disagreement(usize),
    /// L6: the agreed master of a group is not a living master.
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
            Unsettled::NoMaster(_) => "L6",
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
        found
            .or_else(|| self.in_tilt(&[]).map(|_| Unsettled::Blind(0)))
            .or_else(|| {
                (0..self.shape.masters)
                    .find(|group| self.is_untold(*group))
                    .map(Unsettled::Blind)
            })
    }

    /// A reference at the agreed master has not read of one of its followers yet, because it asks
    /// for INFO every ten seconds: as a leader it would find nobody to promote.
    fn is_untold(&self, group: usize) -> bool {
        let agreed = self.agreed_master(group);
        let Some(master) = agreed.filter(|m| self.is_serving_master(*m)) else {
            return false;
        };
        let knows_all = |node: &Node| match &node.brain {
            Some(Brain::Reference(model)) => self
                .others(group, master)
                .filter(|s| self.servers[*s].alive && !self.is_forgotten(group, *s))
                .all(|s| model.knows_server(group, s)),
            _ => true,
        };
        self.nodes
            .iter()
            .filter(|node| self.published_server(node.index, group) == Some(master))
            .any(|node| !knows_all(node))
    }

    /// A sentinel in TILT: a reference, or one whose core shows it in its view.
    pub(crate) fn in_tilt(&self, views: &[View]) -> Option<usize> {
        let tilted = |node: &&Node| match &node.brain {
            Some(Brain::Reference(model)) => model.is_in_tilt(),
            Some(Brain::Real(_)) => views.iter().any(|v| v.tilt && v.my_id == node.id),
            None => false,
        };
        self.nodes.iter().find(tilted).map(|node| node.index)
    }

    /// Real cores that run say different config epochs of some group in their hellos.
    pub fn says_different_epochs(&self) -> bool {
        let runs = |n: &&Node| !n.is_reference && n.brain.is_some();
        let mut said = self.nodes.iter().filter(runs);
        let first = said.next().map(|n| &self.said_epochs[n.index]);
        said.any(|n| Some(&self.said_epochs[n.index]) != first)
    }

    /// The greatest config epoch of a group that a core says in its hellos, and a core that has not
    /// reached it.
    pub(crate) fn behind(&self, group: usize, views: &[View]) -> (u64, Option<RunId>) {
        let real = self.nodes.iter().filter(|n| !n.is_reference);
        let said = real.map(|n| self.said_epochs[n.index][group]);
        let newest = said.max().unwrap_or(0);
        let behind =
            |view: &&View| said::master(view, group).is_some_and(|m| m.config_epoch.get() < newest);
        (newest, views.iter().find(behind).map(|v| v.my_id.clone()))
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

    fn group_unsettled(&self, group: usize, views: &OnceCell<Vec<View>>) -> Option<Unsettled> {
        let views = || views.get_or_init(|| self.views()).as_slice();
        let Some(master) = self.agreed_master(group) else {
            let missing = Unsettled::Disagreement(group);
            let lasting = self.is_estranged(group) || self.is_outvoted(group, views());
            return (!lasting).then_some(missing);
        };
        if !self.is_serving_master(master) {
            let missing = Unsettled::NoMaster(group);
            return (!is_hopeless(group, views())).then_some(missing);
        }
        if let Some(server) = self.astray(group, master) {
            return Some(Unsettled::Astray(server));
        }
        let views = views();
        if is_in_progress(group, views) {
            return Some(Unsettled::InProgress(group));
        }
        let mut epochs = views
            .iter()
            .filter_map(|v| Some(said::master(v, group)?.config_epoch));
        let first = epochs.next();
        if epochs.any(|epoch| Some(epoch) != first) {
            return Some(Unsettled::Disagreement(group));
        }
        let blind = views.iter().any(|v| v.tilt)
            || self.out_of_touch(group, views).is_some()
            || self.unacquainted(group, master, views).is_some();
        blind.then_some(Unsettled::Blind(group))
    }

    /// How many groups are at rest without a master.
    pub fn masterless_groups(&self) -> u64 {
        let masterless = |group: &usize| {
            let agreed = self.agreed_master(*group);
            agreed.is_some_and(|m| !self.is_serving_master(m))
        };
        (0..self.shape.masters).filter(masterless).count() as u64
    }

    /// A server answers, and is a master by its own account.
    pub(crate) fn is_serving_master(&self, server: usize) -> bool {
        self.servers[server].serves() && self.servers[server].is_master()
    }

    /// A server of the group that does not follow the master.
    pub(crate) fn astray(&self, group: usize, master: usize) -> Option<usize> {
        let follows = |this: &Server| this.master_index() == Some(master) && this.link_up();
        self.others(group, master).find(|other| {
            let this = &self.servers[*other];
            this.alive && !follows(this) && !self.is_forgotten(group, *other)
        })
    }

    /// All other servers of a group.
    fn others(&self, group: usize, master: usize) -> impl Iterator<Item = usize> {
        (0..self.servers.len()).filter(move |s| self.shape.group_of(*s) == group && *s != master)
    }

    /// What every real core shows.
    pub(crate) fn views(&self) -> Vec<View> {
        let real = self.nodes.iter().filter_map(|node| match &node.brain {
            Some(Brain::Real(core)) => Some(core.view(node.present(self.now))),
            _ => None,
        });
        real.collect()
    }

    /// Some server of a group holds its writers back.
    pub fn holds_writers_back(&self, group: usize) -> bool {
        (0..self.servers.len())
            .filter(|s| self.shape.group_of(*s) == group)
            .any(|s| hand_over::holds_back(&self.servers[s], self.now))
    }

    /// What keeps the sentinels that watch a group from seeing its servers and each other, all of
    /// which are well.
    pub(crate) fn out_of_touch(&self, group: usize, views: &[View]) -> Option<String> {
        let running = self.nodes.iter().filter(|n| n.brain.is_some()).count();
        let lives = |id: &str| {
            let mut nodes = self.nodes.iter();
            nodes.any(|n| n.brain.is_some() && n.id.as_str() == id)
        };
        let severed = |i: &InstanceView| i.flags.contains("disconnected");
        let down = |i: &InstanceView| i.flags.contains("s_down");
        views.iter().find_map(|view| {
            let me = &view.my_id;
            let Some(master) = said::master(view, group) else {
                return Some(format!("{me} does not watch the group"));
            };
            let is_master = server_of_host(&master.instance.ip)
                .is_some_and(|s| s < self.servers.len() && self.is_serving_master(s));
            // (A dead one is not to be seen, and one whose writers a handover has paused holds
            // PUBLISH back, and what is asked behind it.)
            let stands = |i: &InstanceView| {
                let server = server_of_host(&i.ip).and_then(|s| self.servers.get(s));
                server.is_some_and(|s| s.alive && !hand_over::holds_back(s, self.now))
            };
            let cut_off = stands(&master.instance) && severed(&master.instance);
            if cut_off || (is_master && master.status != "ok") {
                return Some(format!("{me} does not see the master"));
            }
            if master.peers.len() + 1 < running {
                return Some(format!("{me} knows {} peers", master.peers.len()));
            }
            let peers = master.peers.iter().map(|p| &p.instance);
            let replicas = master.replicas.iter().map(|r| &r.instance);
            let replicas = replicas.filter(|i| stands(i));
            let unseen = peers
                .filter(|p| lives(&p.name))
                .chain(replicas)
                .find(|i| severed(i) || down(i));
            unseen.map(|i| format!("{me} does not see {}", i.name))
        })
    }

    /// A server that is well, follows the master, and is not known to some sentinel.
    pub(crate) fn unacquainted(
        &self,
        group: usize,
        master: usize,
        views: &[View],
    ) -> Option<String> {
        views.iter().find_map(|view| {
            let known = said::master(view, group)?;
            let lists = |s: usize| {
                let is_it = |r: &ReplicaView| server_of_host(&r.instance.ip) == Some(s);
                known.replicas.iter().any(is_it)
            };
            let stranger = self
                .others(group, master)
                .find(|s| self.servers[*s].alive && !lists(*s) && !self.is_forgotten(group, *s))?;
            Some(format!("{} does not know server {stranger}", view.my_id))
        })
    }
}

/// Some core is leading a failover of the group.
pub(crate) fn is_in_progress(group: usize, views: &[View]) -> bool {
    let mut known = views.iter().filter_map(|v| said::master(v, group));
    known.any(|m| m.failover_state.is_some())
}

/// A group without a master that no sentinel may give one, ever: its master is found down, and
/// every replica has priority 0, or was cut off from its own master for longer than the limit of
/// the selection (ten times `down-after`, and the time since the master went down). Both grow
/// alike, so the limit stays exceeded; an operator who has sent servers in a circle has to end it.
pub(crate) fn is_hopeless(group: usize, views: &[View]) -> bool {
    views.iter().all(|view| {
        let Some(master) = said::master(view, group) else {
            return false;
        };
        let Some(down_for) = master.instance.s_down_time else {
            return false;
        };
        let limit = (10 * master.instance.down_after + down_for) as i64;
        // It has grown since the last INFO.
        let outage = |r: &ReplicaView| r.master_link_down_time + r.server.info_refresh as i64;
        let mut replicas = master.replicas.iter();
        replicas.all(|r| r.priority == 0 || r.master_link_down_time > 0 && outage(r) > limit)
    })
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
