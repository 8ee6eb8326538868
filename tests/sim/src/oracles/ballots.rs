//! Who voted for whom, as it was answered.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::action::DownOpinion;
use rsentinel::core::event::DownQuestion;
use rsentinel::types::RunId;

use super::said;
use crate::facts::Scene;

/// The voters of each candidate.
type OfCandidates = BTreeMap<RunId, BTreeSet<RunId>>;

/// All votes that were ever answered.
#[derive(Default)]
pub struct Ballots {
    /// By group and epoch.
    answered: BTreeMap<(usize, u64), OfCandidates>,
    /// The ids of modelled references.
    references: BTreeSet<RunId>,
}

impl Ballots {
    /// Takes an answer in.
    pub fn note(&mut self, scene: &Scene<'_>, question: &DownQuestion, opinion: &DownOpinion) {
        let group = said::group_asked(scene.shape, question);
        let (Some(group), Some(candidate)) = (group, &opinion.leader) else {
            return;
        };
        let key = (group, opinion.epoch.get());
        let candidates = self.answered.entry(key).or_default();
        let voters = candidates.entry(candidate.clone()).or_default();
        voters.insert(scene.at.id.clone());
        if scene.is_reference() {
            self.references.insert(scene.at.id.clone());
        }
    }

    /// Who answered with a vote for this candidate.
    pub fn voters_for(&self, group: usize, epoch: u64, candidate: &RunId) -> BTreeSet<RunId> {
        let candidates = self.answered.get(&(group, epoch));
        let voters = candidates.and_then(|c| c.get(candidate));
        voters.cloned().unwrap_or_default()
    }

    /// The references that voted for this candidate and, in the same epoch, for the other too: a
    /// vote whose write failed is forgotten in a crash (W3), REMOVE and MONITOR forget any (W4).
    pub fn doubled(&self, group: usize, epoch: u64, one: &RunId, other: &RunId) -> usize {
        let for_one = self.voters_for(group, epoch, one);
        let for_other = self.voters_for(group, epoch, other);
        let both = for_one.intersection(&for_other);
        both.filter(|id| self.references.contains(*id)).count()
    }

    /// A reference voted for this candidate and, in the same epoch, for another too.
    pub fn any_doubled(&self, group: usize, epoch: u64, candidate: &RunId) -> bool {
        let candidates = self.answered.get(&(group, epoch));
        let mut others = candidates.into_iter().flat_map(|c| c.keys());
        others.any(|other| other != candidate && self.doubled(group, epoch, candidate, other) > 0)
    }
}
