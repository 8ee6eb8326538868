//! Re-assertion elections. No event tells of them: a real core that asks for votes while it attempts
//! no failover asks for a re-assertion, and one whose config epoch rises afterwards, though nobody
//! told it of such a configuration, has published one by itself.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::Ask;
use rsentinel::core::notice::EventName;

use super::said;
use crate::facts::{Fact, Kind, Scene};

/// How long, in ms, an election may last: the limit of the core, with some time to spare.
pub const LONGEST: u64 = 11_000;

/// Votes are asked for, to publish a server that is a master already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reassertion {
    /// The group.
    pub group: usize,
    /// The epoch of the votes.
    pub epoch: u64,
    /// The server to be published.
    pub target: usize,
}

/// What a fact tells of a re-assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Votes of this epoch are asked for, by the first request.
    Asks(Reassertion),
    /// A configuration has been published, under this epoch.
    Wins(Reassertion, u64),
}

/// The votes that a sentinel asks for.
struct Asked {
    what: Reassertion,
    since: u64,
    /// The config epoch of that moment.
    config_epoch: u64,
}

/// All re-assertions of a run.
#[derive(Default)]
pub struct Reassertions {
    /// By sentinel and group.
    asked: BTreeMap<(usize, usize), Asked>,
    /// Who attempts a failover and is not elected yet. (The state that can be looked at is always
    /// that after the turn, which may have ended an attempt that had asked for votes.)
    trying: BTreeSet<(usize, usize)>,
    /// The config epochs that a sentinel has been told of.
    told: BTreeMap<(usize, usize), BTreeSet<u64>>,
}

impl Reassertions {
    /// The kinds of facts that tell of a re-assertion.
    pub const WATCHED: &'static [Kind] = &[
        Kind::Born,
        Kind::HeardHello,
        Kind::Announced,
        Kind::SentQuestion,
        Kind::SentHello,
        Kind::TurnEnded,
    ];

    /// Takes a fact in.
    pub fn note(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Option<Step> {
        if scene.is_reference() {
            return None;
        }
        match fact {
            Fact::TurnEnded => {
                self.drop_ended_attempts(scene);
                return self.over(scene);
            }
            // It is told before the turn is over.
            Fact::Sent {
                ask: Ask::Hello { .. },
                ..
            } => return self.over(scene),
            Fact::Born(_) => {
                self.asked.retain(|(node, _), _| *node != scene.node);
                self.trying.retain(|(node, _)| *node != scene.node);
                self.told.retain(|(node, _), _| *node != scene.node);
            }
            Fact::HeardHello(hello) if hello.id != scene.at.id => {
                if let Some(group) = said::group_of_name(hello.master.as_str()) {
                    let told = self.told.entry((scene.node, group)).or_default();
                    told.insert(hello.config_epoch.get());
                }
            }
            Fact::Announced(notice) => {
                let key = (scene.node, said::group(notice)?);
                match notice.name {
                    EventName::TryFailover => {
                        self.asked.remove(&key);
                        self.trying.insert(key);
                    }
                    EventName::ElectedLeader | EventName::AbortNotElected => {
                        self.trying.remove(&key);
                    }
                    EventName::Unmonitor => {
                        self.asked.remove(&key);
                        self.trying.remove(&key);
                    }
                    _ => {}
                }
            }
            _ => return self.asks(scene, said::vote_request(scene.shape, fact)?),
        }
        None
    }

    fn asks(&mut self, scene: &Scene<'_>, request: said::VoteRequest) -> Option<Step> {
        let key = (scene.node, request.group);
        let known = self.asked.get(&key);
        if self.trying.contains(&key) || known.is_some_and(|a| a.what.epoch == request.epoch) {
            return None;
        }
        let master = said::master(scene.view()?, request.group)?;
        let what = Reassertion {
            group: request.group,
            epoch: request.epoch,
            target: request.server,
        };
        let asked = Asked {
            what,
            since: scene.now,
            config_epoch: master.config_epoch.get(),
        };
        self.asked.insert(key, asked);
        Some(Step::Asks(what))
    }

    fn drop_ended_attempts(&mut self, scene: &Scene<'_>) {
        let of_node = (scene.node, 0)..=(scene.node, usize::MAX);
        let silent = |(_, group): &(usize, usize)| {
            let master = scene.view().and_then(|v| said::master(v, *group));
            master.is_none_or(|m| m.failover_state.is_none())
        };
        while let Some(key) = self.trying.range(of_node.clone()).copied().find(silent) {
            self.trying.remove(&key);
        }
    }

    /// A request for votes that has come to its end, in a publication or not.
    fn over(&mut self, scene: &Scene<'_>) -> Option<Step> {
        let of_node = (scene.node, 0)..=(scene.node, usize::MAX);
        let mut over = None;
        for (key, asked) in self.asked.range(of_node) {
            let what = asked.what;
            let master = scene.view().and_then(|v| said::master(v, what.group));
            let published = master.map_or(0, |m| m.config_epoch.get());
            if published > asked.config_epoch {
                let told = self.told.get(key).is_some_and(|t| t.contains(&published));
                over = Some((*key, (!told).then_some(Step::Wins(what, published))));
            } else if scene.now > asked.since + LONGEST {
                over = Some((*key, None));
            }
        }
        let (key, step) = over?;
        self.asked.remove(&key);
        step
    }
}
