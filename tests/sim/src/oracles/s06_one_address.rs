//! S6: (group, config epoch) names one address, over all hellos ever sent. Whoever brings an address
//! into the world under an epoch must have won that epoch; two who both have are an offence. What
//! may stand beside the winner's address:
//!
//! - that of a failover an operator forced, which no vote protects;
//! - those that a reference names without having won the epoch (its defects W2 and W8, its forced
//!   failovers), and a second one by the same reference (it forgets an epoch that it could not
//!   write and takes it again, and RESET takes it back to the old address).
//!
//! A real core has no such excuse: it names an address first only when it was elected, was forced,
//! or had the votes for a re-assertion.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::Ask;
use rsentinel::core::notice::EventName;
use rsentinel::wire::Hello;

use super::Oracle;
use super::said;
use crate::facts::{Fact, Kind, Scene};

/// A group and a config epoch.
type Key = (usize, u64);
type Address = (String, i64);

/// Who named an address first under a config epoch.
#[derive(Clone, PartialEq, Eq)]
struct Origin {
    id: String,
    reference: bool,
}

/// How a sentinel came by an epoch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Title {
    Won,
    Forced,
}

/// The judge.
#[derive(Default)]
pub struct OneAddress {
    named: BTreeMap<Key, BTreeMap<Address, Origin>>,
    /// The epochs that real cores were elected in, or took for a forced failover.
    titles: BTreeMap<(Key, String), Title>,
    /// Whom each voter voted for.
    votes: BTreeMap<Key, BTreeMap<String, BTreeSet<String>>>,
    /// How many votes a core needed when it voted for itself.
    needed: BTreeMap<(Key, String), usize>,
    attempts: said::Attempts,
    exercised: u64,
    contested: u64,
}

impl OneAddress {
    fn announced(&mut self, scene: &Scene<'_>, notice: &rsentinel::core::notice::Notice) {
        let Some(group) = said::group(notice) else {
            return;
        };
        self.attempts.note(scene, notice);
        let id = || scene.at.id.as_str().to_owned();
        if let Some((candidate, epoch)) = said::vote(notice) {
            let voters = self.votes.entry((group, epoch)).or_default();
            voters.entry(id()).or_default().insert(candidate.to_owned());
            let known = scene.view().and_then(|v| said::master(v, group));
            if let Some(master) = known.filter(|_| candidate == scene.at.id.as_str()) {
                let needed = said::needed(master);
                self.needed.insert(((group, epoch), id()), needed);
            }
        }
        if notice.name == EventName::ElectedLeader && !scene.is_reference() {
            let key = (group, self.attempts.epoch(scene, group));
            let title = if self.attempts.forced(scene, group) {
                Title::Forced
            } else {
                Title::Won
            };
            self.titles.insert((key, id()), title);
        }
    }

    /// How many voted for somebody in an epoch, and for nobody else: a reference can vote twice.
    fn votes(&self, key: Key, id: &str) -> usize {
        let voters = self.votes.get(&key).into_iter().flat_map(BTreeMap::values);
        voters
            .filter(|whom| whom.len() == 1 && whom.contains(id))
            .count()
    }

    fn title_of_core(&self, key: Key, id: &str) -> Option<Title> {
        let of = (key, id.to_owned());
        let reasserts = || {
            let needed = self.needed.get(&of)?;
            (self.votes(key, id) >= *needed).then_some(Title::Won)
        };
        self.titles.get(&of).copied().or_else(reasserts)
    }

    fn title(&self, scene: &Scene<'_>, key: Key, origin: &Origin) -> Option<Title> {
        if !origin.reference {
            return self.title_of_core(key, &origin.id);
        }
        let majority = scene.shape.nodes / 2 + 1;
        (self.votes(key, &origin.id) >= majority).then_some(Title::Won)
    }

    fn names(&mut self, scene: &Scene<'_>, key: Key, hello: &Hello) -> Result<(), String> {
        let known =
            |(host, port): &Address| *host == hello.master_host && *port == hello.master_port;
        let named = self.named.entry(key).or_default();
        if named.keys().any(known) {
            return Ok(());
        }
        self.exercised += u64::from(named.is_empty());
        self.contested += u64::from(named.len() == 1);
        let address = (hello.master_host.clone(), hello.master_port);
        let origin = Origin {
            id: scene.at.id.as_str().to_owned(),
            reference: scene.is_reference(),
        };
        named.insert(address.clone(), origin.clone());
        let title = self.title(scene, key, &origin);
        if title.is_none() && !origin.reference {
            return Err(format!(
                "names {}:{} under epoch {} of group {}, which it has not won",
                address.0, address.1, key.1, key.0
            ));
        }
        let Some(named) = self.named.get(&key).filter(|_| title == Some(Title::Won)) else {
            return Ok(());
        };
        let rival = named.iter().find(|(other, by)| {
            let own_defect = by.reference && **by == origin;
            **other != address && !own_defect && self.title(scene, key, by) == Some(Title::Won)
        });
        match rival {
            Some((other, by)) => Err(format!(
                "publishes {}:{} under epoch {} of group {}, as {} published {}:{}",
                address.0, address.1, key.1, key.0, by.id, other.0, other.1
            )),
            None => Ok(()),
        }
    }
}

impl Oracle for OneAddress {
    fn name(&self) -> &'static str {
        "S6"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Announced, Kind::SentHello]
    }

    fn see(&mut self, scene: &Scene<'_>, fact: &Fact<'_>) -> Result<(), String> {
        match fact {
            Fact::Announced(notice) => {
                self.announced(scene, notice);
                Ok(())
            }
            Fact::Sent {
                ask: Ask::Hello { text, .. },
                ..
            } => {
                let Some(hello) = scene.hello(text).filter(|h| h.config_epoch.get() > 0) else {
                    return Ok(());
                };
                match said::group_of_name(hello.master.as_str()) {
                    Some(group) => self.names(scene, (group, hello.config_epoch.get()), hello),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    fn exercised(&self) -> u64 {
        self.exercised
    }

    fn parts(&self) -> Vec<(&'static str, u64)> {
        vec![("S6 epochs with a second address", self.contested)]
    }
}
