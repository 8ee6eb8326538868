//! S4: at most one sentinel is elected for each (group, epoch), be it for a failover or to re-assert
//! a master, as long as the sets of voters that the two know cannot both have a majority of their
//! own: two elections with `a` and `b` votes needed two votes of somebody if there are fewer than
//! `a + b` voters that either knew or was answered by. Votes that a reference gave twice are known
//! (its defects W3, W4), and are counted twice.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::notice::EventName;
use rsentinel::types::RunId;

use super::Oracle;
use super::ballots::Ballots;
use super::said;
use crate::facts::{Fact, Kind, Scene};

/// A sentinel that was elected.
struct Leader {
    id: RunId,
    needed: usize,
    /// Whom it knew, itself among them, and who voted for it.
    voters: BTreeSet<RunId>,
}

/// The judge.
#[derive(Default)]
pub struct OneLeader {
    attempts: said::Attempts,
    ballots: Ballots,
    elected: BTreeMap<(usize, u64), Vec<Leader>>,
    exercised: u64,
    reasserted: u64,
}

impl OneLeader {
    fn elected(&mut self, scene: &Scene<'_>, group: usize, epoch: u64) -> Result<(), String> {
        let master = scene.view().and_then(|v| said::master(v, group));
        let Some(master) = master else {
            return Ok(());
        };
        let id = scene.at.id.clone();
        let mut voters = self.ballots.voters_for(group, epoch, &id);
        let peers = master.peers.iter().map(|p| RunId::new(&p.instance.run_id));
        voters.extend(peers.chain([id.clone()]));
        let needed = said::needed(master);
        self.exercised += 1;
        let leaders = self.elected.entry((group, epoch)).or_default();
        for before in leaders.iter().filter(|leader| leader.id != id) {
            let all = voters.union(&before.voters).count();
            let twice = self.ballots.doubled(group, epoch, &id, &before.id);
            if needed + before.needed > all + twice {
                return Err(format!(
                    "elected in epoch {epoch} of group {group} with {needed} votes, as {} was with {}, of {all} voters",
                    before.id, before.needed
                ));
            }
        }
        leaders.push(Leader { id, needed, voters });
        Ok(())
    }
}

impl Oracle for OneLeader {
    fn name(&self) -> &'static str {
        "S4"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Announced, Kind::Answered, Kind::Reasserted]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::Answered {
                question, opinion, ..
            } => {
                self.ballots.note(scene, question, opinion);
                Ok(())
            }
            Fact::Reasserted(won, _) => {
                self.reasserted += 1;
                self.elected(scene, won.group, won.epoch)
            }
            Fact::Announced(notice) => {
                let Some(group) = said::group(notice) else {
                    return Ok(());
                };
                self.attempts.note(scene, notice);
                if notice.name != EventName::ElectedLeader || self.attempts.forced(scene, group) {
                    return Ok(());
                }
                let epoch = self.attempts.epoch(scene, group);
                self.elected(scene, group, epoch)
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }

    fn parts(&self) -> Vec<(&'static str, u64)> {
        vec![("S4 of re-assertions", self.reasserted)]
    }
}
