//! Making the changes that faults consist of.

use rsentinel::core::event::{ConfigChange, Instruction};
use rsentinel::core::{Event, Waiter};
use rsentinel::types::{MasterName, RunId};

use crate::disk::Disk;
use crate::facts::Fact;
use crate::hand_over::HandOver;
use crate::node::Inbound;
use crate::plan::{ADDRESS_CHANGES, Setting, set};
use crate::server::{self, Restart};
use crate::shape::{Shape, sentinel_id};

use super::effect::Effect;
use super::{World, first_conf};

impl World {
    /// Makes a change. What it names and is not there (a smaller cluster) is passed over.
    pub fn affect(&mut self, effect: Effect) {
        if !self.is_about_somebody(&effect) {
            return;
        }
        self.note(|_| format!("** {effect:?}"));
        self.changes += 1;
        match effect {
            Effect::KillServer(s) => self.kill_server(s, false),
            Effect::PowerOff(s) => self.kill_server(s, true),
            Effect::StartServer(s, how, loading) => {
                server::restart(&mut self.servers, s, how, loading * 1_000, self.now);
                self.flush_server(s);
            }
            Effect::Move(s, stale) => self.move_server(s, stale),
            Effect::Hang(s, on) => self.hang(s, on),
            Effect::Busy(s, ms) => self.servers[s].busy_until = self.now + ms * 1_000,
            Effect::Loading(s, ms) => self.servers[s].loading_until = self.now + ms * 1_000,
            Effect::NoAuth(s, on) => self.servers[s].no_auth = on,
            Effect::RefuseInfo(s, on) => self.servers[s].refuses_info = on,
            Effect::RefuseSlaveof(s, on) => self.servers[s].refuses_slaveof = on,
            Effect::RefuseFailover(s, on) => self.servers[s].refuses_failover = on,
            Effect::Lie(s, lie) => self.servers[s].lie = lie,
            Effect::Priority(s, priority) => self.servers[s].priority = priority,
            Effect::Slaveof(s, _) if self.servers[s].hand_over != HandOver::Idle => {}
            Effect::Slaveof(s, target) => {
                let target = target
                    .filter(|t| *t < self.servers.len() && *t != s)
                    .map(|t| (super::host_text(&self.shape, t), 6379));
                server::slaveof(&mut self.servers, s, target, self.now);
            }
            Effect::Reset(host) => self.reset_host(host),
            Effect::HalfOpen(host) => {
                for conn in &mut self.conns {
                    conn.void |= conn.far == host && conn.near_open;
                }
            }
            Effect::Crash(node) => self.crash(node),
            Effect::Start(node) => self.start_node(node),
            Effect::Replace(node) => self.replace(node),
            Effect::Pause(node, on) => self.pause(node, on),
            Effect::DiskFails(node, on) => self.nodes[node].disk.failing = on,
            Effect::DiskSpeed(node, low, high) => self.nodes[node].disk.write = (low, high),
            Effect::VotesFail(node, n) => self.nodes[node].disk.fail_votes = n,
            Effect::Block(a, b, on) => self.block(a, b, on),
            Effect::Latency(low, high) => self.network.latency = (low, high),
            Effect::Duplicates(percent) => self.network.duplicates = percent,
            Effect::Loss(percent) => self.network.loss = percent,
            Effect::Resolver(ms, failures) => self.resolver = (ms, failures),
            Effect::WallJump(node, ms) => self.nodes[node].wall_off += ms,
            Effect::Instruct(node, instruction) => self.instruct(node, instruction),
            Effect::MonitorAgain(node, group) => self.monitor_again(node, group),
        }
    }

    fn is_about_somebody(&self, effect: &Effect) -> bool {
        let (servers, nodes, hosts) = (self.servers.len(), self.nodes.len(), self.shape.hosts());
        match effect {
            Effect::KillServer(s)
            | Effect::PowerOff(s)
            | Effect::StartServer(s, ..)
            | Effect::Move(s, _)
            | Effect::Hang(s, _)
            | Effect::Busy(s, _)
            | Effect::Loading(s, _)
            | Effect::NoAuth(s, _)
            | Effect::RefuseInfo(s, _)
            | Effect::RefuseSlaveof(s, _)
            | Effect::RefuseFailover(s, _)
            | Effect::Lie(s, _)
            | Effect::Priority(s, _)
            | Effect::Slaveof(s, _) => *s < servers,
            Effect::Reset(h) | Effect::HalfOpen(h) => *h < hosts,
            Effect::Crash(n)
            | Effect::Start(n)
            | Effect::Replace(n)
            | Effect::Pause(n, _)
            | Effect::DiskFails(n, _)
            | Effect::DiskSpeed(n, ..)
            | Effect::VotesFail(n, _)
            | Effect::WallJump(n, _)
            | Effect::Instruct(n, _)
            | Effect::MonitorAgain(n, _) => *n < nodes,
            Effect::Block(a, b, _) => *a < hosts && *b < hosts,
            Effect::Latency(..)
            | Effect::Duplicates(_)
            | Effect::Loss(_)
            | Effect::Resolver(..) => true,
        }
    }

    pub(super) fn kill_server(&mut self, s: usize, silently: bool) {
        if !self.servers[s].alive {
            return;
        }
        server::kill(&mut self.servers, s, self.now);
        self.servers[s].powered_off = silently;
        for number in 0..self.conns.len() as u32 {
            if self.conns[number as usize].far != s {
                continue;
            }
            if silently {
                let conn = &mut self.conns[number as usize];
                conn.far_open = false;
                conn.subscribed = false;
            } else {
                self.close_far(number, "Connection closed by peer");
            }
        }
    }

    /// A machine that was off answers again: what TCP repeats now meets a reset.
    fn flush_server(&mut self, s: usize) {
        for node in 0..self.nodes.len() {
            let host = self.host_of_node(node);
            if self.network.open_both(host, s) {
                self.flush_held(host, s);
            }
        }
    }

    fn hang(&mut self, s: usize, on: bool) {
        if !self.servers[s].alive || self.servers[s].hung == on {
            return;
        }
        // Offsets stop and go on with it.
        server::freeze_offset(&mut self.servers, s, self.now);
        self.servers[s].hung = on;
        while !self.servers[s].hung {
            let Some((number, ask)) = self.servers[s].waiting.pop_front() else {
                return;
            };
            if self.conns[number as usize].far_open {
                self.handle_at_server(number, s, ask);
            }
        }
    }

    /// Resets every connection of a host.
    pub(super) fn reset_host(&mut self, host: usize) {
        for number in 0..self.conns.len() as u32 {
            let conn = &self.conns[number as usize];
            let near = self.host_of_node(conn.node);
            if conn.far == host || near == host {
                self.close_far(number, "Connection reset by peer");
            }
        }
    }

    pub(super) fn crash(&mut self, node: usize) {
        if self.nodes[node].brain.is_none() {
            return;
        }
        self.judge(node, &Fact::Died);
        self.running.died(node);
        let host = self.host_of_node(node);
        let this = &mut self.nodes[node];
        this.brain = None;
        this.paused = false;
        this.inbox.clear();
        this.waiters.clear();
        this.conns.clear();
        this.wake_at = None;
        this.incarnation += 1;
        this.disk.crash(&mut self.chance);
        self.published[node].clear();
        self.said_epochs[node].fill(0);
        for number in 0..self.conns.len() as u32 {
            let conn = &mut self.conns[number as usize];
            if conn.node == node && conn.near_open {
                conn.near_open = false;
                conn.far_open = false;
                conn.subscribed = false;
            } else if conn.far == host {
                self.close_far(number, "Connection closed by peer");
            }
        }
    }

    fn replace(&mut self, node: usize) {
        if self.nodes[node].brain.is_some() {
            self.crash(node);
        }
        self.lives[node] += 1;
        self.ids_ever += 1;
        self.forgetful = true;
        let life = self.lives[node];
        self.nodes[node].id = RunId::new(&sentinel_id(node, life));
        // It is set up by the operator with the master of the day.
        let mut conf = first_conf(&self.shape, node, life);
        for group in 0..self.shape.masters {
            let others = (0..self.nodes.len()).find_map(|n| self.published(n, group).cloned());
            if let Some((host, port)) = others {
                conf.masters[group].address = rsentinel::types::Address::new(&host, port);
            }
        }
        self.nodes[node].disk = Disk::new(conf, self.shape.write);
        self.start_node(node);
    }

    fn pause(&mut self, node: usize, on: bool) {
        if self.nodes[node].brain.is_none() || self.nodes[node].paused == on {
            return;
        }
        self.nodes[node].paused = on;
        if on {
            return;
        }
        while self.nodes[node].runs() && self.violation.is_none() {
            let Some(inbound) = self.nodes[node].inbox.pop_front() else {
                break;
            };
            match inbound {
                Inbound::Own { conn, what } => self.take_in(conn, what),
                Inbound::Foreign { conn } => self.think(conn),
                Inbound::Event(event) => self.tell(node, event),
            }
        }
        // What arrived meanwhile goes before the deadlines that have passed, as the core asks for.
        if self.nodes[node].runs() {
            self.tell(node, Event::Tick);
        }
    }

    fn block(&mut self, a: usize, b: usize, on: bool) {
        if on {
            self.network.block(a, b);
        } else {
            self.network.unblock(a, b);
            if self.network.open_both(a, b) {
                self.flush_held(a, b);
            }
        }
    }

    /// An operator instructs a sentinel.
    pub fn instruct(&mut self, node: usize, instruction: Instruction) {
        if !self.nodes[node].runs() {
            return;
        }
        self.judge(node, &Fact::Instructed(&instruction));
        self.forgetful |= matches!(
            instruction,
            Instruction::Reset { .. } | Instruction::Remove { .. }
        );
        // Nobody reads the answer.
        self.tell(
            node,
            Event::Instructed {
                waiter: Waiter(u64::MAX),
                instruction,
            },
        );
    }

    /// An operator has a sentinel monitor a group, if it does not, as another one knows it.
    pub fn monitor_again(&mut self, node: usize, group: usize) {
        if group >= self.shape.masters || self.published(node, group).is_some() {
            return;
        }
        let known = (0..self.nodes.len()).find_map(|n| self.published(n, group).cloned());
        let first = self.shape.first_master(group);
        let (host, port) = known.unwrap_or((super::host_text(&self.shape, first), 6379));
        let name = MasterName::new(&Shape::group_name(group));
        let quorum = self.shape.quorum;
        self.instruct(
            node,
            Instruction::Monitor {
                name: name.clone(),
                host,
                port: i64::from(port),
                quorum,
            },
        );
        self.set_as_shaped(node, name);
    }

    fn set_as_shaped(&mut self, node: usize, name: MasterName) {
        let settings = [
            Setting::Quorum(self.shape.quorum),
            Setting::DownAfter(self.shape.down_after),
            Setting::FailoverTimeout(self.shape.failover_timeout),
            Setting::ParallelSyncs(self.shape.parallel_syncs.max(1) as u32),
        ];
        self.instruct(node, set(name, &settings));
    }

    /// Faults are over: everything works again, everybody is back.
    pub fn heal(&mut self) {
        self.note(|_| "** everything is well again".to_owned());
        self.healed = true;
        self.armed.clear();
        self.network.heal(self.shape.latency);
        self.resolver = (2, 0);
        self.end_stale_names();
        for conn in &mut self.conns {
            if std::mem::take(&mut conn.void) {
                conn.far_open = false;
                conn.subscribed = false;
            }
        }
        let hosts = self.shape.hosts();
        for a in 0..hosts {
            for node in 0..self.nodes.len() {
                let host = self.host_of_node(node);
                if a < host {
                    self.flush_held(a, host);
                }
            }
        }
        for s in 0..self.servers.len() {
            let this = &mut self.servers[s];
            this.no_auth = false;
            this.refuses_slaveof = false;
            this.refuses_info = false;
            this.refuses_failover = false;
            this.lie = None;
            this.busy_until = 0;
            this.loading_until = 0;
            if this.alive {
                self.hang(s, false);
            } else {
                server::restart(&mut self.servers, s, Restart::Same, 0, self.now);
                self.flush_server(s);
            }
        }
        for node in 0..self.nodes.len() {
            let disk = &mut self.nodes[node].disk;
            disk.failing = false;
            disk.fail_votes = 0;
            disk.write = self.shape.write;
            self.pause(node, false);
            self.start_node(node);
        }
        let moved = self.faults.iter().any(|f| f.name == ADDRESS_CHANGES);
        for node in 0..self.nodes.len() {
            if moved {
                let back = Instruction::ConfigSet(vec![ConfigChange::AnnounceIp(None)]);
                self.instruct(node, back);
            }
            for group in 0..self.shape.masters {
                self.monitor_again(node, group);
                self.set_as_shaped(node, MasterName::new(&Shape::group_name(group)));
            }
        }
    }
}
