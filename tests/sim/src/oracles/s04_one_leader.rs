//! S4: at most one sentinel is elected for each (group, epoch), as long as the sets of voters that
//! the two know cannot both have a majority of their own.

use std::collections::BTreeMap;

use rsentinel::core::notice::EventName;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};

/// The judge.
#[derive(Default)]
pub struct OneLeader {
    attempts: said::Attempts,
    elected: BTreeMap<(usize, u64), (String, usize)>,
    exercised: u64,
}

impl Oracle for OneLeader {
    fn name(&self) -> &'static str {
        "S4"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Announced]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        let Fact::Announced(notice) = fact else {
            return Ok(());
        };
        let Some(group) = said::group(notice) else {
            return Ok(());
        };
        self.attempts.note(scene, notice);
        if notice.name != EventName::ElectedLeader || self.attempts.forced(scene, group) {
            return Ok(());
        }
        let Some(view) = scene.view() else {
            return Ok(());
        };
        let Some(master) = said::master(view, group) else {
            return Ok(());
        };
        let epoch = self.attempts.epoch(scene, group);
        let needed = said::needed(master);
        let id = scene.at.id.as_str();
        self.exercised += 1;
        match self.elected.get(&(group, epoch)) {
            Some((before, needed_before))
                if before != id && needed + needed_before > scene.ids_ever =>
            {
                Err(format!(
                    "elected in epoch {epoch} of group {group}, as {before} was"
                ))
            }
            Some(_) => Ok(()),
            None => {
                self.elected.insert((group, epoch), (id.to_owned(), needed));
                Ok(())
            }
        }
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }
}
