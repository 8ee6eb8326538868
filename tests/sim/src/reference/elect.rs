//! ODOWN, asks, votes and counting, with the reference's way of mixing epochs.

use std::collections::BTreeMap;

use rsentinel::core::action::DownOpinion;
use rsentinel::core::event::DownQuestion;
use rsentinel::core::notice::EventName;
use rsentinel::core::{Ask, MasterId, Party, Who};
use rsentinel::types::{Address, Epoch, RunId};

use super::{Reference, Step};

impl Reference {
    pub(super) fn judge_odown(&mut self, id: u32, _now: u64) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        let agreeing = 1 + group.peers.values().filter(|p| p.reports_down).count();
        let odown = group.record.down.is_some() && agreeing >= group.settings.quorum as usize;
        if odown == group.odown {
            return;
        }
        group.odown = odown;
        let party = Party {
            master: MasterId(id),
            who: Who::Master,
        };
        let name = if odown {
            EventName::Odown
        } else {
            EventName::OdownEnd
        };
        self.announce_of(name, party);
    }

    pub(super) fn ask_peers(&mut self, id: u32, at_once: bool, now: u64) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        for peer in group.peers.values_mut() {
            if now - peer.last_report > 5_000 {
                peer.reports_down = false;
                if let Some((leader, _)) = &mut peer.vote
                    && !leader.as_str().is_empty()
                {
                    *leader = RunId::new("");
                }
            }
        }
        if group.record.down.is_none() {
            return;
        }
        let candidate = (group.step != Step::None).then(|| self.my_id.clone());
        let host = group.record.address.announced(self.conf.announce_hostnames);
        let port = group.record.address.port();
        // Unanswered ones are asked every turn.
        let due: Vec<(u32, rsentinel::core::ConnId)> = group
            .peers
            .iter()
            .filter(|(_, p)| at_once || now - p.last_report >= 1_000)
            .filter_map(|(key, p)| Some((*key, p.command?)))
            .collect();
        for (key, conn) in due {
            let peer = Party {
                master: MasterId(id),
                who: Who::Peer(key),
            };
            self.say(
                conn,
                Ask::MasterDown {
                    peer,
                    host: host.clone(),
                    port,
                    epoch: self.current_epoch,
                    candidate: candidate.clone(),
                },
            );
        }
    }

    /// The answer to a question, the vote included: given and written, whether or not the write
    /// works.
    pub(super) fn opinion(&mut self, question: &DownQuestion, now: u64) -> DownOpinion {
        let asked = Address::new(&question.host, u16::try_from(question.port).unwrap_or(0));
        let asked = self.locate(&asked);
        let found = self
            .groups
            .iter()
            .find(|(_, g)| g.record.address.same_as(&asked))
            .map(|(id, g)| (*id, g.record.down.is_some()));
        let down = self.tilt_since.is_none() && found.is_some_and(|(_, down)| down);
        let mut opinion = DownOpinion {
            down,
            leader: None,
            epoch: Epoch::ZERO,
        };
        if let (Some((id, _)), Some(candidate)) = (found, &question.candidate) {
            let (leader, epoch) = self.vote(id, question.epoch, candidate.clone(), now);
            opinion.leader = leader;
            opinion.epoch = epoch;
        }
        opinion
    }

    pub(super) fn vote(
        &mut self,
        id: u32,
        epoch: Epoch,
        candidate: RunId,
        now: u64,
    ) -> (Option<RunId>, Epoch) {
        let party = Party {
            master: MasterId(id),
            who: Who::Master,
        };
        if epoch > self.current_epoch {
            self.current_epoch = epoch;
            self.rewrite();
            self.announce_of(EventName::NewEpoch, party);
        }
        let current = self.current_epoch;
        let later = self.chance.between(0, 999);
        let me = self.my_id.clone();
        let Some(group) = self.groups.get_mut(&id) else {
            return (None, Epoch::ZERO);
        };
        if group.leader_epoch < epoch && current <= epoch {
            group.leader = Some(candidate.clone());
            group.leader_epoch = current;
            if candidate != me {
                group.failover_start = now + later;
            }
            let name = group.name.clone();
            self.rewrite();
            let text = format!("{candidate} {current}");
            self.announce(EventName::VoteForLeader, Some(name), text);
        }
        self.groups
            .get(&id)
            .map_or((None, Epoch::ZERO), |g| (g.leader.clone(), g.leader_epoch))
    }

    /// Starts a failover if the master is ODOWN and the time has come.
    pub(super) fn start_if_due(&mut self, id: u32, now: u64) -> bool {
        let Some(group) = self.groups.get(&id) else {
            return false;
        };
        let wait = 2 * group.settings.failover_timeout;
        let blocked = group.failover_start != 0 && now < group.failover_start + wait;
        if !group.odown || group.in_progress() || blocked {
            return false;
        }
        self.start(id, false, now);
        true
    }

    pub(super) fn start(&mut self, id: u32, forced: bool, now: u64) {
        let party = Party {
            master: MasterId(id),
            who: Who::Master,
        };
        self.current_epoch = self.current_epoch.next();
        let later = self.chance.between(0, 999);
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        group.step = Step::WaitStart;
        group.forced = forced;
        group.failover_epoch = self.current_epoch;
        group.step_since = now;
        group.failover_start = now + later;
        for replica in group.replicas.values_mut() {
            replica.reconf = None;
            replica.reconf_done = false;
        }
        self.announce_of(EventName::NewEpoch, party);
        self.announce_of(EventName::TryFailover, party);
    }

    /// Who leads: the peers' votes of the *current* epoch, the own one of the *failover* epoch.
    pub(super) fn count(&mut self, id: u32, now: u64) -> Option<RunId> {
        let group = self.groups.get(&id)?;
        let voters = group.peers.len() + 1;
        let needed = (voters / 2 + 1).max(group.settings.quorum as usize);
        let mut votes: BTreeMap<RunId, usize> = BTreeMap::new();
        for peer in group.peers.values() {
            if let Some((leader, epoch)) = &peer.vote
                && *epoch == self.current_epoch
                && !leader.as_str().is_empty()
            {
                *votes.entry(leader.clone()).or_default() += 1;
            }
        }
        let epoch = group.failover_epoch;
        let favourite = votes
            .iter()
            .max_by_key(|(_, n)| **n)
            .map(|(leader, _)| leader.clone())
            .unwrap_or_else(|| self.my_id.clone());
        let (own, own_epoch) = self.vote(id, epoch, favourite, now);
        if let Some(own) = own.filter(|_| own_epoch == epoch) {
            *votes.entry(own).or_default() += 1;
        }
        votes
            .into_iter()
            .max_by_key(|(_, n)| *n)
            .filter(|(_, n)| *n >= needed)
            .map(|(leader, _)| leader)
    }
}
