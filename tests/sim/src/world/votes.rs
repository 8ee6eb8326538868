//! How votes were divided: an epoch of a group in which several candidates got votes is contested,
//! and split when none of them was elected.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::notice::{EventName, Notice};

use crate::oracles::said;

/// The votes of a run.
#[derive(Debug, Default)]
pub struct Votes {
    /// Who got a vote, by group and epoch.
    candidates: BTreeMap<(usize, u64), BTreeSet<String>>,
    /// The epoch of the last vote for oneself, by sentinel and group.
    own: BTreeMap<(usize, usize), u64>,
    /// Groups and epochs with a leader.
    led: BTreeSet<(usize, u64)>,
}

impl Votes {
    /// Takes an event of a sentinel with this id in.
    pub fn note(&mut self, node: usize, id: &str, notice: &Notice) {
        let Some(group) = said::group(notice) else {
            return;
        };
        match notice.name {
            EventName::VoteForLeader => {
                let Some((voted_for, epoch)) = said::vote(notice) else {
                    return;
                };
                if voted_for == id {
                    self.own.insert((node, group), epoch);
                }
                let candidates = self.candidates.entry((group, epoch)).or_default();
                candidates.insert(voted_for.to_owned());
            }
            EventName::ElectedLeader => {
                if let Some(epoch) = self.own.get(&(node, group)) {
                    self.led.insert((group, *epoch));
                }
            }
            _ => {}
        }
    }

    /// A re-assertion was won in this epoch.
    pub fn won(&mut self, group: usize, epoch: u64) {
        self.led.insert((group, epoch));
    }

    /// How many epochs were contested.
    pub fn contested(&self) -> u64 {
        self.contests().count() as u64
    }

    /// How many of them ended without a leader.
    pub fn split(&self) -> u64 {
        self.contests()
            .filter(|key| !self.led.contains(key))
            .count() as u64
    }

    fn contests(&self) -> impl Iterator<Item = &(usize, u64)> {
        let several = self.candidates.iter().filter(|(_, who)| who.len() > 1);
        several.map(|(key, _)| key)
    }
}
