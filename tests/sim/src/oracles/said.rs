//! Reading what events and questions say.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::event::DownQuestion;
use rsentinel::core::notice::{EventName, Notice};
use rsentinel::core::view::{MasterView, View};
use rsentinel::core::{Ask, MasterId};

use crate::facts::{Fact, Scene};
use crate::shape::{Shape, server_of_host};

/// The group of an event.
pub fn group(notice: &Notice) -> Option<usize> {
    group_of_name(notice.master.as_ref()?.as_str())
}

/// The group of a name.
pub fn group_of_name(name: &str) -> Option<usize> {
    Shape::group_of_name(name)
}

/// The group a question is about.
pub fn group_asked(shape: &Shape, question: &DownQuestion) -> Option<usize> {
    let server = server_of_host(&question.host).filter(|s| *s < shape.servers())?;
    Some(shape.group_of(server))
}

/// A request for a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteRequest {
    /// The server it is about.
    pub server: usize,
    /// The group of that server.
    pub group: usize,
    /// The same as the core numbers it.
    pub about: MasterId,
    /// The epoch of the vote.
    pub epoch: u64,
}

/// What a sentinel asks for a vote, if the fact is that it does.
pub fn vote_request(shape: &Shape, fact: &Fact<'_>) -> Option<VoteRequest> {
    let Fact::Sent {
        ask:
            Ask::MasterDown {
                peer,
                epoch,
                candidate: Some(_),
                host,
                ..
            },
        ..
    } = fact
    else {
        return None;
    };
    let server = server_of_host(host).filter(|s| *s < shape.servers())?;
    Some(VoteRequest {
        server,
        group: shape.group_of(server),
        about: peer.master,
        epoch: epoch.get(),
    })
}

/// The server that an event of the form `<type> <name> <host> <port> …` is about.
pub fn server(notice: &Notice) -> Option<usize> {
    let mut words = notice.text.split(' ');
    let kind = words.next()?;
    (kind != "sentinel").then_some(())?;
    server_of_host(words.nth(1)?)
}

/// Whom a vote is for and in which epoch, if the event is one.
pub fn vote(notice: &Notice) -> Option<(&str, u64)> {
    if notice.name != EventName::VoteForLeader {
        return None;
    }
    let (id, epoch) = notice.text.split_once(' ')?;
    Some((id, epoch.parse().ok()?))
}

/// The epoch of an own vote, if the event is one.
pub fn own_vote(scene: &Scene<'_>, notice: &Notice) -> Option<u64> {
    let (id, epoch) = vote(notice)?;
    (id == scene.at.id.as_str()).then_some(epoch)
}

/// A group in a view.
pub fn master(view: &View, group: usize) -> Option<&MasterView> {
    view.master(&Shape::group_name(group))
}

/// A failover that an operator ordered is in progress.
fn forced(master: &MasterView) -> bool {
    master.instance.flags.contains("force_failover")
}

/// More than half of the voters that a sentinel knows, itself among them.
pub fn majority(master: &MasterView) -> usize {
    let voters = master.peers.len() + 1;
    voters / 2 + 1
}

/// A failover that an operator ordered the master to do by itself is in progress.
pub fn coordinated(master: &MasterView) -> bool {
    master.instance.flags.contains("coordinated_failover")
}

/// The least number of votes that wins.
pub fn needed(master: &MasterView) -> usize {
    majority(master).max(master.quorum as usize)
}

/// Something known of each (sentinel, host).
pub struct OfPair<T>(Vec<Vec<Option<T>>>);

impl<T> Default for OfPair<T> {
    fn default() -> Self {
        OfPair(Vec::new())
    }
}

impl<T: Copy> OfPair<T> {
    /// Of this pair.
    pub fn get(&self, node: usize, host: usize) -> Option<T> {
        self.0.get(node)?.get(host).copied().flatten()
    }

    /// Notes it, or with `None` forgets it.
    pub fn set(&mut self, node: usize, host: usize, to: Option<T>) {
        if host == usize::MAX {
            // No host of this world has the address.
            return;
        }
        if self.0.len() <= node {
            self.0.resize_with(node + 1, Vec::new);
        }
        let hosts = &mut self.0[node];
        if hosts.len() <= host {
            hosts.resize(host + 1, None);
        }
        hosts[host] = to;
    }

    /// Forgets all that a sentinel knew.
    pub fn forget(&mut self, node: usize) {
        if let Some(hosts) = self.0.get_mut(node) {
            hosts.clear();
        }
    }
}

/// What is known of the attempts of every sentinel: the epoch of its last own vote, and whether an
/// operator ordered the attempt in progress.
#[derive(Default)]
pub struct Attempts {
    epochs: BTreeMap<(usize, usize), u64>,
    forced: BTreeSet<(usize, usize)>,
    coordinated: BTreeSet<(usize, usize)>,
}

impl Attempts {
    /// Takes an event in.
    pub fn note(&mut self, scene: &Scene<'_>, notice: &Notice) {
        let Some(group) = group(notice) else { return };
        let key = (scene.node, group);
        if let Some(epoch) = own_vote(scene, notice) {
            self.epochs.insert(key, epoch);
        }
        if notice.name == EventName::TryFailover {
            let view = scene.view();
            if view.is_some_and(|v| master(v, group).is_some_and(forced)) {
                self.forced.insert(key);
            } else {
                self.forced.remove(&key);
            }
            if view.is_some_and(|v| master(v, group).is_some_and(coordinated)) {
                self.coordinated.insert(key);
            } else {
                self.coordinated.remove(&key);
            }
        }
    }

    /// The epoch of the last own vote.
    pub fn epoch(&self, scene: &Scene<'_>, group: usize) -> u64 {
        self.epochs.get(&(scene.node, group)).copied().unwrap_or(0)
    }

    /// The last attempt was ordered by an operator.
    pub fn forced(&self, scene: &Scene<'_>, group: usize) -> bool {
        self.forced.contains(&(scene.node, group))
    }

    /// The last attempt was one that an operator ordered the master to do by itself.
    pub fn coordinated(&self, scene: &Scene<'_>, group: usize) -> bool {
        self.coordinated.contains(&(scene.node, group))
    }
}
