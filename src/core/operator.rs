//! Instructions of operators and clients.

use std::sync::Arc;

use crate::types::{Address, MasterName, Now, glob_matches};

use super::action::{Action, Renames, Reply};
use super::event::{ConfigChange, FailoverHow, Instruction, SetChange, SetOption, Waiter};
use super::failover::Order;
use super::instances::MasterSettings;
use super::notice::{EventName, Level, LogLine};
use super::persist::Waiting;
use super::{MasterId, Party, Sentinel, Simulate};

const NO_SUCH_MASTER: &str = "ERR No such master with that name";
const BAD_HOST: &str = "ERR Invalid IP address or hostname specified";
const SCRIPTS_DENIED: &str = "ERR Reconfiguration of scripts path is denied for security reasons. \
     Check the deny-scripts-reconfig configuration directive in your Sentinel configuration";

impl Sentinel {
    /// Carries out an instruction and answers its caller, now or when it is on disk.
    pub(super) fn instructed(&mut self, waiter: Waiter, instruction: Instruction, now: Now) {
        match instruction {
            Instruction::Monitor {
                name,
                host,
                port,
                quorum,
            } => self.monitor(waiter, name, &host, port, quorum, now),
            Instruction::Remove { name } => self.remove(waiter, &name, now),
            Instruction::Reset { pattern } => self.reset(waiter, &pattern, now),
            Instruction::Failover { name, how } => self.order_failover(waiter, &name, how, now),
            Instruction::Set {
                name,
                changes,
                then_error,
            } => self.set(waiter, &name, changes, then_error, now),
            Instruction::ConfigSet(changes) => self.config_set(waiter, changes, now),
            Instruction::Debug {
                changes,
                then_error,
            } => {
                for (key, ms) in changes {
                    self.timings.set(key, ms);
                }
                self.reply(waiter, then_error.map_or(Reply::Ok, Reply::Error));
                self.tend_everything(now);
                self.scripts.touch();
            }
            Instruction::FlushConfig => self.reply_when_durable(waiter, Reply::Ok),
            Instruction::SimulateFailure {
                crash_after_election,
                crash_after_promotion,
            } => {
                self.simulate = Simulate {
                    crash_after_election,
                    crash_after_promotion,
                };
                self.reply(waiter, Reply::Ok);
            }
        }
    }

    fn monitor(
        &mut self,
        waiter: Waiter,
        name: MasterName,
        host: &str,
        port: i64,
        quorum: u32,
        now: Now,
    ) {
        let literal = Address::new(host, 0);
        if literal.is_name() && !self.settings.resolve_hostnames {
            return self.reply(waiter, Reply::Error(BAD_HOST.into()));
        }
        let Some(known) = self.fresh_address(host, 0, now) else {
            let instruction = Instruction::Monitor {
                name,
                host: host.to_owned(),
                port,
                quorum,
            };
            return self.resolve_then_instruct(host, waiter, instruction, now);
        };
        let Ok(port) = u16::try_from(port) else {
            return self.reply(waiter, Reply::Error("ERR Invalid port number.".into()));
        };
        if self.names.contains_key(&name) {
            return self.reply(waiter, Reply::Error("ERR Duplicate master name.".into()));
        }
        let address = match known.ip() {
            Some(ip) => Address::resolved(host, ip, port),
            None => Address::new(host, port),
        };
        let settings = MasterSettings {
            quorum,
            down_after: self.timings.default_down_after,
            failover_timeout: self.timings.default_failover_timeout,
            parallel_syncs: 1,
            notification_script: None,
            client_reconfig_script: None,
            auth_pass: None,
            auth_user: None,
            reboot_down_after: 0,
            renames: Arc::new(Renames::new()),
        };
        let id = self.add_master(name, address, settings, now);
        // A group of this name may have voted in the current epoch before it was removed.
        let epoch = self.current_epoch;
        if let Some(master) = self.masters.get_mut(&id) {
            master.leader_epoch = epoch;
        }
        let text = format!("{} quorum {quorum}", self.describe(Party::master(id)));
        let version = self.persist();
        let then = Some((EventName::Monitor, id, text));
        self.ledger.wait(
            version,
            Waiting::Reply {
                waiter,
                reply: Reply::Ok,
                then,
            },
        );
    }

    /// The name of a MONITOR could not be resolved.
    pub(super) fn refuse_unresolved(&mut self, waiter: Waiter, _instruction: &Instruction) {
        self.reply(waiter, Reply::Error(BAD_HOST.into()));
    }

    fn remove(&mut self, waiter: Waiter, name: &MasterName, now: Now) {
        let Some(id) = self.find(waiter, name) else {
            return;
        };
        self.announce_party(EventName::Unmonitor, Party::master(id));
        self.dismiss_callers(id, now);
        self.remove_master(id);
        self.reply_when_durable(waiter, Reply::Ok);
    }

    /// Callers that wait for a vote of a group that is being removed hear "unknown". The vote may
    /// reach the disk all the same, so its epoch is adopted: it is never free again.
    fn dismiss_callers(&mut self, id: MasterId, now: Now) {
        let Some(pending) = self
            .masters
            .get_mut(&id)
            .and_then(|m| m.pending_vote.take())
        else {
            return;
        };
        if pending.epoch > self.current_epoch {
            self.raise_epoch(pending.epoch, id, now);
        }
        for (waiter, _) in pending.callers {
            let opinion = super::action::DownOpinion {
                down: false,
                leader: None,
                epoch: Default::default(),
            };
            self.reply(waiter, Reply::Down(opinion));
        }
    }

    fn reset(&mut self, waiter: Waiter, pattern: &str, now: Now) {
        let matching: Vec<MasterId> = self
            .masters
            .values()
            .filter(|m| glob_matches(pattern.as_bytes(), m.name.as_str().as_bytes(), false))
            .map(|m| m.id)
            .collect();
        for &id in &matching {
            // A promotion that is public already stays: going back to the old address would
            // publish a second address under one config epoch.
            if self
                .masters
                .get(&id)
                .is_some_and(|m| m.promoted_key().is_some())
            {
                self.finish_switch(id, now);
            }
            self.reset_master(id, now);
            self.announce_party(EventName::ResetMaster, Party::master(id));
        }
        self.reply(waiter, Reply::Count(matching.len() as u64));
    }

    fn order_failover(&mut self, waiter: Waiter, name: &MasterName, how: FailoverHow, now: Now) {
        let Some(id) = self.find(waiter, name) else {
            return;
        };
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let (order, chosen) = match how {
            FailoverHow::Forced => (Order::Forced, self.best_replica(master, now.mono)),
            FailoverHow::Coordinated => (Order::Coordinated, self.best_follower(master, now.mono)),
            FailoverHow::Unknown => {
                return self.refuse(waiter, "ERR Unknown failover option specified");
            }
        };
        if order == Order::Coordinated && master.server.failover.is_none() {
            return self.refuse(
                waiter,
                "NOGOODPRIMARY Primary does not support FAILOVER command",
            );
        }
        if order == Order::Coordinated && master.is_odown() {
            return self.refuse(waiter, "NOGOODPRIMARY Primary is down");
        }
        if master.failover.is_some() {
            return self.refuse(waiter, "INPROG Failover already in progress");
        }
        if chosen.is_none() {
            return self.refuse(waiter, "NOGOODSLAVE No suitable replica to promote");
        }
        self.log(
            Level::Notice,
            format!("Executing user requested FAILOVER of '{name}'"),
        );
        self.reply(waiter, Reply::Ok);
        self.start_failover(id, order, now);
    }

    fn refuse(&mut self, waiter: Waiter, error: &str) {
        self.reply(waiter, Reply::Error(error.into()));
    }

    fn set(
        &mut self,
        waiter: Waiter,
        name: &MasterName,
        changes: Vec<SetChange>,
        then_error: Option<String>,
        now: Now,
    ) {
        let Some(id) = self.find(waiter, name) else {
            return;
        };
        let mut error = then_error;
        let mut changed = false;
        for change in changes {
            if change.option.is_script() && !self.settings.allow_scripts_reconfig {
                error = Some(SCRIPTS_DENIED.into());
                break;
            }
            self.apply(id, change.option, now);
            changed = true;
            let text = format!("{} {}", self.describe(Party::master(id)), change.shown);
            self.announce(EventName::Set, id, text);
        }
        match error {
            None => self.reply_when_durable(waiter, Reply::Ok),
            Some(error) => {
                if changed {
                    self.persist();
                }
                self.reply(waiter, Reply::Error(error));
            }
        }
    }

    fn apply(&mut self, id: MasterId, option: SetOption, now: Now) {
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        let settings = &mut master.settings;
        match option {
            SetOption::DownAfter(ms) => settings.down_after = ms,
            SetOption::FailoverTimeout(ms) => settings.failover_timeout = ms,
            SetOption::ParallelSyncs(n) => settings.parallel_syncs = i64::from(n),
            SetOption::Quorum(n) => settings.quorum = n,
            SetOption::MasterRebootDownAfter(ms) => settings.reboot_down_after = ms,
            SetOption::NotificationScript(path) => settings.notification_script = path,
            SetOption::ClientReconfigScript(path) => settings.client_reconfig_script = path,
            SetOption::AuthPass(pass) => {
                settings.auth_pass = pass;
                return self.reconnect_servers(id, now);
            }
            SetOption::AuthUser(user) => {
                settings.auth_user = user;
                return self.reconnect_servers(id, now);
            }
            SetOption::RenameCommand(old, new) => {
                let old = old.to_ascii_uppercase();
                let renames = Arc::make_mut(&mut settings.renames);
                if old.eq_ignore_ascii_case(&new) {
                    renames.remove(&old);
                } else {
                    renames.insert(old, new);
                }
            }
        }
        self.tend_group(id, now);
    }

    fn reconnect_servers(&mut self, id: MasterId, now: Now) {
        for party in self.server_parties(id) {
            if let Some(link) = self.link_of(party) {
                self.drop_link_sockets(link, now);
            }
        }
    }

    fn config_set(&mut self, waiter: Waiter, changes: Vec<ConfigChange>, now: Now) {
        let mut peers_too = false;
        for change in changes {
            let settings = &mut self.settings;
            match change {
                ConfigChange::ResolveHostnames(on) => settings.resolve_hostnames = on,
                ConfigChange::AnnounceHostnames(on) => settings.announce_hostnames = on,
                ConfigChange::AnnounceIp(ip) => settings.announce_ip = ip,
                ConfigChange::AnnouncePort(port) => settings.announce_port = port,
                ConfigChange::SentinelUser(user) => {
                    settings.sentinel_user = user;
                    peers_too = true;
                }
                ConfigChange::SentinelPass(pass) => {
                    settings.sentinel_pass = pass;
                    peers_too = true;
                }
                ConfigChange::LogLevel(level) => {
                    settings.loglevel = Some(level.clone());
                    self.out.push_back(Action::SetLogLevel(level));
                }
            }
        }
        self.addresses.all_changed();
        self.reply_when_durable(waiter, Reply::Ok);
        if peers_too {
            let peers: Vec<Party> = self
                .masters
                .keys()
                .copied()
                .collect::<Vec<_>>()
                .into_iter()
                .flat_map(|id| self.peer_parties(id))
                .collect();
            for party in peers {
                if let Some(link) = self.link_of(party) {
                    self.drop_link_sockets(link, now);
                }
            }
        }
    }

    /// Looks anew at everything of a group whose settings changed.
    fn tend_group(&mut self, id: MasterId, now: Now) {
        for party in self.group_parties(id) {
            self.tend_down(party, now);
            if let Some(link) = self.link_of(party) {
                self.tend_link(link, now);
            }
        }
        self.judge_odown(id, now);
        self.step_failover(id, now);
    }

    fn tend_everything(&mut self, now: Now) {
        for id in self.masters.keys().copied().collect::<Vec<_>>() {
            self.tend_group(id, now);
            for party in self.server_parties(id) {
                self.tend_info(party, now);
                self.tend_hello(party, now);
            }
            for party in self.peer_parties(id) {
                self.tend_hello(party, now);
                self.tend_ask(party, now);
            }
        }
    }

    fn find(&mut self, waiter: Waiter, name: &MasterName) -> Option<MasterId> {
        let id = self.names.get(name).copied();
        if id.is_none() {
            self.reply(waiter, Reply::Error(NO_SUCH_MASTER.into()));
        }
        id
    }

    fn reply(&mut self, waiter: Waiter, reply: Reply) {
        self.out.push_back(Action::Reply { waiter, reply });
    }

    fn reply_when_durable(&mut self, waiter: Waiter, reply: Reply) {
        let version = self.persist();
        self.ledger.wait(
            version,
            Waiting::Reply {
                waiter,
                reply,
                then: None,
            },
        );
    }

    /// A log line that ends in an instant, which the shell writes in local time.
    pub(super) fn log_with_time(&mut self, level: Level, text: String, when: crate::types::Wall) {
        self.out.push_back(Action::Log(LogLine {
            level,
            text,
            when: Some(when),
        }));
    }
}
