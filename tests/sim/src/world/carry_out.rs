//! Carrying out what a sentinel decided.

use std::net::IpAddr;
use std::sync::Arc;

use rsentinel::core::{Action, Event, Reply};
use rsentinel::core::{Answer, Ask};
use rsentinel::wire::DownReply;

use crate::facts::Fact;
use crate::node::Node;
use crate::shape::{Shape, node_of, server_of, server_of_host};

use super::World;
use super::conn::{Conn, In, State};
use super::queue::Due;
use super::said::What;

impl World {
    /// One turn of a sentinel, now; a stopped one gets it later.
    pub(super) fn tell(&mut self, node: usize, event: Event) {
        if self.nodes[node].brain.is_none() || self.violation.is_some() {
            return;
        }
        if self.nodes[node].paused {
            self.nodes[node]
                .inbox
                .push_back(crate::node::Inbound::Event(event));
            return;
        }
        let now = self.nodes[node].present(self.now);
        self.tally.turns += 1;
        if let Some(brain) = &mut self.nodes[node].brain {
            brain.handle(now, event);
        }
        self.carry_out(node);
    }

    /// The deadline of a sentinel may have come.
    pub(super) fn wake(&mut self, node: usize) {
        if self.nodes[node].wake_at != Some(self.now) {
            return;
        }
        self.nodes[node].wake_at = None;
        if !self.nodes[node].runs() {
            return;
        }
        let present = self.nodes[node].present(self.now).mono;
        let due = self.nodes[node]
            .brain
            .as_ref()
            .and_then(|b| b.next_deadline());
        if due.is_some_and(|at| at <= present) {
            self.tell(node, Event::Tick);
        } else {
            self.plan_wake(node);
        }
    }

    fn plan_wake(&mut self, node: usize) {
        let this = &self.nodes[node];
        let Some(at) = this.brain.as_ref().and_then(|b| b.next_deadline()) else {
            return;
        };
        let at = this.world_time(at).max(this.next_ms(self.now));
        if this
            .wake_at
            .is_none_or(|planned| planned > at || planned < self.now)
        {
            self.nodes[node].wake_at = Some(at);
            self.queue.push(at, Due::Wake(node));
        }
    }

    /// Carries out all actions of a turn.
    pub(super) fn carry_out(&mut self, node: usize) {
        while let Some(action) = self.nodes[node]
            .brain
            .as_mut()
            .and_then(|b| b.poll_action())
        {
            self.obey(node, action);
            if self.violation.is_some() {
                return;
            }
        }
        // A simulated crash that waits for its last write decides nothing any more.
        let brain = self.nodes[node].brain.as_ref();
        if brain.is_none_or(|brain| brain.next_deadline().is_some()) {
            self.judge(node, &Fact::TurnEnded);
        }
        if self.nodes[node].brain.is_some() {
            self.plan_wake(node);
        }
    }

    fn obey(&mut self, node: usize, action: Action) {
        match action {
            Action::Connect {
                conn, to, socket, ..
            } => {
                let far = server_of(to)
                    .filter(|s| *s < self.shape.servers())
                    .or_else(|| {
                        node_of(to)
                            .filter(|n| *n < self.shape.nodes)
                            .map(|n| self.host_of_node(n))
                    });
                let number = self.conns.len() as u32;
                let incarnation = self.nodes[node].incarnation;
                let host = far.unwrap_or(usize::MAX);
                self.conns
                    .push(Conn::new(node, incarnation, conn, host, socket));
                self.nodes[node].conns.insert(conn, number);
                if far.is_some_and(|far| self.left_behind(far, to)) {
                    // Nobody answers there any more.
                    self.conns[number as usize].void = true;
                } else if let Some(far) = far {
                    let near = self.host_of_node(node);
                    let at = self.now + self.network.travel(near, far, &mut self.chance);
                    self.queue.push(at, Due::Syn(number, 0));
                }
            }
            Action::Close { conn } => {
                if let Some(number) = self.nodes[node].conns.remove(conn) {
                    self.close_near(number);
                }
            }
            Action::Send { conn, ask, .. } => self.send(node, conn, ask),
            Action::Resolve { host } => self.look_up(node, host),
            Action::Notice(notice) => {
                let quiet = notice.name.level() == rsentinel::core::notice::Level::Debug;
                if !quiet {
                    self.note(|_| {
                        format!("sentinel {node}: {} {}", notice.name.as_str(), notice.text)
                    });
                }
                self.tally
                    .notice(notice.name, self.nodes[node].is_reference);
                self.tally.beside_another += u64::from(self.running.note(node, &notice));
                self.votes.note(node, self.nodes[node].id.as_str(), &notice);
                self.judge(node, &Fact::Announced(&notice));
                self.keep(node, || What::Notice(notice.name, notice.text.clone()));
                self.trigger_on_notice(node, &notice);
            }
            Action::Log(line) => {
                self.tally.line(&line.text);
                self.note(|_| format!("sentinel {node}: log: {}", line.text));
            }
            Action::Addresses(table) => {
                self.judge(node, &Fact::Addresses(&table));
                self.changes += 1;
                self.publish_addresses(node, &table);
            }
            Action::Persist { version } => {
                let Some(brain) = &mut self.nodes[node].brain else {
                    return;
                };
                let state = Arc::new(brain.state_to_persist());
                self.judge(node, &Fact::HandedOver(&state));
                if self.nodes[node].is_reference {
                    // It blocks until the write is done, and goes on whatever came of it.
                    let disk = &mut self.nodes[node].disk;
                    if !disk.failing {
                        disk.durable = state;
                    }
                    return;
                }
                let begun = self.nodes[node].disk.put(version, state, &mut self.chance);
                if let Some(write) = begun {
                    let incarnation = self.nodes[node].incarnation;
                    self.queue.push(
                        self.now + write.takes,
                        Due::Disk(node, incarnation, write.number),
                    );
                }
            }
            Action::Reply { waiter, reply } => {
                if let Some((conn, question)) = self.nodes[node].waiters.remove(&waiter.0) {
                    self.answer_opinion(node, conn, question, reply);
                }
            }
            Action::StartScript { script, .. } => {
                let incarnation = self.nodes[node].incarnation;
                self.queue
                    .push(self.now, Due::Script(node, incarnation, script));
            }
            Action::KillScript { .. } | Action::SetLogLevel(_) => {}
            Action::Exit { .. } => {
                self.affect(super::effect::Effect::Crash(node));
                if self.healed {
                    // Whoever looks after it starts it again.
                    self.start_node(node);
                }
            }
        }
    }

    fn answer_opinion(
        &mut self,
        node: usize,
        conn: u32,
        question: rsentinel::core::event::DownQuestion,
        reply: Reply,
    ) {
        let Reply::Down(opinion) = reply else { return };
        let asker = self.conns[conn as usize].node;
        self.note(|_| {
            format!(
                "sentinel {node}: answers sentinel {asker} about {}:{} in epoch {}: {} {} {}",
                question.host,
                question.port,
                question.epoch,
                u8::from(opinion.down),
                opinion.leader.as_ref().map_or("*", |l| l.as_str()),
                opinion.epoch
            )
        });
        self.judge(
            node,
            &Fact::Answered {
                asker,
                question: &question,
                opinion: &opinion,
            },
        );
        let given = opinion.leader.is_some() && question.candidate == opinion.leader;
        let vote = opinion.leader.map(|leader| (leader, opinion.epoch));
        let reply = DownReply {
            down: opinion.down,
            vote,
        };
        let peer = self.conns[conn as usize].far_peer.take();
        if let Some(peer) = peer {
            self.send_in(
                conn,
                In::Answer(Answer::MasterDown {
                    peer,
                    reply: Some(reply),
                }),
            );
        }
        self.conns[conn as usize].far_thinking = false;
        // The next request of this connection is looked at when this turn is over.
        self.queue.push(self.now, Due::Think(conn));
        if given {
            self.trigger_on_vote(node, asker);
        }
    }

    fn send(&mut self, node: usize, conn: rsentinel::core::ConnId, ask: Ask) {
        let Some(number) = self.nodes[node].conns.get(conn) else {
            // The core speaks on a socket it has closed: a fault of the core.
            self.violation
                .get_or_insert_with(|| crate::oracles::Violation {
                    invariant: "contract",
                    at: self.now / 1_000,
                    text: format!("sentinel {node} speaks on a socket that it closed: {ask:?}"),
                });
            return;
        };
        let host = self.conns[number as usize].far;
        self.tell_of_sending(node, host, &ask);
        if let Ask::MasterDown {
            candidate: Some(_),
            epoch,
            ..
        } = &ask
        {
            self.keep(node, || What::AsksForVote(epoch.get()));
        }
        if let Ask::Hello { text, .. } = &ask
            && self.healed
        {
            self.note_said_epoch(node, text);
        }
        self.judge(node, &Fact::Sent { host, ask: &ask });
        let this = &mut self.conns[number as usize];
        if ask == Ask::Info {
            this.infos.push_back(self.now);
        }
        if this.state == State::Dialing {
            this.queued.push(ask);
        } else {
            self.send_out(number, ask);
        }
    }

    /// Which config epoch a hello of a sentinel names.
    fn note_said_epoch(&mut self, node: usize, text: &str) {
        let mut words = text.rsplit(',');
        let (epoch, name) = (words.next(), words.nth(2));
        let group = name.and_then(Shape::group_of_name);
        let slot = group.and_then(|g| self.said_epochs[node].get_mut(g));
        if let (Some(slot), Some(epoch)) = (slot, epoch.and_then(|e| e.parse().ok())) {
            *slot = epoch;
        }
    }

    fn look_up(&mut self, node: usize, host: Arc<str>) {
        let (ms, failures) = self.resolver;
        let outcome: Result<IpAddr, String> = if self.chance.percent(failures) {
            Err("no answer".into())
        } else {
            server_of_host(&host).map_or_else(
                || Err("no such name".into()),
                |server| Ok(self.address_by_name(server).ip()),
            )
        };
        let takes = self.chance.between(ms * 500, ms * 1_500);
        let incarnation = self.nodes[node].incarnation;
        self.queue.push(
            self.now + takes,
            Due::Resolved(node, incarnation, host, outcome),
        );
    }

    /// A write ends.
    pub(super) fn write_ended(&mut self, node: usize, incarnation: u32, number: u64) {
        if self.nodes[node].incarnation != incarnation || self.nodes[node].brain.is_none() {
            return;
        }
        let Some((write, next)) = self.nodes[node].disk.end(number, &mut self.chance) else {
            return;
        };
        if let Some(next) = next {
            self.queue.push(
                self.now + next.takes,
                Due::Disk(node, incarnation, next.number),
            );
        }
        let version = write.version;
        if write.fate == crate::disk::Fate::Works {
            let state = write.state.clone();
            self.judge(node, &Fact::Durable(&state));
            self.tell(
                node,
                Event::Durable {
                    version,
                    took_ms: write.takes / 1_000,
                },
            );
        } else {
            self.note(|_| format!("sentinel {node}: write {} fails", version.0));
            self.tell(
                node,
                Event::NotDurable {
                    version,
                    reason: "No space left on device".into(),
                },
            );
        }
    }
}

/// A question for a sentinel that waits for its answer.
pub(super) fn new_waiter(node: &mut Node) -> rsentinel::core::Waiter {
    node.next_waiter += 1;
    rsentinel::core::Waiter(node.next_waiter)
}
