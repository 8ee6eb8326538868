//! What servers and sentinels do with what others send them.

use std::sync::Arc;

use rsentinel::core::event::DownQuestion;
use rsentinel::core::{Answer, Ask, Event};
use rsentinel::wire::{HandOverOutcome, Hello, PingVerdict, TransactionOutcome};

use crate::facts::Fact;
use crate::hand_over::{self, HandOver};
use crate::node::Inbound;
use crate::server;
use crate::shape::server_of_host;

use super::World;
use super::carry_out::new_waiter;
use super::conn::{In, Message};

impl World {
    /// A request has arrived at the far end of a connection.
    pub(super) fn handle_far(&mut self, number: u32, ask: Ask) {
        let far = self.conns[number as usize].far;
        if far < self.servers.len() {
            if self.servers[far].hung {
                self.servers[far].waiting.push_back((number, ask));
            } else if !self.conns[number as usize].far_queue.is_empty() {
                // Behind a request that the server holds back.
                self.conns[number as usize].far_queue.push_back(ask);
            } else {
                self.handle_at_server(number, far, ask);
            }
        } else {
            self.conns[number as usize].far_queue.push_back(ask);
            self.think(number);
        }
    }

    // ---- servers ----

    /// A server does what it is asked.
    pub(super) fn handle_at_server(&mut self, number: u32, far: usize, ask: Ask) {
        let now = self.now;
        let server = &self.servers[far];
        let loading = now < server.loading_until;
        let busy = now < server.busy_until;
        let refusal = if server.no_auth {
            Some("NOAUTH Authentication required.")
        } else if loading {
            Some("LOADING Redis is loading the dataset in memory")
        } else if busy {
            Some("BUSY Redis is busy running a script.")
        } else {
            None
        };
        let no_auth = server.no_auth;
        let refuse = || refusal.map_or(Ok(()), |text| Err(text.to_owned()));
        let answer = match ask {
            Ask::Auth { .. } => Answer::Auth(Ok(())),
            Ask::SetName(name) => {
                self.conns[number as usize].name = Some(name);
                Answer::Done
            }
            Ask::Ping => Answer::Ping(match (no_auth, loading, busy) {
                (true, ..) => PingVerdict::Other("NOAUTH Authentication required.".into()),
                (_, true, _) => PingVerdict::Loading,
                (_, _, true) => PingVerdict::Busy,
                _ => PingVerdict::Pong,
            }),
            Ask::Info => {
                let report = if no_auth || busy || server.refuses_info {
                    let why = refusal.unwrap_or("NOPERM this user has no permissions");
                    Err(why.to_owned())
                } else {
                    let host_of = |s: usize| super::host_text(&self.shape, s);
                    Ok(Box::new(server::info(&self.servers, far, now, &host_of)))
                };
                Answer::Info(report)
            }
            Ask::Subscribe => {
                if !no_auth {
                    self.conns[number as usize].subscribed = true;
                    self.subscribers[far].push(number);
                }
                return self.send_in(number, In::Heard(None));
            }
            Ask::Hello { party, text } => {
                let outcome = refuse();
                if outcome.is_ok() && hand_over::holds_back(&self.servers[far], now) {
                    let held = Ask::Hello { party, text };
                    return self.conns[number as usize].far_queue.push_front(held);
                }
                if outcome.is_ok() {
                    self.publish(far, &Arc::new(Message::new(text)), 0);
                }
                Answer::Hello(party, outcome)
            }
            Ask::ScriptKill => {
                self.servers[far].busy_until = now;
                Answer::Done
            }
            Ask::HandOver {
                epoch, host, ms, ..
            } => {
                let outcome = match refuse() {
                    Err(why) => HandOverOutcome::Refused { why, paused: false },
                    Ok(()) => self.told_to_hand_over(far, &host, ms),
                };
                Answer::HandOver { epoch, outcome }
            }
            Ask::Release => {
                let outcome = refuse();
                if outcome.is_ok() {
                    self.servers[far].unsaved = None;
                    self.kill_clients(number, far);
                    self.unpause(far);
                }
                Answer::Released(outcome)
            }
            Ask::Unpause => {
                let outcome = refuse();
                if outcome.is_ok() {
                    self.unpause(far);
                }
                Answer::Unpaused(outcome)
            }
            Ask::Replicate {
                party,
                target,
                abort_failover,
            } => {
                let refused = match refuse() {
                    Ok(()) if self.servers[far].hand_over != HandOver::Idle && !abort_failover => {
                        Some("ERR REPLICAOF not allowed while failing over.".into())
                    }
                    Ok(()) if abort_failover && self.failover_denied(far).is_some() => {
                        self.failover_denied(far)
                    }
                    Ok(()) if self.servers[far].refuses_slaveof => Some(
                        "NOPERM this user has no permissions to run the 'slaveof' command".into(),
                    ),
                    Ok(()) => None,
                    Err(text) => Some(text),
                };
                let outcome = match refused {
                    Some(text) => TransactionOutcome::Refused(text),
                    None => {
                        self.servers[far].hand_over = HandOver::Idle;
                        self.obey_slaveof(number, far, target);
                        TransactionOutcome::Accepted
                    }
                };
                Answer::Replicate(party, outcome)
            }
            Ask::MasterDown { peer, .. } => Answer::MasterDown { peer, reply: None },
        };
        self.send_in(number, In::Answer(answer));
    }

    fn obey_slaveof(&mut self, sender: u32, far: usize, target: Option<(String, u16)>) {
        self.note(|_| format!("server {far}: SLAVEOF {target:?}"));
        server::slaveof(&mut self.servers, far, target, self.now);
        self.changes += 1;
        self.kill_clients(sender, far);
        self.let_go_on(far);
    }

    /// CLIENT KILL, normal and pubsub, by one of them.
    fn kill_clients(&mut self, sender: u32, far: usize) {
        for number in 0..self.conns.len() as u32 {
            let conn = &self.conns[number as usize];
            if number != sender && conn.far == far && conn.far_open {
                self.close_far(number, "Connection closed by client kill");
            }
        }
    }

    /// Why a server does not take FAILOVER at all.
    fn failover_denied(&self, far: usize) -> Option<String> {
        let server = &self.servers[far];
        if !server.knows_failover {
            Some("ERR unknown command 'FAILOVER'".into())
        } else if server.refuses_failover {
            Some("NOPERM this user has no permissions to run the 'failover' command".into())
        } else {
            None
        }
    }

    /// CLIENT PAUSE WRITE and FAILOVER TO in one transaction.
    fn told_to_hand_over(&mut self, far: usize, host: &str, ms: u64) -> HandOverOutcome {
        self.note(|_| format!("server {far}: FAILOVER TO {host} TIMEOUT {ms}"));
        if let Some(why) = self.failover_denied(far) {
            return HandOverOutcome::Refused { why, paused: false };
        }
        let until = self.now + ms * 1_000;
        let server = &mut self.servers[far];
        server.paused_until = server.paused_until.max(until);
        let to = server_of_host(host);
        let begun = hand_over::begin(&mut self.servers, far, to, until, self.now);
        hand_over::hold_or_go_on(&mut self.servers, far, self.now);
        match begun {
            Ok(()) => HandOverOutcome::Begun,
            Err(why) => HandOverOutcome::Refused {
                why: why.to_owned(),
                paused: true,
            },
        }
    }

    fn unpause(&mut self, far: usize) {
        self.servers[far].paused_until = 0;
        self.let_go_on(far);
    }

    /// Requests that a server has held back are carried out, as far as it does not hold them back
    /// still.
    fn let_go_on(&mut self, far: usize) {
        hand_over::hold_or_go_on(&mut self.servers, far, self.now);
        for number in 0..self.conns.len() as u32 {
            if self.conns[number as usize].far != far {
                continue;
            }
            while !self.servers[far].hung && !hand_over::holds_back(&self.servers[far], self.now) {
                let conn = &mut self.conns[number as usize];
                let Some(ask) = conn.far_queue.pop_front().filter(|_| conn.far_open) else {
                    break;
                };
                self.handle_at_server(number, far, ask);
            }
        }
    }

    /// FAILOVERs of servers move on, and so do those who wait for them.
    pub(super) fn move_hand_overs(&mut self) {
        let busy = |s: &server::Server| s.frozen || s.hand_over != HandOver::Idle;
        if !self.servers.iter().any(busy) {
            return;
        }
        let shape = &self.shape;
        let host_of = |s: usize| super::host_text(shape, s);
        let changed = hand_over::move_on(
            &mut self.servers,
            &self.network,
            &mut self.chance,
            self.now,
            &host_of,
        );
        if changed {
            self.changes += 1;
            self.note(|w| {
                let roles: Vec<_> = w.servers.iter().map(|s| s.follows.clone()).collect();
                format!("servers hand over: {roles:?}")
            });
        }
        for far in 0..self.servers.len() {
            if busy(&self.servers[far]) {
                self.let_go_on(far);
            }
        }
    }

    /// A message on the hello channel reaches the subscribers of a server and of its replicas.
    fn publish(&mut self, at: usize, message: &Arc<Message>, depth: u32) {
        let mut subscribers = std::mem::take(&mut self.subscribers[at]);
        subscribers.retain(|n| {
            let conn = &self.conns[*n as usize];
            conn.subscribed && conn.far_open
        });
        for &number in &subscribers {
            self.send_in(number, In::Heard(Some(message.clone())));
            if self.network.duplicates > 0 && self.chance.percent(self.network.duplicates) {
                self.tally.duplicated_hellos += 1;
                self.send_in(number, In::Heard(Some(message.clone())));
            }
        }
        self.subscribers[at] = subscribers;
        if depth > 3 {
            return;
        }
        for replica in 0..self.servers.len() {
            let other = &self.servers[replica];
            let fed = other.serves()
                && other.link_up()
                && other.master_index() == Some(at)
                && replica != at
                && self.network.open(at, replica);
            if fed {
                self.publish(replica, message, depth + 1);
            }
        }
    }

    // ---- sentinels ----

    /// A sentinel looks at the requests of one connection, in order.
    pub(super) fn think(&mut self, number: u32) {
        let Some(node) = self.node_of_host(self.conns[number as usize].far) else {
            return;
        };
        if self.nodes[node].paused {
            self.nodes[node]
                .inbox
                .push_back(Inbound::Foreign { conn: number });
            return;
        }
        while !self.conns[number as usize].far_thinking && self.conns[number as usize].far_open {
            if self.nodes[node].brain.is_none() {
                return;
            }
            let Some(ask) = self.conns[number as usize].far_queue.pop_front() else {
                return;
            };
            self.handle_at_sentinel(number, node, ask);
        }
    }

    fn handle_at_sentinel(&mut self, number: u32, node: usize, ask: Ask) {
        let answer = match ask {
            Ask::SetName(name) => {
                self.conns[number as usize].name = Some(name);
                Answer::Done
            }
            Ask::Auth { .. } => Answer::Auth(Ok(())),
            Ask::Ping => Answer::Ping(PingVerdict::Pong),
            Ask::Hello { party, text } => {
                if let Some(hello) = Hello::parse(&text) {
                    self.judge(node, &Fact::HeardHello(&hello));
                }
                self.tell(node, Event::HelloPublished { text });
                Answer::Hello(party, Ok(()))
            }
            Ask::MasterDown {
                peer,
                host,
                port,
                epoch,
                candidate,
            } => {
                let waiter = new_waiter(&mut self.nodes[node]);
                let question = DownQuestion {
                    host,
                    port: i64::from(port),
                    epoch,
                    candidate,
                };
                let conn = &mut self.conns[number as usize];
                conn.far_thinking = true;
                conn.far_peer = Some(peer);
                let client_name = conn.name.clone();
                self.nodes[node]
                    .waiters
                    .insert(waiter.0, (number, question.clone()));
                return self.tell(
                    node,
                    Event::AskedDown {
                        waiter,
                        question,
                        client_name,
                    },
                );
            }
            Ask::Info => Answer::Info(Err("ERR".into())),
            Ask::ScriptKill | Ask::Subscribe => Answer::Done,
            Ask::Replicate { party, .. } => Answer::Replicate(
                party,
                TransactionOutcome::Refused("ERR unknown command".into()),
            ),
            Ask::HandOver { epoch, .. } => Answer::HandOver {
                epoch,
                outcome: HandOverOutcome::Unclear("ERR unknown command".into()),
            },
            Ask::Release => Answer::Released(Err("ERR unknown command".into())),
            Ask::Unpause => Answer::Unpaused(Err("ERR unknown command".into())),
        };
        self.send_in(number, In::Answer(answer));
    }
}
