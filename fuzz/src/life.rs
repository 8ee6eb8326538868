//! A sentinel among servers that all say the same, for some virtual time.

use std::sync::Arc;

use bytes::Bytes;
use rsentinel::config::{Conf, SentinelConf};
use rsentinel::core::event::{Answer, DownQuestion, Event, Instruction, Waiter};
use rsentinel::core::view::View;
use rsentinel::core::{Action, Ask, Birth, Features, Sentinel, Timings};
use rsentinel::types::{Mono, Now, Wall};
use rsentinel::wire::{HandOverOutcome, PingVerdict, TransactionOutcome, info};

use super::saved;

/// What it is born from: two masters that share a peer, names allowed, and remembered things.
const BORN: &str = "sentinel myid aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n\
    sentinel resolve-hostnames yes\n\
    sentinel announce-hostnames yes\n\
    sentinel monitor mymaster 10.0.0.1 6379 2\n\
    sentinel monitor other 10.0.0.1 6380 1\n\
    sentinel known-replica mymaster 10.0.0.2 6379\n\
    sentinel known-replica other 0.unknown.example 6380\n\
    sentinel known-sentinel mymaster 10.0.0.9 26379 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n\
    sentinel known-sentinel other 10.0.0.9 26379 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n\
    sentinel config-epoch mymaster 3\n\
    sentinel current-epoch 5\n";

/// Turns after which something goes round in a circle: each costs at least one fact, and the
/// inputs are small.
const MOST_TURNS: u32 = 200_000;

pub struct Life {
    born: Conf,
    core: Sentinel,
    now: u64,
    info: Bytes,
    newest: Option<Arc<SentinelConf>>,
    facts: Vec<Event>,
    turns: u32,
}

impl Life {
    pub fn begin() -> Life {
        let (born, _) = saved::start(BORN.as_bytes()).expect("our own text");
        let birth = Birth {
            conf: born.sentinel.clone(),
            port: 26379,
            requirepass: None,
            timings: Timings::default(),
            features: Features::default(),
            seed: 1,
        };
        let now = 1_000;
        let mut life = Life {
            born,
            core: Sentinel::new(moment(now), birth),
            now,
            info: Bytes::new(),
            newest: None,
            facts: Vec::new(),
            turns: 0,
        };
        life.carry_out();
        life
    }

    pub fn every_server_says(&mut self, info: Bytes) {
        self.info = info;
    }

    pub fn hear(&mut self, hello: &str) {
        let text = hello.to_owned();
        self.turn(Event::HelloPublished { text });
    }

    pub fn asked(&mut self, question: DownQuestion) {
        self.turn(Event::AskedDown {
            waiter: Waiter(1),
            question,
            client_name: None,
        });
    }

    pub fn instruct(&mut self, instruction: Instruction) {
        self.turn(Event::Instructed {
            waiter: Waiter(1),
            instruction,
        });
        self.settle();
    }

    pub fn view(&self) -> View {
        self.core.view(moment(self.now))
    }

    /// Lets so many milliseconds pass.
    pub fn run(&mut self, ms: u64) {
        self.settle();
        let end = self.now + ms;
        while let Some(Mono(due)) = self.core.next_deadline().filter(|due| due.0 <= end) {
            self.now = self.now.max(due);
            self.turn(Event::Tick);
            self.settle();
        }
    }

    /// The state that was last to be saved is one that the next start reads, and finds the same.
    pub fn can_be_restarted(&self) {
        if let Some(state) = &self.newest {
            saved::reads_back(state);
            saved::reads_back_beside(&self.born, state);
        }
    }

    fn settle(&mut self) {
        while !self.facts.is_empty() {
            for fact in std::mem::take(&mut self.facts) {
                self.turn(fact);
            }
        }
    }

    fn turn(&mut self, event: Event) {
        self.turns += 1;
        assert!(self.turns < MOST_TURNS, "it goes round in a circle");
        self.core.handle(moment(self.now), event);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        while let Some(action) = self.core.poll_action() {
            match action {
                Action::Connect { conn, .. } => {
                    let local_ip = "10.0.0.7".parse().ok();
                    self.facts.push(Event::Connected { conn, local_ip });
                }
                Action::Send { conn, ask, .. } => {
                    if let Some(answer) = self.answer(ask) {
                        self.facts.push(Event::Answered { conn, answer });
                    }
                }
                Action::Resolve { host } => {
                    let outcome = match host.as_bytes().first() {
                        Some(first) if first.is_ascii_alphabetic() => Ok([10, 1, 1, *first].into()),
                        _ => Err("Name or service not known".to_owned()),
                    };
                    self.facts.push(Event::Resolved { host, outcome });
                }
                Action::Persist { version } => {
                    self.newest = Some(Arc::new(self.core.durable_state()));
                    let took_ms = 1;
                    self.facts.push(Event::Durable { version, took_ms });
                }
                _ => {}
            }
        }
    }

    fn answer(&self, ask: Ask) -> Option<Answer> {
        Some(match ask {
            Ask::Auth { .. } => Answer::Auth(Ok(())),
            Ask::SetName(_) | Ask::ScriptKill => Answer::Done,
            Ask::Ping => Answer::Ping(PingVerdict::Pong),
            Ask::Info => Answer::Info(Ok(Box::new(info::parse(self.info.clone())))),
            Ask::Subscribe => return None,
            Ask::Hello { party, .. } => Answer::Hello(party, Ok(())),
            Ask::MasterDown { peer, .. } => Answer::MasterDown { peer, reply: None },
            Ask::Replicate { party, .. } => Answer::Replicate(party, TransactionOutcome::Accepted),
            Ask::HandOver { epoch, .. } => Answer::HandOver {
                epoch,
                outcome: HandOverOutcome::Begun,
            },
            Ask::Release => Answer::Released(Ok(())),
            Ask::Unpause => Answer::Unpaused(Ok(())),
        })
    }
}

fn moment(now: u64) -> Now {
    Now {
        mono: Mono(now),
        wall: Wall(1_700_000_000_000 + now),
    }
}
