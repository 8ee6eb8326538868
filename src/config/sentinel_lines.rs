//! The execution of `sentinel …` lines, in three passes after all text was read.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::types::{Address, Epoch, MasterName, RunId, Secret};

use super::error::{Complaint, ConfigError, Faults, Stopped};
use super::includes::IncludeReader;
use super::sentinel_conf::{KnownPeer, MasterConf, SentinelConf};
use super::sub_directives::{Pass, Sub};
use super::voted_for::VotedFor;
use super::{host, numbers};

/// A `sentinel` line that waits for its pass.
#[derive(Clone, Debug)]
pub struct QueuedLine {
    /// The file, unless it is the main one.
    pub file: Option<Arc<str>>,
    /// Its number in that file.
    pub number: usize,
    /// Its trimmed text.
    pub text: Vec<u8>,
    /// The words behind `sentinel`; at least one.
    pub words: Vec<Vec<u8>>,
}

/// The lines being executed.
pub(super) struct Execution<'a> {
    pub conf: &'a mut SentinelConf,
    pub outside: &'a mut dyn IncludeReader,
    pub warnings: &'a mut Vec<String>,
    pub faults: &'a mut Faults,
    /// Masters whose own line was faulty: that their other lines find none is no news.
    pub failed_masters: BTreeSet<Vec<u8>>,
    /// Masters that an included file defines. A rewrite writes everything about them
    /// into the main file, so at the next start it is there twice.
    pub included_masters: BTreeSet<MasterName>,
}

impl Execution<'_> {
    /// Executes the lines.
    pub fn lines(&mut self, lines: &[QueuedLine], votes: &[VotedFor]) -> Result<(), Stopped> {
        for pass in Pass::ALL {
            for line in lines {
                let sub = line.words.first().and_then(|word| Sub::from_word(word));
                if sub.map_or(Pass::Rest, Sub::pass) != pass {
                    continue;
                }
                if let Err(complaint) = self.line(sub, line) {
                    self.fault(sub, line, complaint)?;
                }
            }
        }
        for vote in votes {
            self.vote(vote);
        }
        Ok(())
    }

    fn fault(
        &mut self,
        sub: Option<Sub>,
        line: &QueuedLine,
        complaint: Complaint,
    ) -> Result<(), Stopped> {
        let master = line.words.get(1).cloned().unwrap_or_default();
        if complaint == Complaint::NoSuchMaster && self.failed_masters.contains(&master) {
            return Ok(());
        }
        if sub == Some(Sub::Monitor) {
            self.failed_masters.insert(master);
        }
        let file = line.file.as_deref();
        self.faults
            .note(ConfigError::at(file, line.number, &line.text, complaint))
    }

    fn line(&mut self, sub: Option<Sub>, line: &QueuedLine) -> Result<(), Complaint> {
        let arguments = &line.words[1..];
        match sub {
            Some(sub) if !sub.takes(arguments.len()) => Err(Complaint::Unrecognized),
            None => Err(Complaint::Unrecognized),
            Some(Sub::Monitor) => self.monitor(arguments, line.file.is_some()),
            // Ignored even for an unknown master.
            Some(Sub::KnownSentinel) if arguments.len() == 3 => Ok(()),
            Some(sub) if sub.is_of_a_master() => self.of_a_master(sub, arguments),
            Some(sub) => self.of_the_process(sub, &arguments[0]),
        }
    }

    fn of_the_process(&mut self, sub: Sub, value: &[u8]) -> Result<(), Complaint> {
        match sub {
            Sub::MyId if value.len() != 40 => return Err(Complaint::MalformedId),
            Sub::MyId => self.conf.my_id = Some(RunId::new(text(value)?)),
            Sub::CurrentEpoch => {
                let epoch = self.epoch(sub, value);
                self.conf.current_epoch = self.conf.current_epoch.max(epoch);
            }
            Sub::AnnounceIp if !value.is_empty() => {
                self.conf.announce_ip = Some(text(value)?.to_owned());
            }
            Sub::AnnouncePort => {
                let number = numbers::lax_int(value);
                self.conf.announce_port = u16::try_from(number).unwrap_or_else(|_| {
                    self.warn(format!(
                        "announce-port {number} is not a port and is ignored"
                    ));
                    0
                });
            }
            Sub::DenyScriptsReconfig => {
                let deny = yes_no(value).ok_or(Complaint::DenyScriptsYesNo)?;
                self.conf.allow_scripts_reconfig = !deny;
            }
            Sub::ResolveHostnames => {
                self.conf.resolve_hostnames = yes_no(value).ok_or(Complaint::ResolveYesNo)?;
            }
            Sub::AnnounceHostnames => {
                self.conf.announce_hostnames = yes_no(value).ok_or(Complaint::AnnounceYesNo)?;
            }
            Sub::SentinelUser if !value.is_empty() => {
                self.conf.sentinel_user = Some(text(value)?.to_owned());
            }
            Sub::SentinelPass if !value.is_empty() => {
                self.conf.sentinel_pass = Some(Secret::new(value));
            }
            // Empty texts are ignored.
            _ => {}
        }
        Ok(())
    }

    fn monitor(&mut self, arguments: &[Vec<u8>], included: bool) -> Result<(), Complaint> {
        let name = MasterName::new(text(&arguments[0])?);
        let quorum = u32::try_from(numbers::lax_int(&arguments[3])).unwrap_or(0);
        if quorum == 0 {
            return Err(Complaint::Quorum);
        }
        let address = self.address(&arguments[1], &arguments[2])?;
        let was_included = self.included_masters.contains(&name);
        if included {
            self.included_masters.insert(name.clone());
        }
        let existing = self.conf.masters.iter_mut().find(|m| m.name == name);
        let Some(existing) = existing else {
            let master = MasterConf::new(name, address, quorum);
            self.conf.masters.push(master);
            return Ok(());
        };
        if existing.address == address && existing.quorum == quorum {
            self.warn(format!("master {name} is defined twice in the same way"));
            return Ok(());
        }
        match (was_included, included) {
            // The main file knows of later failovers than a file that is never written.
            (true, false) => (existing.address, existing.quorum) = (address, quorum),
            (false, true) => {}
            _ => return Err(Complaint::DuplicateMaster),
        }
        self.warn(format!(
            "master {name} is defined in an included file and in the main file, which counts"
        ));
        Ok(())
    }

    fn of_a_master(&mut self, sub: Sub, arguments: &[Vec<u8>]) -> Result<(), Complaint> {
        let name = text(&arguments[0])?;
        let found = self
            .conf
            .masters
            .iter()
            .position(|m| m.name.as_str() == name);
        let at = found.ok_or(Complaint::NoSuchMaster)?;
        match sub {
            Sub::KnownReplica => return self.known_replica(at, arguments),
            Sub::KnownSentinel => return self.known_sentinel(at, arguments),
            Sub::RenameCommand => return self.rename(at, &arguments[1], &arguments[2]),
            Sub::ConfigEpoch => {
                let epoch = self.epoch(sub, &arguments[1]);
                self.conf.masters[at].config_epoch = epoch;
                self.conf.current_epoch = self.conf.current_epoch.max(epoch);
                return Ok(());
            }
            Sub::LeaderEpoch => {
                self.conf.masters[at].leader_epoch = self.epoch(sub, &arguments[1]);
                return Ok(());
            }
            _ => {}
        }
        let value = arguments[1].as_slice();
        let master = &mut self.conf.masters[at];
        match sub {
            Sub::DownAfter => master.down_after = positive(value)?,
            Sub::FailoverTimeout => master.failover_timeout = positive(value)?,
            Sub::ParallelSyncs => master.parallel_syncs = numbers::lax_int(value).into(),
            Sub::RebootDownAfter => {
                let period = u64::try_from(numbers::lax_int(value));
                master.master_reboot_down_after = period.map_err(|_| Complaint::NegativeTime)?;
            }
            Sub::AuthPass => master.auth_pass = Some(Secret::new(value)),
            Sub::AuthUser => master.auth_user = Some(text(value)?.to_owned()),
            Sub::NotificationScript => {
                let path = text(value)?;
                if !self.outside.is_executable(path) {
                    return Err(Complaint::NotificationScript);
                }
                master.notification_script = Some(path.to_owned());
            }
            Sub::ReconfigScript => {
                let path = text(value)?;
                if !self.outside.is_executable(path) {
                    return Err(Complaint::ReconfigScript);
                }
                master.client_reconfig_script = Some(path.to_owned());
            }
            _ => {}
        }
        Ok(())
    }

    fn known_replica(&mut self, at: usize, arguments: &[Vec<u8>]) -> Result<(), Complaint> {
        let address = self.address(&arguments[1], &arguments[2])?;
        let master = &mut self.conf.masters[at];
        // The reference can write both of these itself and then refuses to start.
        let shown = format!("replica {} of master {}", address.key(true), master.name);
        if master.address.same_as(&address) {
            self.warn(format!(
                "known-replica: {shown} is the master itself; ignored"
            ));
        } else if master
            .known_replicas
            .iter()
            .any(|known| known.same_as(&address))
        {
            self.warn(format!(
                "known-replica: {shown} occurs twice; once is enough"
            ));
        } else {
            master.known_replicas.push(address);
        }
        Ok(())
    }

    fn known_sentinel(&mut self, at: usize, arguments: &[Vec<u8>]) -> Result<(), Complaint> {
        let address = self.address(&arguments[1], &arguments[2])?;
        let id = RunId::new(text(&arguments[3])?);
        let peers = &mut self.conf.masters[at].known_peers;
        if let Some(known) = peers.iter().find(|peer| peer.id == id) {
            let repeated = known.address == address && self.is_included(at);
            return if repeated {
                Ok(())
            } else {
                Err(Complaint::DuplicateRunId)
            };
        }
        peers.push(KnownPeer { address, id });
        Ok(())
    }

    fn rename(&mut self, at: usize, command: &[u8], word: &[u8]) -> Result<(), Complaint> {
        let command = text(command)?.to_ascii_uppercase();
        let word = text(word)?.to_owned();
        let renames = &mut self.conf.masters[at].renames;
        match renames.insert(command, word.clone()) {
            Some(before) if before != word || !self.is_included(at) => {
                Err(Complaint::DuplicateRename)
            }
            _ => Ok(()),
        }
    }

    fn is_included(&self, at: usize) -> bool {
        self.included_masters.contains(&self.conf.masters[at].name)
    }

    fn address(&self, host: &[u8], port: &[u8]) -> Result<Address, Complaint> {
        let port = u16::try_from(numbers::lax_int(port)).map_err(|_| Complaint::Port)?;
        let host = text(host)?;
        host::address(host, port, self.conf.resolve_hostnames)
            .ok_or_else(|| Complaint::Host(host.to_owned()))
    }

    /// The reference stores epochs up to 2^64−1; such a file must still be readable.
    fn epoch(&mut self, sub: Sub, value: &[u8]) -> Epoch {
        let number = numbers::lax_epoch(value);
        Epoch::new(number).unwrap_or_else(|| {
            let (name, max) = (sub.as_str(), Epoch::MAX);
            self.warn(format!(
                "{name} {number} is out of range and is taken as {max}"
            ));
            Epoch::MAX
        })
    }

    fn vote(&mut self, vote: &VotedFor) {
        let master = self.conf.masters.iter_mut().find(|m| m.name == vote.master);
        if let Some(master) = master.filter(|m| m.leader_epoch == vote.epoch) {
            master.voted_for = Some(vote.id.clone());
        }
    }

    fn warn(&mut self, text: String) {
        if !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
    }
}

fn positive(value: &[u8]) -> Result<u64, Complaint> {
    match u64::try_from(numbers::lax_int(value)) {
        Ok(ms) if ms > 0 => Ok(ms),
        _ => Err(Complaint::NotPositiveTime),
    }
}

fn yes_no(value: &[u8]) -> Option<bool> {
    match value.to_ascii_lowercase().as_slice() {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => None,
    }
}

fn text(bytes: &[u8]) -> Result<&str, Complaint> {
    std::str::from_utf8(bytes).map_err(|_| Complaint::NotUtf8)
}
