//! Configurations that nothing decides between any more, because no election can be won: the quorum
//! is larger than the number of sentinels that would vote about any one address. Only an operator
//! can bring such sentinels to one mind.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::view::View;

use crate::oracles::said;

use super::World;

impl World {
    /// The greatest config epoch does not name one server that is a master, so nobody's hellos
    /// settle it, and every address has too few holders to win an election about it: sentinels vote
    /// about the address that they hold, and of a server that is a master, so may a candidate that
    /// holds another.
    pub(crate) fn is_outvoted(&self, group: usize, views: &[View]) -> bool {
        let configured = |view: &View| {
            let node = self.nodes.iter().position(|n| n.id == view.my_id)?;
            let epoch = said::master(view, group)?.config_epoch;
            Some((epoch, self.published_server(node, group)))
        };
        let configured: Vec<_> = views.iter().filter_map(configured).collect();
        let greatest = configured.iter().map(|(epoch, _)| *epoch).max();
        let newest: BTreeSet<Option<usize>> = configured
            .iter()
            .filter(|(epoch, _)| Some(*epoch) == greatest)
            .map(|(_, server)| *server)
            .collect();
        let decides = |server: &Option<usize>| server.is_some_and(|s| self.is_serving_master(s));
        if newest.len() == 1 && newest.iter().all(decides) {
            return false;
        }
        let mut holders: BTreeMap<Option<usize>, usize> = BTreeMap::new();
        let running = (0..self.nodes.len()).filter(|n| self.nodes[*n].brain.is_some());
        for node in running {
            *holders
                .entry(self.published_server(node, group))
                .or_default() += 1;
        }
        let majority = self.shape.nodes / 2 + 1;
        let needed = majority.max(self.shape.quorum as usize);
        let votes = |(server, holders)| holders + usize::from(decides(server));
        holders.iter().map(votes).all(|votes| votes < needed)
    }
}
