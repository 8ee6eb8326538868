//! Packets: how they travel, wait, arrive or come back as resets.

use std::net::IpAddr;

use rsentinel::core::{Answer, Ask, Event};

use crate::facts::Fact;
use crate::node::Inbound;
use crate::shape::sentinel_at;

use super::World;
use super::conn::{In, State};
use super::queue::Due;

/// The longest pause between repeats of an unanswered connect, in µs.
const LONGEST_SYN_PAUSE: u64 = 8_000_000;

impl World {
    /// A connect reaches the far end, or does not.
    pub(super) fn syn(&mut self, number: u32, tries: u32) {
        let conn = &self.conns[number as usize];
        if !conn.near_open || conn.state != State::Dialing {
            return;
        }
        let (near, far) = (self.host_of_node(conn.node), conn.far);
        if !self.network.open_both(near, far) || self.is_dark(far) {
            let pause = (1_000_000_u64 << tries.min(5)).min(LONGEST_SYN_PAUSE);
            self.queue
                .push(self.now + pause, Due::Syn(number, tries + 1));
            return;
        }
        if self.process_of_host_exists(far) {
            let conn = &mut self.conns[number as usize];
            conn.far_open = true;
            conn.state = State::Up;
            self.send_in(number, In::Connected);
        } else {
            self.send_in(number, In::Closed("Connection refused"));
        }
    }

    /// The machine is off: nothing answers at all.
    fn is_dark(&self, host: usize) -> bool {
        self.servers.get(host).is_some_and(|s| s.powered_off)
    }

    fn process_of_host_exists(&self, host: usize) -> bool {
        match self.servers.get(host) {
            Some(server) => server.alive,
            None => self
                .node_of_host(host)
                .is_some_and(|n| self.nodes[n].brain.is_some()),
        }
    }

    /// How long one packet of a connection takes, in µs.
    fn travel(&mut self, number: u32) -> u64 {
        let conn = &self.conns[number as usize];
        let near = self.host_of_node(conn.node);
        self.network.travel(near, conn.far, &mut self.chance)
    }

    /// The near end sends a request.
    pub(super) fn send_out(&mut self, number: u32, ask: Ask) {
        let mut travel = self.travel(number);
        if let Some((least, greatest)) = self.network.late_votes
            && asks_for_vote(&ask)
        {
            travel += self.chance.between(least, greatest);
        }
        let conn = &mut self.conns[number as usize];
        if !conn.held_out.is_empty() {
            conn.held_out.push_back(ask);
            return;
        }
        conn.last_out = (self.now + travel).max(conn.last_out);
        self.queue.push(conn.last_out, Due::Out(number, ask));
    }

    /// The far end sends something.
    pub(super) fn send_in(&mut self, number: u32, what: In) {
        let travel = self.travel(number);
        let conn = &mut self.conns[number as usize];
        if !conn.near_open {
            return;
        }
        if !conn.held_in.is_empty() {
            conn.held_in.push_back(what);
            return;
        }
        conn.last_in = (self.now + travel).max(conn.last_in);
        self.queue.push(conn.last_in, Due::In(number, what));
    }

    /// A request arrives, unless the network swallows it.
    pub(super) fn arrive_far(&mut self, number: u32, ask: Ask) {
        let conn = &self.conns[number as usize];
        if conn.void {
            return;
        }
        let (near, far) = (self.host_of_node(conn.node), conn.far);
        if !self.network.open(near, far) || !conn.held_out.is_empty() || self.is_dark(far) {
            self.conns[number as usize].held_out.push_back(ask);
            return;
        }
        if self.conns[number as usize].far_open {
            self.handle_far(number, ask);
        } else {
            self.send_in(number, In::Closed("Connection reset by peer"));
        }
    }

    /// Something arrives at the near end, unless the network swallows it.
    pub(super) fn arrive_near(&mut self, number: u32, what: In) {
        let conn = &self.conns[number as usize];
        let node = conn.node;
        if !conn.near_open || conn.void || conn.incarnation != self.nodes[node].incarnation {
            return;
        }
        let (near, far) = (self.host_of_node(node), conn.far);
        if !self.network.open(far, near) || !conn.held_in.is_empty() {
            self.conns[number as usize].held_in.push_back(what);
            return;
        }
        if self.nodes[node].paused {
            self.nodes[node]
                .inbox
                .push_back(Inbound::Own { conn: number, what });
            return;
        }
        self.take_in(number, what);
    }

    /// What arrived is handled by its sentinel.
    pub(super) fn take_in(&mut self, number: u32, what: In) {
        let conn = &mut self.conns[number as usize];
        let (node, id, far) = (conn.node, conn.id, conn.far);
        if !conn.near_open || self.nodes[node].brain.is_none() {
            return;
        }
        let event = match what {
            In::Connected => {
                for ask in std::mem::take(&mut conn.queued) {
                    self.send_out(number, ask);
                }
                let local_ip: Option<IpAddr> = Some(sentinel_at(node).ip());
                Event::Connected { conn: id, local_ip }
            }
            In::Closed(reason) => {
                conn.near_open = false;
                let was_up = conn.state == State::Up;
                self.nodes[node].conns.remove(id);
                if was_up {
                    self.tell_of_loss(node, far, reason);
                }
                Event::Closed {
                    conn: id,
                    reason: reason.to_owned(),
                }
            }
            In::Answer(answer) => {
                self.observe_answer(node, number, far, &answer);
                Event::Answered { conn: id, answer }
            }
            In::Heard(message) => {
                if let Some(hello) = message.as_ref().and_then(|m| m.hello.as_ref()) {
                    self.judge(node, &Fact::HeardHello(hello));
                }
                Event::Heard {
                    conn: id,
                    hello: message.map(|m| m.text.clone()),
                }
            }
        };
        self.tell(node, event);
    }

    fn observe_answer(&mut self, node: usize, number: u32, far: usize, answer: &Answer) {
        match answer {
            Answer::Ping(verdict) => self.judge(node, &Fact::HeardPing { host: far, verdict }),
            Answer::Info(outcome) => {
                let asked = self.conns[number as usize].infos.pop_front().unwrap_or(0);
                if let Ok(report) = outcome {
                    self.judge(
                        node,
                        &Fact::HeardInfo {
                            server: far,
                            asked,
                            report,
                        },
                    );
                }
            }
            Answer::Replicate(_, outcome) => {
                self.note(|_| format!("sentinel {node}: SLAVEOF at server {far}: {outcome:?}"));
                self.judge(
                    node,
                    &Fact::HeardOutcome {
                        server: far,
                        outcome,
                    },
                );
            }
            Answer::HandOver { outcome, .. } => {
                self.note(|_| format!("sentinel {node}: FAILOVER at server {far}: {outcome:?}"));
            }
            Answer::MasterDown { peer, reply } => {
                if let Some(from) = self.node_of_host(far) {
                    let opinion = Fact::HeardOpinion {
                        from,
                        about: peer.master,
                        down: reply.as_ref().map(|r| r.down),
                        vote: reply.as_ref().and_then(|r| r.vote.as_ref()),
                    };
                    self.judge(node, &opinion);
                }
            }
            _ => {}
        }
    }

    /// The near end closes a connection.
    pub(super) fn close_near(&mut self, number: u32) {
        let conn = &mut self.conns[number as usize];
        conn.near_open = false;
        conn.held_in.clear();
        let (node, far) = (conn.node, conn.far);
        if far < self.shape.hosts() && self.network.open(self.host_of_node(node), far) {
            let conn = &mut self.conns[number as usize];
            conn.far_open = false;
            conn.subscribed = false;
        }
    }

    /// The far end closes a connection; whoever opened it hears of it.
    pub(super) fn close_far(&mut self, number: u32, reason: &'static str) {
        let conn = &mut self.conns[number as usize];
        if !conn.far_open {
            return;
        }
        conn.far_open = false;
        conn.subscribed = false;
        conn.far_queue.clear();
        conn.far_thinking = false;
        self.send_in(number, In::Closed(reason));
    }

    /// Packets between two hosts arrive again: TCP sends what was swallowed once more.
    pub(super) fn flush_held(&mut self, a: usize, b: usize) {
        for number in 0..self.conns.len() {
            let conn = &self.conns[number];
            let near = self.host_of_node(conn.node);
            let between = (near == a && conn.far == b) || (near == b && conn.far == a);
            if !between || (conn.held_in.is_empty() && conn.held_out.is_empty()) {
                continue;
            }
            let again = self.now + self.chance.between(1_000, 900_000);
            let conn = &mut self.conns[number];
            let (held_out, held_in) = (
                std::mem::take(&mut conn.held_out),
                std::mem::take(&mut conn.held_in),
            );
            conn.last_out = conn.last_out.max(again);
            conn.last_in = conn.last_in.max(again);
            let (out_at, in_at) = (conn.last_out, conn.last_in);
            for ask in held_out {
                self.queue.push(out_at, Due::Out(number as u32, ask));
            }
            for what in held_in {
                self.queue.push(in_at, Due::In(number as u32, what));
            }
        }
    }
}

fn asks_for_vote(ask: &Ask) -> bool {
    matches!(
        ask,
        Ask::MasterDown {
            candidate: Some(_),
            ..
        }
    )
}
