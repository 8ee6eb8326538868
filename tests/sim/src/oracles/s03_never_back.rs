//! S3: the current epoch, each config epoch and each leader epoch never decrease, across restarts
//! too; what was said or promised before a crash is still known after it.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::config::SentinelConf;
use rsentinel::core::Ask;
use rsentinel::core::event::Instruction;
use rsentinel::core::notice::EventName;
use rsentinel::types::MasterName;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};
use crate::shape::Shape;

/// The greatest epochs that were ever on disk.
#[derive(Default)]
struct OnDisk {
    current: u64,
    config: BTreeMap<MasterName, u64>,
    leader: BTreeMap<MasterName, u64>,
    /// Groups that were removed, until a state says so or has them anew: one on its way to the disk
    /// at that moment still has the old one.
    removed: BTreeSet<MasterName>,
}

impl OnDisk {
    fn take_in(&mut self, conf: &SentinelConf) -> Result<(), String> {
        grows(
            "current epoch on disk",
            &mut self.current,
            conf.current_epoch.get(),
        )?;
        let has = |name: &MasterName| conf.masters.iter().any(|m| m.name == *name);
        let gone: Vec<MasterName> = self.removed.iter().filter(|n| !has(n)).cloned().collect();
        for name in gone {
            self.removed.remove(&name);
            self.config.remove(&name);
        }
        for m in &conf.masters {
            let config = self.config.entry(m.name.clone()).or_default();
            if self.removed.contains(&m.name) && m.config_epoch.get() == 0 {
                self.removed.remove(&m.name);
                *config = 0;
            }
            grows("config epoch on disk", config, m.config_epoch.get())?;
            let leader = self.leader.entry(m.name.clone()).or_default();
            grows("leader epoch on disk", leader, m.leader_epoch.get())?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct Memory {
    current: u64,
    config: BTreeMap<MasterName, u64>,
    said_current: u64,
    promised: BTreeMap<MasterName, u64>,
    on_disk: OnDisk,
    said_config: BTreeMap<MasterName, u64>,
    /// A config epoch was said in this turn that no state handed to the disk has yet.
    ahead: Option<MasterName>,
}

/// The judge.
#[derive(Default)]
pub struct NeverBack {
    by_id: BTreeMap<String, Memory>,
    exercised: u64,
}

fn grows(what: &str, slot: &mut u64, new: u64) -> Result<bool, String> {
    if new < *slot {
        return Err(format!("{what} went back from {slot} to {new}"));
    }
    let grew = new > *slot;
    *slot = new;
    Ok(grew)
}

impl Memory {
    fn take_in(&mut self, conf: &SentinelConf) -> Result<u64, String> {
        // A vote whose write failed was never given: only what was spoken may not go back.
        let current = conf.current_epoch.get();
        if current < self.said_current {
            return Err(format!(
                "current epoch {current} after having said {}",
                self.said_current
            ));
        }
        let mut grew = u64::from(current > self.current);
        self.current = current;
        for m in &conf.masters {
            let config = self.config.entry(m.name.clone()).or_default();
            grew += u64::from(grows("config epoch", config, m.config_epoch.get())?);
            let promised = self.promised.get(&m.name).copied().unwrap_or(0);
            if m.leader_epoch.get() < promised {
                return Err(format!(
                    "leader epoch {} after a vote in {promised}",
                    m.leader_epoch
                ));
            }
        }
        Ok(grew)
    }

    fn reborn(&mut self, conf: &SentinelConf) -> Result<(), String> {
        let current = conf
            .masters
            .iter()
            .map(|m| m.leader_epoch.max(m.config_epoch))
            .fold(conf.current_epoch, Ord::max)
            .get();
        if current < self.said_current {
            return Err(format!(
                "restarts with epoch {current} after having said {}",
                self.said_current
            ));
        }
        for m in &conf.masters {
            let promised = self.promised.get(&m.name).copied().unwrap_or(0);
            if m.leader_epoch.get() < promised {
                return Err(format!(
                    "restarts with leader epoch {} after a vote in {promised}",
                    m.leader_epoch
                ));
            }
        }
        self.on_disk.take_in(conf)?;
        self.current = 0;
        self.config.clear();
        self.said_config.clear();
        self.ahead = None;
        self.take_in(conf).map(|_| ())
    }

    fn forget(&mut self, name: &MasterName) {
        // A group that is monitored again begins with no configuration, but not with an old vote.
        self.config.remove(name);
        self.on_disk.removed.insert(name.clone());
        self.said_config.remove(name);
    }
}

impl Oracle for NeverBack {
    fn name(&self) -> &'static str {
        "S3"
    }

    fn watches(&self) -> &'static [Kind] {
        &[
            Kind::Born,
            Kind::Announced,
            Kind::Instructed,
            Kind::SentHello,
            Kind::Answered,
            Kind::HandedOver,
            Kind::Durable,
            Kind::TurnEnded,
        ]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        if scene.is_reference() {
            return Ok(());
        }
        let relevant = matches!(
            fact,
            Fact::Born(_)
                | Fact::HandedOver(_)
                | Fact::Durable(_)
                | Fact::Announced(_)
                | Fact::TurnEnded
                | Fact::Answered { .. }
                | Fact::Instructed(Instruction::Remove { .. })
                | Fact::Sent {
                    ask: Ask::Hello { .. },
                    ..
                }
        );
        if !relevant {
            return Ok(());
        }
        if !self.by_id.contains_key(scene.at.id.as_str()) {
            self.by_id
                .insert(scene.at.id.as_str().to_owned(), Memory::default());
        }
        let Some(memory) = self.by_id.get_mut(scene.at.id.as_str()) else {
            return Ok(());
        };
        match fact {
            Fact::Born(conf) => {
                self.exercised += u64::from(memory.said_current > 0);
                memory.reborn(conf)
            }
            Fact::HandedOver(conf) => {
                self.exercised += memory.take_in(conf)?;
                Ok(())
            }
            Fact::Durable(conf) => memory.on_disk.take_in(conf),
            Fact::TurnEnded => {
                let Some(master) = memory.ahead.take() else {
                    return Ok(());
                };
                let said = memory.said_config.get(&master).copied().unwrap_or(0);
                let handed = memory.config.get(&master).copied().unwrap_or(0);
                if said > handed {
                    return Err(format!(
                        "says config epoch {said} of {master}, and hands {handed} to its disk"
                    ));
                }
                Ok(())
            }
            Fact::Announced(notice) if notice.name == EventName::VoteForLeader => {
                if let (Some(master), Some((_, epoch))) =
                    (&notice.master, notice.text.split_once(' '))
                {
                    let promised = memory.promised.entry(master.clone()).or_default();
                    *promised = epoch.parse().unwrap_or(0).max(*promised);
                }
                Ok(())
            }
            Fact::Answered {
                question, opinion, ..
            } if opinion.leader.is_some() => {
                if let Some(group) = said::group_asked(scene.shape, question) {
                    let name = MasterName::new(&Shape::group_name(group));
                    let promised = memory.promised.entry(name).or_default();
                    *promised = opinion.epoch.get().max(*promised);
                }
                Ok(())
            }
            Fact::Instructed(Instruction::Remove { name }) => {
                memory.forget(name);
                Ok(())
            }
            Fact::Sent {
                ask: Ask::Hello { text, .. },
                ..
            } => {
                let Some(hello) = scene.hello(text) else {
                    return Ok(());
                };
                grows(
                    "epoch in hellos",
                    &mut memory.said_current,
                    hello.current_epoch.get(),
                )?;
                let config = hello.config_epoch.get();
                if config > 0 {
                    let said = memory.said_config.entry(hello.master.clone()).or_default();
                    grows("config epoch in hellos", said, config)?;
                    if config > memory.config.get(&hello.master).copied().unwrap_or(0) {
                        memory.ahead = Some(hello.master.clone());
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }
}
