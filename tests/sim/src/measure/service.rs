//! What clients get: whom the running sentinels publish, and what that server is.

use crate::shape::server_of_host;
use crate::world::World;

/// Watches the first group from an instant on. All instants and spans are in µs.
#[derive(Clone, Debug)]
pub struct Service {
    old: usize,
    old_will_do: bool,
    last_look: u64,
    changes: u64,
    now: State,
    /// When a running sentinel first published another server than the old master.
    pub first: Option<u64>,
    /// When all running sentinels first published one serving master that will do.
    pub all: Option<u64>,
    /// Since when they have done so.
    pub since: Option<u64>,
    /// For how long some running sentinel published a server that was no serving master.
    pub no_master: u64,
    /// For how long some running sentinel published a living server that was a replica.
    pub replica: u64,
    /// The same, summed up over all running sentinels that did so.
    pub replica_by_all: u64,
    /// For how long two living servers were masters.
    pub two_masters: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    good: bool,
    no_master: bool,
    /// So many sentinels publish a living replica.
    replica: u64,
    two_masters: bool,
}

impl Service {
    /// Begins to watch now. `old_will_do`: the old master lives and may go on.
    pub fn begin(world: &World, old: usize, old_will_do: bool) -> Self {
        let mut service = Service {
            old,
            old_will_do,
            last_look: world.now,
            changes: u64::MAX,
            now: State::default(),
            first: None,
            all: None,
            since: None,
            no_master: 0,
            replica: 0,
            replica_by_all: 0,
            two_masters: 0,
        };
        service.look(world);
        service
    }

    /// Looks again; cheap while nothing has changed.
    pub fn look(&mut self, world: &World) {
        if self.changes == world.changes {
            return;
        }
        self.changes = world.changes;
        self.count_until(world.now);
        let mut named = (0..world.nodes.len())
            .filter(|n| world.nodes[*n].runs())
            .map(|n| {
                world
                    .published(n, 0)
                    .and_then(|(host, _)| server_of_host(host))
            })
            .collect::<Vec<_>>();
        let is_replica = |s: usize| world.servers[s].serves() && !world.servers[s].is_master();
        let replica = named.iter().flatten().filter(|s| is_replica(**s)).count() as u64;
        named.sort_unstable();
        named.dedup();
        let serving = |s: usize| world.servers[s].serves() && world.servers[s].is_master();
        let known = named.iter().flatten().copied();
        self.now = State {
            good: matches!(named[..], [Some(s)] if serving(s) && (self.old_will_do || s != self.old)),
            no_master: known.clone().any(|s| !serving(s)),
            replica,
            two_masters: (0..world.servers.len()).filter(|s| serving(*s)).count() > 1,
        };
        if self.first.is_none() && known.clone().any(|s| s != self.old) {
            self.first = Some(world.now);
        }
        if !self.now.good {
            self.since = None;
        } else if self.since.is_none() {
            self.since = Some(world.now);
            self.all.get_or_insert(world.now);
        }
    }

    /// Counts up to this instant.
    pub fn count_until(&mut self, now: u64) {
        let span = now - self.last_look;
        self.last_look = now;
        self.no_master += span * u64::from(self.now.no_master);
        self.replica += span * self.now.replica.min(1);
        self.replica_by_all += span * self.now.replica;
        self.two_masters += span * u64::from(self.now.two_masters);
    }

    /// One master, published by all, and has been so for this long.
    pub fn rests(&self, now: u64, long: u64) -> bool {
        !self.now.two_masters && self.since.is_some_and(|since| now >= since + long)
    }
}
