//! The judges: one file for each invariant. Each sees every fact, keeps what it needs, and counts
//! how often it was put to a test that could have failed.

mod ballots;
mod coordinated;
mod l03_it_ends;
mod odown;
mod reassertions;
mod s01_one_vote;
mod s02_durable_first;
mod s03_never_back;
mod s04_one_leader;
mod s05_counted_epoch;
mod s06_one_address;
mod s07_one_target;
mod s08_no_self_harm;
mod s09_slaveof;
mod s10_newer_only;
mod s11_tilt;
mod s12_down_late;
mod s13_voters;
mod s14_best_replica;
mod s15_reload;
pub(crate) mod said;
mod target;
mod void_epochs;
mod w2ft;

use crate::facts::{Fact, Kind, Scene};
use reassertions::Reassertions;

pub use reassertions::{Reassertion, Step};

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
    /// Kinds of such occasions that are counted by themselves, with their names.
    fn parts(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
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
    let watched: u32 = watchers.iter().enumerate().map(some).sum();
    let bit = |kind: &Kind| 1 << *kind as u32;
    // Who looks at re-assertions needs the facts that tell of them.
    if watched & (bit(&Kind::AsksToReassert) | bit(&Kind::Reasserted)) == 0 {
        return watched;
    }
    Reassertions::WATCHED
        .iter()
        .map(bit)
        .fold(watched, |all, one| all | one)
}

/// All judges of a run.
#[derive(Default)]
pub struct Oracles {
    all: Vec<Box<dyn Oracle>>,
    /// Who looks at each kind of fact, in the order of `all`.
    watchers: Vec<Vec<usize>>,
    /// The kinds that anybody looks at, a bit each.
    watched: u32,
    reassertions: Reassertions,
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
            Box::<s09_slaveof::Slaveof>::default(),
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
            Box::<target::Target>::default(),
            Box::<coordinated::Coordinated>::default(),
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
            reassertions: Reassertions::default(),
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

    /// Lets every judge see a fact, and what it tells of a re-assertion; the first objection.
    pub fn judge(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<Option<Step>, Violation> {
        // An election is judged before what it publishes: the hello would be found wrong in any case.
        if fact.kind() == Kind::SentHello {
            let step = self.reasserts(scene, fact)?;
            self.show(scene, fact)?;
            return Ok(step);
        }
        self.show(scene, fact)?;
        self.reasserts(scene, fact)
    }

    fn reasserts(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<Option<Step>, Violation> {
        let step = self.reassertions.note(scene, fact);
        match &step {
            Some(Step::Asks(what)) => self.show(scene, &Fact::AsksToReassert(what))?,
            Some(Step::Wins(what, published)) => {
                self.show(scene, &Fact::Reasserted(what, *published))?;
            }
            None => {}
        }
        Ok(step)
    }

    fn show(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), Violation> {
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

    /// How often each invariant was exercised, and the kinds that some tell apart.
    pub fn exercised(&self) -> Vec<(&'static str, u64)> {
        let counts = |o: &dyn Oracle| {
            let mut counts = vec![(o.name(), o.exercised())];
            counts.extend(o.parts());
            counts
        };
        self.all.iter().flat_map(|o| counts(&**o)).collect()
    }
}
