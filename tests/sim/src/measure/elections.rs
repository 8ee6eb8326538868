//! Who stood, who voted and who won, as it was said.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::notice::EventName;

use crate::world::{Said, What};

/// The elections of a round.
#[derive(Clone, Debug, Default)]
pub struct Elections {
    /// Who asked for votes in which epoch.
    candidates: BTreeMap<u64, BTreeSet<usize>>,
    /// The newest epoch in which a sentinel asked.
    newest: BTreeMap<usize, u64>,
    /// Who was elected: when (µs), who, in which epoch.
    pub won: Vec<(u64, usize, u64)>,
    /// When each sentinel first found the master down, in µs.
    found_down: BTreeMap<usize, u64>,
    /// When each event was announced first, in µs.
    first: BTreeMap<EventName, u64>,
}

impl Elections {
    /// Takes in what was said.
    pub fn hear(&mut self, said: &Said) {
        match &said.what {
            What::AsksForVote(epoch) => {
                self.candidates.entry(*epoch).or_default().insert(said.node);
                self.newest.insert(said.node, *epoch);
            }
            What::Notice(name, text) => {
                // Of replicas and sentinels we want to know nothing here.
                if *name == EventName::Sdown && !text.starts_with("master ") {
                    return;
                }
                self.first.entry(*name).or_insert(said.at);
                if *name == EventName::Sdown {
                    self.found_down.entry(said.node).or_insert(said.at);
                }
                if *name == EventName::ElectedLeader {
                    let epoch = self.newest.get(&said.node).copied().unwrap_or(0);
                    self.won.push((said.at, said.node, epoch));
                }
            }
        }
    }

    /// When an event was announced first, in µs.
    pub fn first(&self, name: EventName) -> Option<u64> {
        self.first.get(&name).copied()
    }

    /// When so many sentinels had found the master down, in µs.
    pub fn found_down_by(&self, quorum: u32) -> Option<u64> {
        let mut when: Vec<u64> = self.found_down.values().copied().collect();
        when.sort_unstable();
        when.get((quorum as usize).saturating_sub(1)).copied()
    }

    /// More than one candidate stood in one epoch.
    pub fn split(&self) -> bool {
        self.candidates.values().any(|who| who.len() > 1)
    }

    /// Nobody was elected in the first epoch in which anybody stood.
    pub fn first_lost(&self) -> bool {
        let first = self.candidates.keys().next();
        first.is_some_and(|first| !self.won.iter().any(|(_, _, epoch)| epoch == first))
    }

    /// How many epochs saw a candidate.
    pub fn epochs(&self) -> u64 {
        self.candidates.len() as u64
    }

    /// Elections won after an instant (µs).
    pub fn won_after(&self, at: u64) -> u64 {
        self.won.iter().filter(|(when, ..)| *when > at).count() as u64
    }
}
