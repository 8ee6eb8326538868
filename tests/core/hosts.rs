//! The scripted other side: data servers and peers, and how the network treats them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use rsentinel::core::action::Ask;
use rsentinel::core::{Answer, Timings};
use rsentinel::types::{Epoch, RunId};
use rsentinel::wire::{
    DownReply, HandOverOutcome, InfoReport, PingVerdict, ReplicaLine, ReplicaReport, Role,
    ServerFailover, TransactionOutcome, info,
};

/// What happens to connects and bytes on the way to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All is well.
    Up,
    /// Connects are refused at once.
    Refused,
    /// Connects succeed (the kernel answers), nothing else does.
    Frozen,
    /// Nothing comes back, not even a refusal.
    BlackHole,
}

/// One host of the scripted network.
#[derive(Clone, Debug)]
pub struct Host {
    /// How the network treats it.
    pub reach: Reach,
    /// How its pubsub socket is treated, when otherwise than the command socket.
    pub pubsub_reach: Option<Reach>,
    /// Milliseconds from an ask to its answer.
    pub round_trip: u64,
    /// What it answers to PING; `None` answers nothing.
    pub ping: Option<PingVerdict>,
    /// Whether it answers hellos, and with an error.
    pub hello: HelloReply,
    /// Whether it echoes the subscribe confirmation and hellos on pubsub sockets.
    pub echoes: bool,
    /// What it is.
    pub kind: Kind,
}

/// How PUBLISH is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelloReply {
    Accepted,
    Refused,
    Silent,
}

/// A data server or another sentinel.
#[derive(Clone, Debug)]
pub enum Kind {
    Server(Server),
    Peer(PeerScript),
}

/// A scripted data server.
#[derive(Clone, Debug)]
pub struct Server {
    /// What it says its role is.
    pub role: Role,
    pub run_id: String,
    /// The master it follows.
    pub master: Option<(String, u16)>,
    pub link_up: bool,
    pub link_down_ms: i64,
    pub priority: i64,
    pub offset: u64,
    pub announced: bool,
    /// The `slaveN` lines it prints.
    pub replicas: Vec<(String, u16)>,
    /// What becomes of a SLAVEOF transaction.
    pub obedience: Obedience,
    /// Milliseconds from obeying SLAVEOF to a working replication link.
    pub sync_ms: u64,
    pub link_up_at: Option<u64>,
    /// Whether INFO is answered, and with an error.
    pub info: InfoReply,
    /// The text of its INFO, when a test wants another than the plain one.
    pub words: Option<Words>,
    /// What becomes of a FAILOVER.
    pub hand_over: HandOverScript,
    /// What INFO says of FAILOVER; `None`: it has no such command.
    pub failover: Option<ServerFailover>,
}

/// INFO in words.
#[derive(Clone)]
pub struct Words(Arc<dyn Fn(&Server) -> String>);

impl Words {
    pub fn new(say: impl Fn(&Server) -> String + 'static) -> Words {
        Words(Arc::new(say))
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words")
    }
}

/// What a master makes of being told to hand over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandOverScript {
    /// Hands over at once.
    Obeys,
    /// Says that it does, and then waits for the replica until the test says how it goes on.
    Waits,
    /// Refuses; its writers are paused all the same, or not.
    Refuses { why: &'static str, paused: bool },
    /// Does nothing and answers in a shape that proves nothing.
    Mumbles,
    /// Does nothing and says nothing.
    Ignores,
}

/// How INFO is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InfoReply {
    Report,
    Error,
    Silent,
}

/// What a server makes of a SLAVEOF transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obedience {
    /// Does it and says so.
    Obeys,
    /// Refuses, definitely.
    Refuses,
    /// Does nothing and answers in a shape that proves nothing.
    Mumbles,
    /// Does nothing and says nothing.
    Ignores,
}

/// A scripted peer.
#[derive(Clone, Debug)]
pub struct PeerScript {
    /// What it says of the master.
    pub down: bool,
    /// How it votes.
    pub votes: Votes,
    /// Where the master is, as far as it knows; `None`: wherever it is asked about.
    pub master: Option<String>,
    /// Whom it voted for, by epoch.
    pub cast: BTreeMap<Epoch, RunId>,
}

/// How a peer answers is-master-down-by-addr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Votes {
    /// First come first served, per epoch.
    Freely,
    /// Answers, but never names a vote.
    Never,
    /// Always names this vote.
    Names(RunId, Epoch),
    /// Does not answer at all.
    Silent,
    /// Answers in another shape.
    Shapeless,
}

impl Server {
    pub fn master() -> Server {
        Server {
            role: Role::Master,
            run_id: "m".repeat(40),
            master: None,
            link_up: false,
            link_down_ms: 0,
            priority: 100,
            offset: 0,
            announced: true,
            replicas: Vec::new(),
            obedience: Obedience::Obeys,
            sync_ms: 0,
            link_up_at: None,
            info: InfoReply::Report,
            words: None,
            hand_over: HandOverScript::Obeys,
            failover: Some(ServerFailover::Idle),
        }
    }

    pub fn replica_of(host: &str, port: u16) -> Server {
        Server {
            role: Role::Replica,
            run_id: "r".repeat(40),
            master: Some((host.into(), port)),
            link_up: true,
            ..Server::master()
        }
    }

    fn report(&mut self, now: u64) -> InfoReport {
        if self.link_up_at.is_some_and(|at| at <= now) {
            self.link_up_at = None;
            self.link_up = true;
        }
        if let Some(Words(say)) = &self.words {
            return info::parse(Bytes::from(say(self)));
        }
        let replica = match self.role {
            Role::Replica => ReplicaReport {
                master_host: self.master.as_ref().map(|(host, _)| host.clone()),
                master_port: self.master.as_ref().map(|(_, port)| *port),
                link_up: Some(self.link_up),
                priority: Some(self.priority),
                repl_offset: Some(self.offset),
                announced: Some(self.announced),
            },
            _ => ReplicaReport::default(),
        };
        let lines = self.replicas.iter().map(|(host, port)| ReplicaLine {
            host: host.clone(),
            port: *port,
        });
        let mut text = String::from("# Replication\r\n");
        for (i, (host, port)) in self.replicas.iter().enumerate() {
            text.push_str(&format!("slave{i}:ip={host},port={port},state=online\r\n"));
        }
        InfoReport {
            text: Bytes::from(text),
            run_id: Some(RunId::new(&self.run_id)),
            role: self.role,
            link_down_ms: self.link_down_ms,
            replicas: lines.collect(),
            failover: self.failover,
            replica,
        }
    }

    fn follow(&mut self, target: &Option<(String, u16)>, now: u64) -> Option<TransactionOutcome> {
        match self.obedience {
            Obedience::Ignores => return None,
            Obedience::Refuses => return Some(TransactionOutcome::Refused("NOPERM".into())),
            Obedience::Mumbles => return Some(TransactionOutcome::Unclear("?".into())),
            Obedience::Obeys => {}
        }
        self.master = target.clone();
        match target {
            None => self.role = Role::Master,
            Some(_) => {
                self.role = Role::Replica;
                self.link_up = self.sync_ms == 0;
                self.link_up_at = (self.sync_ms > 0).then_some(now + self.sync_ms);
            }
        }
        Some(TransactionOutcome::Accepted)
    }

    /// The whole handover is done by [`super::world::World::hand_over`].
    fn told_to_hand_over(&mut self) -> Option<HandOverOutcome> {
        Some(match &self.hand_over {
            HandOverScript::Obeys => HandOverOutcome::Begun,
            HandOverScript::Waits => {
                self.failover = Some(ServerFailover::Running);
                HandOverOutcome::Begun
            }
            HandOverScript::Refuses { why, paused } => HandOverOutcome::Refused {
                why: (*why).to_owned(),
                paused: *paused,
            },
            HandOverScript::Mumbles => HandOverOutcome::Unclear("?".into()),
            HandOverScript::Ignores => return None,
        })
    }
}

impl Host {
    pub fn server(server: Server) -> Host {
        Host {
            reach: Reach::Up,
            pubsub_reach: None,
            round_trip: 1,
            ping: Some(PingVerdict::Pong),
            hello: HelloReply::Accepted,
            echoes: true,
            kind: Kind::Server(server),
        }
    }

    pub fn peer() -> Host {
        Host {
            kind: Kind::Peer(PeerScript {
                down: false,
                votes: Votes::Freely,
                master: None,
                cast: BTreeMap::new(),
            }),
            ..Host::server(Server::master())
        }
    }

    /// Carries an ask out and says what it answers, if anything.
    pub fn answer(&mut self, ask: &Ask, now: u64) -> Option<Answer> {
        Some(match ask {
            Ask::Auth { .. } => Answer::Auth(Ok(())),
            Ask::SetName(_) | Ask::ScriptKill => Answer::Done,
            Ask::Subscribe => return None,
            Ask::Ping => Answer::Ping(self.ping.clone()?),
            Ask::Hello { party, .. } => match self.hello {
                HelloReply::Accepted => Answer::Hello(*party, Ok(())),
                HelloReply::Refused => Answer::Hello(*party, Err("NOPERM".into())),
                HelloReply::Silent => return None,
            },
            Ask::Info => {
                let Kind::Server(server) = &mut self.kind else {
                    return None;
                };
                match server.info {
                    InfoReply::Report => Answer::Info(Ok(Box::new(server.report(now)))),
                    InfoReply::Error => Answer::Info(Err("LOADING".into())),
                    InfoReply::Silent => return None,
                }
            }
            Ask::HandOver { epoch, .. } => {
                let Kind::Server(server) = &mut self.kind else {
                    return None;
                };
                Answer::HandOver {
                    epoch: *epoch,
                    outcome: server.told_to_hand_over()?,
                }
            }
            Ask::Release => Answer::Released(Ok(())),
            Ask::Unpause => Answer::Unpaused(Ok(())),
            Ask::Replicate { party, target, .. } => {
                let Kind::Server(server) = &mut self.kind else {
                    return None;
                };
                Answer::Replicate(*party, server.follow(target, now)?)
            }
            Ask::MasterDown {
                peer,
                host,
                port,
                epoch,
                candidate,
            } => {
                let Kind::Peer(script) = &mut self.kind else {
                    return None;
                };
                let known = script.master.as_ref();
                if known.is_some_and(|m| *m != format!("{host}:{port}")) {
                    let reply = Some(DownReply {
                        down: false,
                        vote: None,
                    });
                    return Some(Answer::MasterDown { peer: *peer, reply });
                }
                Answer::MasterDown {
                    peer: *peer,
                    reply: script.opinion(*epoch, candidate.as_ref())?,
                }
            }
        })
    }
}

impl PeerScript {
    /// `None`: no answer; `Some(None)`: an answer of another shape.
    fn opinion(&mut self, epoch: Epoch, candidate: Option<&RunId>) -> Option<Option<DownReply>> {
        let vote = match (&self.votes, candidate) {
            (Votes::Silent, _) => return None,
            (Votes::Shapeless, _) => return Some(None),
            (_, None) | (Votes::Never, _) => None,
            (Votes::Names(id, epoch), _) => Some((id.clone(), *epoch)),
            (Votes::Freely, Some(asker)) => {
                let newest = self.cast.last_key_value().map(|(e, id)| (id.clone(), *e));
                match newest {
                    Some((id, e)) if e >= epoch => Some((id, e)),
                    _ => {
                        self.cast.insert(epoch, asker.clone());
                        Some((asker.clone(), epoch))
                    }
                }
            }
        };
        Some(Some(DownReply {
            down: self.down,
            vote,
        }))
    }
}

/// The address text of a scripted host.
pub fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address of the script")
}

/// The production timings.
pub fn timings() -> Timings {
    Timings::default()
}
