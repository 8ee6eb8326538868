//! Early retry: whoever tries again before the wait is over has ended an attempt in an epoch in
//! which no real core has been or will be elected, to re-assert a master neither. (A reference
//! counts across epochs: it may be elected in an epoch whose votes it never had. And one that voted
//! twice may have told each candidate another vote: its defects W3, W4.) As for S4, the majorities of
//! the two must meet: a sentinel that was RESET may know no other voter, and elect itself.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::notice::EventName;
use rsentinel::core::view::MasterView;
use rsentinel::types::RunId;

use super::Oracle;
use super::ballots::Ballots;
use super::said;
use crate::facts::{Fact, Kind, Scene};

/// An attempt that an operator did not order.
#[derive(Clone, Copy)]
struct Attempt {
    begun: u64,
    /// The greatest epoch in which votes were asked for. (An own vote that never reached the disk
    /// is told nowhere: requests say the epoch.)
    asked: u64,
    /// It was given up.
    given_up: bool,
}

/// So many votes, of these voters.
#[derive(Clone)]
struct Votes {
    count: usize,
    of: BTreeSet<RunId>,
}

impl Votes {
    /// A majority of the voters that a sentinel knows, itself among them, or what elects it.
    fn known_to(scene: &Scene<'_>, master: &MasterView, count: impl Fn(usize) -> usize) -> Self {
        let peers = master.peers.iter().map(|p| RunId::new(&p.instance.run_id));
        let of: BTreeSet<RunId> = peers.chain([scene.at.id.clone()]).collect();
        Votes {
            count: count(of.len()),
            of,
        }
    }

    /// Somebody's vote is among both.
    fn meet(&self, other: &Votes) -> bool {
        self.count + other.count > self.of.union(&other.of).count()
    }
}

/// The judge.
#[derive(Default)]
pub struct VoidEpochs {
    attempts: said::Attempts,
    ballots: Ballots,
    /// The last attempt of each sentinel for each group.
    last: BTreeMap<(usize, usize), Attempt>,
    /// The votes for others that proved an epoch void.
    held_void: BTreeMap<(usize, u64), Vec<Votes>>,
    elected: BTreeMap<(usize, u64), BTreeMap<RunId, Votes>>,
    exercised: u64,
}

impl VoidEpochs {
    fn elected(&mut self, scene: &Scene<'_>, group: usize, epoch: u64) -> Result<(), String> {
        let id = scene.at.id.clone();
        let Some(master) = scene.view().and_then(|v| said::master(v, group)) else {
            return Ok(());
        };
        let excused = self.ballots.any_doubled(group, epoch, &id);
        let votes = Votes::known_to(scene, master, |_| said::needed(master));
        let held = self.held_void.get(&(group, epoch));
        let held_void = held.into_iter().flatten().any(|void| void.meet(&votes));
        let leaders = self.elected.entry((group, epoch)).or_default();
        leaders.insert(id, votes);
        if held_void && !excused {
            return Err(format!(
                "elected in epoch {epoch} of group {group}, which another held to be void"
            ));
        }
        Ok(())
    }

    /// Votes are asked for, or the own one is given.
    fn asks(&mut self, scene: &Scene<'_>, group: usize, epoch: u64) {
        let attempt = self.last.get_mut(&(scene.node, group));
        if let Some(attempt) = attempt.filter(|a| !a.given_up) {
            attempt.asked = attempt.asked.max(epoch);
        }
    }

    /// A new attempt begins.
    fn tries(&mut self, scene: &Scene<'_>, group: usize) -> Result<(), String> {
        let attempt = Attempt {
            begun: scene.now,
            asked: 0,
            given_up: false,
        };
        let before = self.last.insert((scene.node, group), attempt);
        let master = scene.view().and_then(|v| said::master(v, group));
        let (Some(before), Some(master)) = (before.filter(|a| a.given_up), master) else {
            return Ok(());
        };
        let epoch = before.asked;
        // A configuration of that epoch has been published since: its failover is over.
        let over = master.config_epoch.get() >= epoch;
        if scene.now - before.begun >= 2 * master.failover_timeout || over {
            return Ok(());
        }
        self.exercised += 1;
        let void = Votes::known_to(scene, master, |voters| voters / 2 + 1);
        let leaders = self.elected.get(&(group, epoch));
        let mut leaders = leaders.into_iter().flatten();
        let leader = leaders
            .find(|(id, votes)| void.meet(votes) && !self.ballots.any_doubled(group, epoch, id));
        let held = self.held_void.entry((group, epoch)).or_default();
        held.push(void.clone());
        match leader {
            Some((leader, _)) => Err(format!(
                "tries again early, but {leader} was elected in epoch {epoch} of group {group}"
            )),
            None => Ok(()),
        }
    }
}

impl Oracle for VoidEpochs {
    fn name(&self) -> &'static str {
        "VOID"
    }

    fn watches(&self) -> &'static [Kind] {
        &[
            Kind::Born,
            Kind::Announced,
            Kind::Answered,
            Kind::SentQuestion,
            Kind::Reasserted,
        ]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if !scene.shape.features.early_retry {
            return Ok(());
        }
        if let Fact::Answered {
            question, opinion, ..
        } = fact
        {
            self.ballots.note(scene, question, opinion);
        }
        if scene.is_reference() {
            return Ok(());
        }
        if let Some(request) = said::vote_request(scene.shape, fact) {
            self.asks(scene, request.group, request.epoch);
            return Ok(());
        }
        let notice = match fact {
            Fact::Born(_) => {
                self.last.retain(|(node, _), _| *node != scene.node);
                return Ok(());
            }
            Fact::Reasserted(won, _) => return self.elected(scene, won.group, won.epoch),
            Fact::Announced(notice) => notice,
            _ => return Ok(()),
        };
        let Some(group) = said::group(notice) else {
            return Ok(());
        };
        self.attempts.note(scene, notice);
        let key = (scene.node, group);
        if let Some(epoch) = said::own_vote(scene, notice) {
            self.asks(scene, group, epoch);
        }
        match notice.name {
            EventName::SwitchMaster | EventName::ResetMaster | EventName::Unmonitor => {
                self.last.remove(&key);
            }
            EventName::AbortNotElected => {
                if let Some(attempt) = self.last.get_mut(&key) {
                    attempt.given_up = true;
                }
            }
            // An order to the master itself, if it comes to nothing, is as if it had not been given.
            EventName::TryFailover
                if self.attempts.forced(scene, group)
                    || self.attempts.coordinated(scene, group) =>
            {
                self.last.remove(&key);
            }
            EventName::TryFailover => return self.tries(scene, group),
            EventName::ElectedLeader if !self.attempts.forced(scene, group) => {
                let epoch = self.attempts.epoch(scene, group);
                return self.elected(scene, group, epoch);
            }
            _ => {}
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }
}
