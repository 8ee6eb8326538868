//! What servers and sentinels do with what others send them.

use std::sync::Arc;

use rsentinel::core::event::DownQuestion;
use rsentinel::core::{Answer, Ask, Event};
use rsentinel::wire::{Hello, PingVerdict, TransactionOutcome};

use crate::facts::Fact;
use crate::node::Inbound;
use crate::server;

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
                if outcome.is_ok() {
                    self.publish(far, &Arc::new(Message::new(text)), 0);
                }
                Answer::Hello(party, outcome)
            }
            Ask::ScriptKill => {
                self.servers[far].busy_until = now;
                Answer::Done
            }
            Ask::Replicate { party, target } => {
                let refused = match refuse() {
                    Ok(()) if self.servers[far].refuses_slaveof => Some(
                        "NOPERM this user has no permissions to run the 'slaveof' command".into(),
                    ),
                    Ok(()) => None,
                    Err(text) => Some(text),
                };
                let outcome = match refused {
                    Some(text) => TransactionOutcome::Refused(text),
                    None => {
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
        for number in 0..self.conns.len() as u32 {
            let conn = &self.conns[number as usize];
            if number != sender && conn.far == far && conn.far_open {
                self.close_far(number, "Connection closed by client kill");
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
        };
        self.send_in(number, In::Answer(answer));
    }
}
