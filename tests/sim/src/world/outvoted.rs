//! Configurations that nothing decides between any more, because no election about any one address
//! can be won: too few sentinels would vote about it, or nobody who would asks for votes. Only an
//! operator, or the next failover, can bring such sentinels to one mind.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::view::View;

use crate::oracles::said;

use super::World;

impl World {
    /// The greatest config epoch does not name one server that is a master, so nobody's hellos
    /// settle it, and every address has too few holders to win an election about it: sentinels vote
    /// about the address that they hold, and of a server that is a master, so may a candidate that
    /// holds another.
    ///
    /// Without re-assertion there are no elections but those about a master that is down. Where one
    /// of the held servers is a master, nobody who holds it sees it down, and nobody demotes it:
    /// those who hold another correct servers only while that one is a master. So there is none about
    /// it, however many hold it. (A greatest epoch that is said in hellos is adopted, all the same.)
    pub(crate) fn is_outvoted(&self, group: usize, views: &[View]) -> bool {
        let configured = |view: &View| {
            let node = self.nodes.iter().position(|n| n.id == view.my_id)?;
            let epoch = said::master(view, group)?.config_epoch;
            let told = self.said_epochs[node][group] >= epoch.get();
            Some((epoch, self.published_server(node, group), told))
        };
        let configured: Vec<_> = views.iter().filter_map(configured).collect();
        let greatest = configured.iter().map(|(epoch, ..)| *epoch).max();
        let newest = || {
            configured
                .iter()
                .filter(|(epoch, ..)| Some(*epoch) == greatest)
        };
        let told = newest().any(|(.., told)| *told);
        let newest: BTreeSet<Option<usize>> = newest().map(|(_, server, _)| *server).collect();
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
        let is_adopted = newest.len() == 1 && told;
        let masters = holders.keys().filter(|server| decides(server)).count();
        let only_the_down = !self.shape.features.reassert && !is_adopted && masters == 1;
        let votes = |(server, holders)| match decides(server) {
            true if only_the_down => 0,
            serves => holders + usize::from(serves),
        };
        holders.iter().map(votes).all(|votes| votes < needed)
    }
}
