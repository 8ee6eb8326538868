//! Sentinels that nothing leads to each other any more: operators had them forget peers and
//! servers while the others were away. Only an operator can bring them together again.

use std::collections::BTreeSet;

use rsentinel::core::view::View;

use crate::node::Brain;
use crate::shape::{Shape, server_of_host};

use super::World;

/// What a sentinel knows of a group: its own id, those of its peers, and servers.
struct Acquaintances {
    sentinels: BTreeSet<String>,
    servers: BTreeSet<usize>,
}

impl World {
    /// The real cores that watch a group are in parts that know neither a sentinel nor a server of
    /// each other.
    pub(crate) fn is_estranged(&self, group: usize) -> bool {
        if !self.forgetful {
            return false;
        }
        let mut parts: Vec<Acquaintances> = Vec::new();
        for node in &self.nodes {
            let Some(Brain::Real(core)) = &node.brain else {
                continue;
            };
            let mut new = acquaintances(&core.view(node.present(self.now)), group);
            new.sentinels.insert(node.id.as_str().to_owned());
            let meets = |part: &Acquaintances| {
                !part.sentinels.is_disjoint(&new.sentinels)
                    || !part.servers.is_disjoint(&new.servers)
            };
            let (met, apart): (Vec<_>, Vec<_>) = parts.into_iter().partition(meets);
            for part in met {
                new.sentinels.extend(part.sentinels);
                new.servers.extend(part.servers);
            }
            parts = apart;
            parts.push(new);
        }
        parts.len() > 1
    }
}

fn acquaintances(view: &View, group: usize) -> Acquaintances {
    let mut known = Acquaintances {
        sentinels: BTreeSet::new(),
        servers: BTreeSet::new(),
    };
    if let Some(master) = view.master(&Shape::group_name(group)) {
        let peers = master.peers.iter().map(|p| p.instance.name.clone());
        known.sentinels.extend(peers);
        let replicas = master.replicas.iter().map(|r| r.instance.ip.as_str());
        let hosts = replicas.chain([master.instance.ip.as_str(), master.effective.0.as_str()]);
        known.servers.extend(hosts.filter_map(server_of_host));
    }
    known
}
