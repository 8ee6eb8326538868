//! Faults begin, and armed ones strike.

use rsentinel::core::event::{FailoverHow, Instruction};
use rsentinel::core::notice::Notice;
use rsentinel::types::MasterName;

use crate::plan::{Act, Kind, Trigger};
use crate::server::Restart;
use crate::shape::{Shape, server_of_host};

use super::World;
use super::effect::Effect;
use super::queue::Due;

/// What an armed fault knows of the moment it strikes at.
struct Moment {
    node: usize,
    /// The candidate, when a vote set it off.
    candidate: Option<usize>,
    /// The server that the event is about.
    server: Option<usize>,
    group: usize,
}

impl World {
    /// A fault of the plan begins.
    pub(super) fn begin_fault(&mut self, index: usize) {
        if self.healed {
            return;
        }
        let fault = self.faults[index].clone();
        match fault.kind {
            Kind::Effects(effects) => {
                self.tally.fault(fault.name);
                self.note(|_| format!("** {}", fault.name));
                for (after, effect) in effects {
                    if after == 0 {
                        self.affect(effect);
                    } else {
                        self.queue
                            .push(self.now + after * 1_000, Due::Effect(effect));
                    }
                }
            }
            Kind::When(trigger, act) => {
                self.armed.push((trigger, act, fault.name));
            }
        }
    }

    /// A sentinel has announced something: an armed fault may have waited for it.
    pub(super) fn trigger_on_notice(&mut self, node: usize, notice: &Notice) {
        let waited_for = Trigger::Announced(notice.name);
        let Some(at) = self.armed.iter().position(|(t, ..)| *t == waited_for) else {
            return;
        };
        let (_, act, name) = self.armed.remove(at);
        let mut words = notice.text.split(' ');
        let (_kind, _name, host) = (words.next(), words.next(), words.next());
        let group = notice
            .master
            .as_ref()
            .and_then(|m| m.as_str().strip_prefix('m')?.parse().ok())
            .unwrap_or(0);
        let moment = Moment {
            node,
            candidate: None,
            server: host
                .and_then(server_of_host)
                .filter(|s| *s < self.servers.len()),
            group,
        };
        self.strike(name, act, moment);
    }

    /// A sentinel has given its vote to another.
    pub(super) fn trigger_on_vote(&mut self, node: usize, candidate: usize) {
        let Some(at) = self.armed.iter().position(|(t, ..)| *t == Trigger::Vote) else {
            return;
        };
        let (_, act, name) = self.armed.remove(at);
        let moment = Moment {
            node,
            candidate: Some(candidate),
            server: None,
            group: 0,
        };
        self.strike(name, act, moment);
    }

    fn strike(&mut self, name: &'static str, act: Act, moment: Moment) {
        let Moment {
            node,
            candidate,
            server,
            group,
        } = moment;
        self.tally.fault(name);
        self.note(|_| format!("** {name} (sentinel {node})"));
        let other = (node + 1) % self.shape.nodes;
        let servers = self.shape.servers();
        let later = |world: &mut World, ms: u64, effect: Effect| {
            world
                .queue
                .push(world.now + ms * 1_000, Due::Effect(effect));
        };
        match act {
            Act::Crash(ms) => {
                self.affect(Effect::Crash(node));
                later(self, ms, Effect::Start(node));
            }
            Act::CrashCandidate(ms) => {
                let node = candidate.unwrap_or(node);
                // Not within the turn of another: the candidate dies in its own time.
                later(self, 0, Effect::Crash(node));
                later(self, ms, Effect::Start(node));
            }
            Act::Pause(ms) => {
                later(self, 0, Effect::Pause(node, true));
                later(self, ms, Effect::Pause(node, false));
            }
            Act::Isolate(ms) => self.cut(node, ms, 0, true, true),
            Act::Mute(ms) => self.cut(node, ms, 0, true, false),
            Act::CutFromPeers(ms) => self.cut(node, ms, servers, true, true),
            Act::KillServer(ms) => {
                if let Some(s) = server {
                    later(self, 0, Effect::KillServer(s));
                    later(self, ms, Effect::StartServer(s, Restart::Same, 0));
                }
            }
            Act::KillMaster(ms) => {
                if let Some(s) = self.published_server(node, group) {
                    later(self, 0, Effect::KillServer(s));
                    later(self, ms, Effect::StartServer(s, Restart::Same, 0));
                }
            }
            Act::HangMaster(ms) => {
                if let Some(s) = self.published_server(node, group) {
                    later(self, 0, Effect::Hang(s, true));
                    later(self, ms, Effect::Hang(s, false));
                }
            }
            Act::ResetMaster => {
                if let Some(s) = self.published_server(node, group) {
                    later(self, 0, Effect::Reset(s));
                }
            }
            Act::HangServer(ms) => {
                if let Some(s) = server {
                    later(self, 0, Effect::Hang(s, true));
                    later(self, ms, Effect::Hang(s, false));
                }
            }
            Act::ResetServer => {
                if let Some(s) = server {
                    later(self, 0, Effect::Reset(s));
                }
            }
            Act::ReviveMaster => {
                let s = self.shape.first_master(group.min(self.shape.masters - 1));
                later(self, 1, Effect::StartServer(s, Restart::Stale, 0));
                later(self, 1, Effect::Hang(s, false));
            }
            Act::DiskFails(ms) => {
                self.affect(Effect::DiskFails(node, true));
                later(self, ms, Effect::DiskFails(node, false));
            }
            Act::WallJump(ms) => self.affect(Effect::WallJump(node, ms)),
            Act::OtherFailover => {
                let name = MasterName::new(&Shape::group_name(group));
                later(
                    self,
                    1,
                    Effect::Instruct(
                        other,
                        Instruction::Failover {
                            name,
                            how: FailoverHow::Forced,
                        },
                    ),
                );
            }
            Act::OtherReset => {
                let pattern = "*".to_owned();
                later(
                    self,
                    1,
                    Effect::Instruct(other, Instruction::Reset { pattern }),
                );
            }
            Act::LoseAnswer(ms) => {
                if let Some(candidate) = candidate {
                    let (a, b) = (self.host_of_node(node), self.host_of_node(candidate));
                    self.affect(Effect::Block(a, b, true));
                    later(self, ms, Effect::Block(a, b, false));
                }
            }
        }
    }

    /// A sentinel does not reach, or is not reached by, the hosts from `first` on.
    fn cut(&mut self, node: usize, ms: u64, first: usize, outwards: bool, inwards: bool) {
        let host = self.host_of_node(node);
        for other in (first..self.shape.hosts()).filter(|h| *h != host) {
            for (from, to, on) in [(host, other, outwards), (other, host, inwards)] {
                if on {
                    self.affect(Effect::Block(from, to, true));
                    self.queue.push(
                        self.now + ms * 1_000,
                        Due::Effect(Effect::Block(from, to, false)),
                    );
                }
            }
        }
    }
}
