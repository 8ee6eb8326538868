//! The judges: one file for each invariant. Each sees every fact, keeps what it needs, and counts
//! how often it was put to a test that could have failed.

mod l03_it_ends;
mod odown;
mod s01_one_vote;
mod s02_durable_first;
mod s03_never_back;
mod s04_one_leader;
mod s05_counted_epoch;
mod s06_one_address;
mod s07_one_target;
mod s08_no_self_harm;
mod s09_patience;
mod s10_newer_only;
mod s11_tilt;
mod s12_down_late;
mod s13_voters;
mod s14_best_replica;
mod s15_reload;
pub(crate) mod said;
mod void_epochs;
mod w2ft;

use crate::facts::{Fact, Kind, Scene};

/// A judge of one invariant.
pub trait Oracle {
    /// `S1` … `S15`, `L3`, or the name of a rule.
    fn name(&self) -> &'static str;
    /// The kinds of facts it looks at; it is shown no others.
    fn watches(&self) -> &'static [Kind] {
        Kind::ALL
    }
    /// Takes a fact in; an error text if it breaks the invariant.
    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String>;
    /// How often the invariant could have been broken.
    fn exercised(&self) -> u64;
}

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: &'static str,
    /// When, in ms of world time.
    pub at: u64,
    /// How.
    pub text: String,
}

fn watched(watchers: &[Vec<usize>]) -> u32 {
    let some = |(kind, who): (usize, &Vec<usize>)| u32::from(!who.is_empty()) << kind;
    watchers.iter().enumerate().map(some).sum()
}

/// All judges of a run.
#[derive(Default)]
pub struct Oracles {
    all: Vec<Box<dyn Oracle>>,
    /// Who looks at each kind of fact, in the order of `all`.
    watchers: Vec<Vec<usize>>,
    /// The kinds that anybody looks at, a bit each.
    watched: u32,
}

impl Oracles {
    /// Every judge of safety, and those of liveness that can judge while faults last.
    pub fn standard() -> Self {
        Self::of(vec![
            Box::<s01_one_vote::OneVote>::default(),
            Box::<s02_durable_first::DurableFirst>::default(),
            Box::<s03_never_back::NeverBack>::default(),
            Box::<s04_one_leader::OneLeader>::default(),
            Box::<s05_counted_epoch::CountedEpoch>::default(),
            Box::<s06_one_address::OneAddress>::default(),
            Box::<s07_one_target::OneTarget>::default(),
            Box::<s08_no_self_harm::NoSelfHarm>::default(),
            Box::<s09_patience::Patience>::default(),
            Box::<s10_newer_only::NewerOnly>::default(),
            Box::<s11_tilt::Tilt>::default(),
            Box::<s12_down_late::DownLate>::default(),
            Box::<s13_voters::Voters>::default(),
            Box::<s14_best_replica::BestReplica>::default(),
            Box::<s15_reload::Reload>::default(),
            Box::<odown::Agreed>::default(),
            Box::<w2ft::Wait>::default(),
            Box::<l03_it_ends::ItEnds>::default(),
            Box::<void_epochs::VoidEpochs>::default(),
        ])
    }

    /// These judges.
    pub fn of(all: Vec<Box<dyn Oracle>>) -> Self {
        let watchers: Vec<Vec<usize>> = Kind::ALL
            .iter()
            .map(|kind| {
                (0..all.len())
                    .filter(|at| all[*at].watches().contains(kind))
                    .collect()
            })
            .collect();
        Oracles {
            all,
            watched: watched(&watchers),
            watchers,
        }
    }

    /// The same judges, but each is shown every fact.
    pub fn watching_all(mut self) -> Self {
        self.watchers = vec![(0..self.all.len()).collect(); Kind::ALL.len()];
        self.watched = watched(&self.watchers);
        self
    }

    /// Somebody looks at facts of this kind.
    pub fn watch(&self, kind: Kind) -> bool {
        self.watched >> kind as u32 & 1 == 1
    }

    /// The names of all invariants that are judged.
    pub fn names(&self) -> Vec<&'static str> {
        self.all.iter().map(|o| o.name()).collect()
    }

    /// Lets every judge see a fact; the first objection.
    pub fn judge(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), Violation> {
        for at in self
            .watchers
            .get(fact.kind() as usize)
            .into_iter()
            .flatten()
        {
            let oracle = &mut self.all[*at];
            if let Err(text) = oracle.see(scene, fact) {
                return Err(Violation {
                    invariant: oracle.name(),
                    at: scene.now,
                    text: format!("sentinel {}: {text}", scene.node),
                });
            }
        }
        Ok(())
    }

    /// How often each invariant was exercised.
    pub fn exercised(&self) -> Vec<(&'static str, u64)> {
        self.all.iter().map(|o| (o.name(), o.exercised())).collect()
    }
}
