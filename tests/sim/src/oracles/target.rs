//! The target rule of re-assertion elections: votes are asked for only while two servers dispute
//! one group and no config epoch decides; for a server that is up and has called itself a master in
//! an INFO asked since then, of several the one that most voters name; once within twice
//! `failover-timeout`; and what is published is that server, which is a master still.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::notice::EventName;
use rsentinel::core::view::MasterView;
use rsentinel::types::RunId;
use rsentinel::wire::{Hello, Role};

use super::Oracle;
use super::reassertions::{LONGEST, Reassertion};
use super::said;
use crate::facts::{Fact, Kind, Scene};
use crate::shape::{Shape, server_of_host};

/// What a peer said counts for so many ms.
const GOSSIP: u64 = 6_000;
/// A conflict is left alone for at least so many ms.
const WAIT: u64 = 2_000;
/// Clocks of processes are read in whole ms.
const SLACK: u64 = 10;

/// What a peer said last.
#[derive(Clone, Copy)]
struct Gossip {
    server: usize,
    config_epoch: u64,
    at: u64,
}

/// What a server said last.
#[derive(Clone, Copy)]
struct Word {
    role: Role,
    /// When it was asked.
    asked: u64,
    /// Since when it has said nothing else.
    since: u64,
}

/// An election.
#[derive(Clone, Copy)]
struct Election {
    target: usize,
    begun: u64,
    /// The conflict was not seen before this.
    conflict: u64,
    /// In which ms the address changed, and whether the target was down at that moment.
    switched: Option<(u64, bool)>,
}

/// The judge.
#[derive(Default)]
pub struct Target {
    gossip: BTreeMap<(usize, usize), BTreeMap<RunId, Gossip>>,
    /// When a sentinel was first told of a server under a config epoch, by sentinel and group.
    first_told: BTreeMap<(usize, usize), BTreeMap<(u64, usize), u64>>,
    words: said::OfPair<Word>,
    down: BTreeSet<(usize, usize)>,
    elections: BTreeMap<(usize, usize), Election>,
    exercised: u64,
    won: u64,
}

/// The server that a master's record is about.
fn named(master: &MasterView) -> Option<usize> {
    server_of_host(&master.effective.0)
}

/// The sentinel holds the server to be down.
fn is_down(master: &MasterView, server: usize) -> bool {
    let replicas = master.replicas.iter().map(|r| &r.instance);
    let mut records = replicas.chain([&master.instance]);
    records.any(|i| server_of_host(&i.ip) == Some(server) && i.flags.contains("s_down"))
}

impl Target {
    fn hears(&mut self, scene: &Scene<'_>, hello: &Hello) {
        let group = said::group_of_name(hello.master.as_str());
        let (Some(group), Some(server)) = (group, server_of_host(&hello.master_host)) else {
            return;
        };
        let key = (scene.node, group);
        let config_epoch = hello.config_epoch.get();
        let said = Gossip {
            server,
            config_epoch,
            at: scene.now,
        };
        let of_group = self.gossip.entry(key).or_default();
        match of_group.get_mut(&hello.id) {
            Some(before) => *before = said,
            None => {
                of_group.insert(hello.id.clone(), said);
            }
        }
        let first = self.first_told.entry(key).or_default();
        first.entry((config_epoch, server)).or_insert(scene.now);
    }

    /// How many peers have named a server within so many ms.
    fn naming(&self, key: (usize, usize), server: usize, within: u64, now: u64) -> usize {
        let said = self.gossip.get(&key).into_iter().flatten();
        said.filter(|(_, g)| g.server == server && now <= g.at + within)
            .count()
    }

    fn serves(&self, node: usize, server: usize, asked_since: u64) -> bool {
        self.words
            .get(node, server)
            .is_some_and(|word| word.role == Role::Master && word.asked + SLACK >= asked_since)
    }

    /// The servers that dispute the one of the record.
    fn disputing(&self, key: (usize, usize), master: &MasterView, now: u64) -> BTreeSet<usize> {
        let own = named(master);
        let config_epoch = master.config_epoch.get();
        let demoted = own
            .and_then(|own| self.words.get(key.0, own))
            .is_some_and(|word| word.role == Role::Replica);
        let majority = said::majority(master);
        let fresh = self.gossip.get(&key).into_iter().flatten();
        fresh
            .filter(|(_, g)| now <= g.at + GOSSIP + SLACK)
            .filter(|(_, g)| {
                let voters = self.naming(key, g.server, GOSSIP + SLACK, now);
                g.config_epoch == config_epoch && config_epoch > 0 || demoted && voters >= majority
            })
            .map(|(_, g)| g.server)
            .filter(|server| Some(*server) != own)
            .collect()
    }

    /// The conflict was not seen before this.
    fn conflict_since(&self, key: (usize, usize), master: &MasterView) -> Option<u64> {
        let own = named(master)?;
        let config_epoch = master.config_epoch.get();
        let told = self.first_told.get(&key).into_iter().flatten();
        let told = told
            .filter(|((epoch, server), _)| *epoch == config_epoch && *server != own)
            .map(|(_, at)| *at);
        let word = self.words.get(key.0, own);
        let demoted = word.filter(|w| w.role == Role::Replica).map(|w| w.since);
        told.chain(demoted).min()
    }

    fn asks(&mut self, scene: &Scene<'_>, asked: &Reassertion) -> Result<(), String> {
        let key = (scene.node, asked.group);
        let Some(master) = scene.view().and_then(|v| said::master(v, asked.group)) else {
            return Ok(());
        };
        let (target, now) = (asked.target, scene.now);
        if let Some(before) = self.elections.get(&key) {
            if now <= before.begun + LONGEST.min(master.failover_timeout + 1_000) {
                // It follows a greater epoch.
                if before.target == target {
                    return Ok(());
                }
                return Err(format!(
                    "asks to re-assert server {target}, and {} ms ago server {}",
                    now - before.begun,
                    before.target
                ));
            }
            if now - before.begun + SLACK < 2 * master.failover_timeout {
                return Err(format!(
                    "asks to re-assert again after {} ms, failover-timeout is {}",
                    now - before.begun,
                    master.failover_timeout
                ));
            }
        }
        let disputing = self.disputing(key, master, now);
        let conflict = self.conflict_since(key, master);
        let (Some(conflict), false) = (conflict, disputing.is_empty()) else {
            return Err(format!(
                "asks to re-assert server {target}, but nobody disputes {:?} under epoch {}",
                master.effective, master.config_epoch
            ));
        };
        self.exercised += 1;
        let election = Election {
            target,
            begun: now,
            conflict,
            switched: None,
        };
        self.elections.insert(key, election);
        let own = named(master);
        if Some(target) != own && !disputing.contains(&target) {
            return Err(format!(
                "asks to re-assert server {target}, disputed are {own:?} and {disputing:?}"
            ));
        }
        if is_down(master, target) || !self.serves(scene.node, target, conflict) {
            return Err(format!(
                "asks to re-assert server {target}, of which is known: {} since {conflict}",
                self.known(scene.node, target, is_down(master, target))
            ));
        }
        let voters = self.naming(key, target, GOSSIP + SLACK, now);
        for other in disputing.into_iter().chain(own) {
            let fit = !is_down(master, other)
                && self.serves(scene.node, other, now.saturating_sub(WAIT) + SLACK);
            let more = self.naming(key, other, GOSSIP - SLACK, now);
            if other != target && fit && more > voters {
                return Err(format!(
                    "asks to re-assert server {target}, named by {voters}, though {more} name server {other}"
                ));
            }
        }
        Ok(())
    }

    fn known(&self, node: usize, server: usize, down: bool) -> String {
        let word = self.words.get(node, server);
        let word = word.map(|w| (w.role, w.asked));
        format!("down {down}, role and when it was asked {word:?}")
    }

    fn wins(&mut self, scene: &Scene<'_>, won: &Reassertion) -> Result<(), String> {
        let key = (scene.node, won.group);
        let master = scene.view().and_then(|v| said::master(v, won.group));
        let (Some(master), Some(election)) = (master, self.elections.get(&key)) else {
            return Ok(());
        };
        self.won += 1;
        if named(master) != Some(won.target) {
            return Err(format!(
                "publishes {:?} when it is elected to re-assert server {}",
                master.effective, won.target
            ));
        }
        let down = match election.switched {
            Some((at, down)) if at == scene.now => down,
            _ => is_down(master, won.target),
        };
        if down || !self.serves(scene.node, won.target, election.conflict) {
            return Err(format!(
                "re-asserts server {}, of which is known: {} since {}",
                won.target,
                self.known(scene.node, won.target, down),
                election.conflict
            ));
        }
        Ok(())
    }

    fn announced(&mut self, scene: &Scene<'_>, notice: &rsentinel::core::notice::Notice) {
        let Some(group) = said::group(notice) else {
            return;
        };
        let key = (scene.node, group);
        let server = said::server(notice).map(|server| (scene.node, server));
        match (notice.name, server) {
            (EventName::Sdown, Some(server)) => {
                self.down.insert(server);
            }
            (EventName::SdownEnd, Some(server)) => {
                self.down.remove(&server);
            }
            (EventName::SwitchMaster | EventName::ResetMaster | EventName::Unmonitor, _) => {
                if let Some(election) = self.elections.get_mut(&key) {
                    let down = self.down.contains(&(scene.node, election.target));
                    election.switched = Some((scene.now, down));
                }
                let shape: &Shape = scene.shape;
                self.down
                    .retain(|(node, s)| *node != scene.node || shape.group_of(*s) != group);
                if notice.name == EventName::Unmonitor {
                    self.elections.remove(&key);
                    self.gossip.remove(&key);
                    self.first_told.remove(&key);
                }
            }
            _ => {}
        }
    }
}

impl Oracle for Target {
    fn name(&self) -> &'static str {
        "TARGET"
    }

    fn watches(&self) -> &'static [Kind] {
        &[
            Kind::Born,
            Kind::HeardHello,
            Kind::HeardInfo,
            Kind::Announced,
            Kind::AsksToReassert,
            Kind::Reasserted,
        ]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() {
            return Ok(());
        }
        match fact {
            Fact::Born(_) => {
                let node = scene.node;
                self.gossip.retain(|(of, _), _| *of != node);
                self.first_told.retain(|(of, _), _| *of != node);
                self.elections.retain(|(of, _), _| *of != node);
                self.down.retain(|(of, _)| *of != node);
                self.words.forget(node);
            }
            Fact::HeardHello(hello) if hello.id != scene.at.id => self.hears(scene, hello),
            Fact::HeardInfo {
                server,
                asked,
                report,
            } => {
                let before = self.words.get(scene.node, *server);
                let same = before.filter(|word| word.role == report.role);
                let word = Word {
                    role: report.role,
                    asked: asked / 1_000,
                    since: same.map_or(scene.now, |word| word.since),
                };
                self.words.set(scene.node, *server, Some(word));
            }
            Fact::Announced(notice) => self.announced(scene, notice),
            Fact::AsksToReassert(asked) => return self.asks(scene, asked),
            Fact::Reasserted(won, _) => return self.wins(scene, won),
            _ => {}
        }
        Ok(())
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }

    fn parts(&self) -> Vec<(&'static str, u64)> {
        vec![("TARGET when published", self.won)]
    }
}
