//! INFO: when it is asked, and what its reply teaches.

use crate::types::{Address, Mono, Now};
use crate::wire::{InfoReport, Role};

use super::super::action::Ask;
use super::super::deadlines::Deadline;
use super::super::instances::{Reconf, Replica, Server};
use super::super::notice::{EventName, Level};
use super::super::timings::FAST_INFO_PERIOD;
use super::super::{MasterId, Party, Sentinel, Who};

/// While a master is freshly down, its replicas are asked this often, for so long: the selection
/// must see offsets reached after the replication stream ended.
const URGENT_INFO_PERIOD_MS: u64 = 250;
const URGENT_FOR_MS: u64 = 2_000;
/// Pauses between INFOs to a replica that has been told to follow a promoted one: doubling from
/// the first to the longest. A replica that can go on from where it was is linked within
/// milliseconds, and each one that follows waits for the one before it.
const FIRST_POLL_MS: u64 = 5;
const LONGEST_POLL_MS: u64 = 1_000;

impl Sentinel {
    fn info_period(&self, party: Party, now: Mono) -> u64 {
        let Some(master) = self.masters.get(&party.master) else {
            return self.timings.info_period;
        };
        if self.server(party).is_some_and(Server::is_handing_over) {
            return FAST_INFO_PERIOD.min(self.timings.info_period);
        }
        let Who::Replica(key) = party.who else {
            return self.timings.info_period;
        };
        if let Some(since) = master.server.health.down_since {
            let urgent = now.since(since) < URGENT_FOR_MS;
            return if urgent {
                URGENT_INFO_PERIOD_MS
            } else {
                FAST_INFO_PERIOD
            };
        }
        let lagging = master
            .replicas
            .get(&key)
            .is_some_and(|r| r.link_down_ms != 0);
        if master.is_odown() || master.failover.is_some() || lagging {
            FAST_INFO_PERIOD
        } else {
            self.timings.info_period
        }
    }

    /// When the next INFO is due.
    fn info_due_at(&self, party: Party, now: Mono) -> Option<Mono> {
        let server = self.server(party)?;
        let period = self.info_period(party, now);
        let mut regular = server.info_time.map_or(Mono(0), |at| at.plus(period + 1));
        if let Some(sent) = server.info_sent {
            // Unanswered or refused: not again before a period has passed.
            regular = regular.max(sent.plus(period.max(FAST_INFO_PERIOD)));
        }
        Some(
            server
                .info_wanted
                .map_or(regular, |wanted| wanted.min(regular)),
        )
    }

    /// Asks a server's INFO if it is due, and sets the next time.
    pub(in crate::core) fn tend_info(&mut self, party: Party, now: Now) {
        let usable = self
            .link(party)
            .is_some_and(|link| link.command_conn().is_some());
        let room = self.link(party).is_some_and(|link| link.has_room());
        let Some(due) = self.info_due_at(party, now.mono).filter(|_| usable) else {
            return self.deadlines.set(Deadline::Info(party), None);
        };
        if due <= now.mono && room {
            self.ask_info(party, now);
        }
        let soonest = now.mono.plus(if room { 1 } else { FAST_INFO_PERIOD });
        let next = self.info_due_at(party, now.mono).map(|at| at.max(soonest));
        self.deadlines.set(Deadline::Info(party), next);
    }

    /// Asks a server's INFO at the given instant at the latest.
    pub(in crate::core) fn want_info(&mut self, party: Party, at: Mono, now: Now) {
        let Some(server) = self.server_mut(party) else {
            return;
        };
        server.info_wanted = Some(server.info_wanted.map_or(at, |wanted| wanted.min(at)));
        self.tend_info(party, now);
    }

    fn ask_info(&mut self, party: Party, now: Now) {
        if !self.send(party, Ask::Info) {
            return;
        }
        if let Some(server) = self.server_mut(party) {
            server.info_sent = Some(now.mono);
            server.info_wanted = None;
        }
        let link = self.link_of(party).and_then(|id| self.links.get_mut(&id));
        if let Some(link) = link {
            link.info_in_flight.push_back(now.mono);
        }
    }

    /// The reply to an INFO.
    pub(in crate::core) fn info_answered(
        &mut self,
        party: Party,
        report: Result<Box<InfoReport>, String>,
        now: Now,
    ) {
        let Some(link) = self.link_of(party).and_then(|id| self.links.get_mut(&id)) else {
            return;
        };
        let asked = link.info_in_flight.pop_front();
        let unanswered = link.info_in_flight.back().copied();
        let Some(server) = self.server_mut(party) else {
            return;
        };
        match report {
            Err(_) => self.tend_info(party, now),
            Ok(report) => {
                server.info_asked = asked.max(server.info_asked);
                server.info_sent = unanswered;
                self.learn(party, *report, now);
                self.tend_info(party, now);
                self.step_failover(party.master, now);
            }
        }
    }

    fn learn(&mut self, party: Party, report: InfoReport, now: Now) {
        self.note_run_id(party, &report, now);
        if party.who == Who::Master {
            self.learn_replicas(party.master, &report, now);
        }
        let Some(server) = self.server_mut(party) else {
            return;
        };
        server.info_time = Some(now.mono);
        server.info_text = Some(report.text.clone());
        self.note_failover(party, &report, now);
        self.note_role(party, report.role, now);
        if let Who::Replica(key) = party.who {
            self.note_replica_fields(party.master, key, &report, now);
        }
        if party.who == Who::Master {
            self.note_word_of_master(party.master, now);
            self.confirm_restored(party.master, report.role);
            self.weigh_conflict(party.master, now);
            self.tend_down(party, now);
        }
        if self.tilt.is_on() {
            return;
        }
        if let Who::Replica(key) = party.who {
            match report.role {
                Role::Master if self.is_chosen_for_promotion(party.master, key) => {
                    self.promotion_proved(party.master, key, now);
                }
                // Whether it may become one is decided with the master's own word.
                Role::Master if self.is_handed_over_to(party.master, key) => {}
                Role::Master => self.correct_rogue_master(party, now),
                Role::Replica => {
                    self.refresh_reported_master(party, now);
                    self.note_reconf_progress(party, now);
                    self.correct_misdirected(party, now);
                }
                Role::Unknown => {}
            }
        }
    }

    fn note_run_id(&mut self, party: Party, report: &InfoReport, now: Now) {
        let Some(run_id) = &report.run_id else { return };
        let Some(server) = self.server_mut(party) else {
            return;
        };
        let before = server.run_id.replace(run_id.clone());
        if before.is_none_or(|before| before == *run_id) {
            return;
        }
        server.paused_until = None;
        self.announce_party(EventName::Reboot, party);
        if party.who == Who::Master
            && let Some(master) = self.masters.get_mut(&party.master)
            && master.settings.reboot_down_after > 0
        {
            master.rebooted_at = Some(now.mono);
        }
    }

    /// What a server says of its own FAILOVER command, and whom a master follows.
    fn note_failover(&mut self, party: Party, report: &InfoReport, now: Now) {
        let Some(server) = self.server_mut(party) else {
            return;
        };
        let held_back = server.is_handing_over();
        server.failover = report.failover;
        server.failover_since = server
            .is_handing_over()
            .then(|| server.failover_since.unwrap_or(now.mono));
        if party.who == Who::Master {
            let fields = &report.replica;
            server.follows = fields.master_host.clone().zip(fields.master_port);
        }
        if held_back && !server.is_handing_over() {
            self.want_hello(party);
        }
        // One that has become a replica needs no pause of ours any more.
        if let Some(server) = self.server(party)
            && report.role == Role::Replica
            && !server.is_handing_over()
            && party.who != Who::Master
        {
            self.let_writers_go_on(party);
        }
    }

    fn learn_replicas(&mut self, id: MasterId, report: &InfoReport, now: Now) {
        let mut grown = false;
        for line in &report.replicas {
            let Some(master) = self.masters.get(&id) else {
                return;
            };
            let known = self
                .known_address(&line.host, line.port)
                .unwrap_or_else(|| Address::new(&line.host, line.port));
            if master.has_server_at(&known) {
                if !master.has_server_at(&Address::new(&line.host, line.port)) {
                    self.refresh(&line.host, now);
                }
                continue;
            }
            let Some(address) = self.fresh_address(&line.host, line.port, now) else {
                if self.settings.resolve_hostnames {
                    self.resolve_then_info(&line.host, Party::master(id), now);
                }
                continue;
            };
            let Some(master) = self.masters.get(&id) else {
                return;
            };
            if master.has_server_at(&address) {
                continue;
            }
            let party = self.add_replica(id, address, now);
            grown = true;
            if let Some(party) = party {
                self.announce_party(EventName::Slave, party);
            }
        }
        if grown {
            self.persist();
        }
    }

    /// Creates a replica record; its link connects at once.
    pub(in crate::core) fn add_replica(
        &mut self,
        id: MasterId,
        address: Address,
        now: Now,
    ) -> Option<Party> {
        let key = self.masters.get_mut(&id)?.take_key();
        let party = Party::replica(id, key);
        let name = address.key(self.settings.announce_hostnames);
        let link = self.create_link(party, now);
        let server = Server::new(link, Role::Replica, now.mono);
        let replica = Replica::new(name, address, server, now.mono);
        self.masters.get_mut(&id)?.replicas.insert(key, replica);
        self.tend_down(party, now);
        Some(party)
    }

    fn note_role(&mut self, party: Party, role: Role, now: Now) {
        let Some(server) = self.server_mut(party) else {
            return;
        };
        if server.role == role {
            return;
        }
        server.role = role;
        server.role_since = now.mono;
        if role == Role::Replica
            && let Who::Replica(key) = party.who
            && let Some(replica) = self
                .masters
                .get_mut(&party.master)
                .and_then(|m| m.replicas.get_mut(&key))
        {
            replica.conf_changed = now.mono;
        }
        let shown = if role == Role::Master {
            "master"
        } else {
            "slave"
        };
        let as_configured = (party.who == Who::Master) == (role == Role::Master);
        let name = if as_configured && role != Role::Unknown {
            EventName::RoleChange
        } else {
            EventName::RoleChangeAgainst
        };
        let text = format!("{} new reported role is {shown}", self.describe(party));
        self.announce(name, party.master, text);
    }

    fn note_replica_fields(&mut self, id: MasterId, key: u32, report: &InfoReport, now: Now) {
        let Some(replica) = self
            .masters
            .get_mut(&id)
            .and_then(|m| m.replicas.get_mut(&key))
        else {
            return;
        };
        replica.link_down_ms = report.link_down_ms;
        let fields = &report.replica;
        if let Some(host) = &fields.master_host
            && replica.master_host.as_ref() != Some(host)
        {
            replica.master_host = Some(host.clone());
            replica.conf_changed = now.mono;
        }
        if let Some(port) = fields.master_port
            && replica.master_port != port
        {
            replica.master_port = port;
            replica.conf_changed = now.mono;
        }
        replica.link_up = fields.link_up.unwrap_or(replica.link_up);
        replica.priority = fields.priority.unwrap_or(replica.priority);
        replica.repl_offset = fields.repl_offset.unwrap_or(replica.repl_offset);
        replica.announced = fields.announced.unwrap_or(replica.announced);
    }

    /// A restored configuration is published only once its master has said that it is one.
    fn confirm_restored(&mut self, id: MasterId, role: Role) {
        let Some(master) = self.masters.get_mut(&id) else {
            return;
        };
        if role == Role::Master && master.unconfirmed_since.take().is_some() {
            self.greet_group(id);
        }
    }

    /// What a told replica's own INFO says of its obedience.
    fn note_reconf_progress(&mut self, party: Party, now: Now) {
        let Some(master) = self.masters.get(&party.master) else {
            return;
        };
        let Who::Replica(key) = party.who else { return };
        let Some(replica) = master.replicas.get(&key) else {
            return;
        };
        if !replica.reconf.is_busy() {
            return;
        }
        let follows = self.reports_master(replica, master.effective_address());
        let (reconf, link_up) = (replica.reconf, replica.link_up);
        if !follows {
            self.reported_master_is_clear(party, now);
        }
        if matches!(reconf, Reconf::Sent(_)) && follows {
            self.set_reconf(party, Reconf::InProgress);
            self.announce_party(EventName::SlaveReconfInprog, party);
        }
        let in_progress = reconf == Reconf::InProgress || follows;
        if in_progress && link_up {
            self.set_reconf(party, Reconf::Done);
            self.announce_party(EventName::SlaveReconfDone, party);
            return;
        }
        let Some(server) = self.server_mut(party) else {
            return;
        };
        let pause = (FIRST_POLL_MS << server.info_poll_step.min(10)).min(LONGEST_POLL_MS);
        server.info_poll_step += 1;
        self.want_info(party, now.mono.plus(pause), now);
    }

    fn set_reconf(&mut self, party: Party, reconf: Reconf) {
        if let Who::Replica(key) = party.who
            && let Some(replica) = self
                .masters
                .get_mut(&party.master)
                .and_then(|m| m.replicas.get_mut(&key))
        {
            replica.reconf = reconf;
        }
    }

    /// Whether a replica reports this address as its master.
    pub(in crate::core) fn reports_master(&self, replica: &Replica, address: &Address) -> bool {
        let Some(host) = &replica.master_host else {
            return false;
        };
        let reported = self
            .known_address(host, replica.master_port)
            .unwrap_or_else(|| Address::new(host, replica.master_port));
        reported.same_as(address)
    }

    /// The name that a replica gives of its master may come to mean another server.
    fn refresh_reported_master(&mut self, party: Party, now: Now) {
        let Who::Replica(key) = party.who else { return };
        let Some(master) = self.masters.get(&party.master) else {
            return;
        };
        let reported = master.replicas.get(&key).and_then(|replica| {
            let host = replica.master_host.as_ref()?;
            (!master.address.is_named(host, replica.master_port)).then(|| host.clone())
        });
        if let Some(host) = reported {
            self.refresh(&host, now);
        }
    }

    /// Whether it is known which address a replica's reported master has. If it is a name with an
    /// old answer or none, that is looked up, and the replica asked again.
    pub(in crate::core) fn reported_master_is_clear(&mut self, party: Party, now: Now) -> bool {
        let Who::Replica(key) = party.who else {
            return true;
        };
        let Some(replica) = self
            .masters
            .get(&party.master)
            .and_then(|master| master.replicas.get(&key))
        else {
            return true;
        };
        let Some(host) = replica.master_host.clone() else {
            return true;
        };
        let clear = !self.settings.resolve_hostnames
            || self
                .fresh_address(&host, replica.master_port, now)
                .is_some();
        if !clear {
            self.resolve_then_info(&host, party, now);
        }
        clear
    }

    /// Logs a replica's refusal of a SLAVEOF.
    pub(in crate::core) fn log_refusal(&mut self, party: Party, text: &str) {
        let line = format!(
            "{} refused SLAVEOF: '{text}'. Check the permissions of our user and renamed commands",
            self.describe(party)
        );
        self.log(Level::Warning, line);
    }
}
