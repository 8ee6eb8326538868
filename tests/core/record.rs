//! What happened in a world: the questions that tests ask afterwards.

use std::net::SocketAddr;

use rsentinel::config::SentinelConf;
use rsentinel::core::action::{Action, AddressRow, Socket};
use rsentinel::core::notice::{LogLine, Notice};
use rsentinel::core::{Ask, Reply, Waiter};

use super::world::{World, moment};

/// When, to whom, and whom to follow (`None`: nobody).
pub type Slaveof = (u64, SocketAddr, Option<(String, u16)>);

impl World {
    /// All notices: when and what.
    pub fn notices(&self) -> impl DoubleEndedIterator<Item = (u64, &Notice)> {
        self.done.iter().filter_map(|d| match &d.action {
            Action::Notice(notice) => Some((d.at, notice)),
            _ => None,
        })
    }

    /// The notices of one name: when and which text.
    pub fn told(&self, name: &str) -> Vec<(u64, &str)> {
        self.notices()
            .filter(|(_, n)| n.name.as_str() == name)
            .map(|(at, n)| (at, n.text.as_str()))
            .collect()
    }

    pub fn was_told(&self, name: &str) -> bool {
        !self.told(name).is_empty()
    }

    /// Names of the notices from an instant on, in order.
    pub fn names_since(&self, since: u64) -> Vec<&'static str> {
        self.notices()
            .filter(|(at, _)| *at >= since)
            .map(|(_, n)| n.name.as_str())
            .collect()
    }

    /// Runs until a notice of this name comes (again); its instant.
    pub fn until(&mut self, name: &str, limit: u64) -> u64 {
        let before = self.told(name).len();
        self.run_until(limit, name, |w| w.told(name).len() > before)
    }

    /// The instant of the last notice of this name, if there is one; else of the next.
    pub fn until_or_now(&mut self, name: &str, limit: u64) -> u64 {
        self.run_until(limit, name, |w| w.was_told(name));
        self.told(name).last().expect("it was told").0
    }

    /// The current epoch of the newest state handed to the store; that of birth before any.
    pub fn core_epoch(&self) -> u64 {
        self.states()
            .last()
            .map_or(self.born.current_epoch.get(), |(_, state)| {
                state.current_epoch.get()
            })
    }

    /// What was sent to an address: when and what.
    pub fn sent_to(&self, at: &str) -> Vec<(u64, &Ask)> {
        let to = super::hosts::at(at);
        self.done
            .iter()
            .filter(|d| d.to == Some(to))
            .filter_map(|d| match &d.action {
                Action::Send { ask, .. } => Some((d.at, ask)),
                _ => None,
            })
            .collect()
    }

    /// When asks that satisfy `which` were sent to an address.
    pub fn times_of(&self, at: &str, which: impl Fn(&Ask) -> bool) -> Vec<u64> {
        self.sent_to(at)
            .into_iter()
            .filter(|(_, ask)| which(ask))
            .map(|(at, _)| at)
            .collect()
    }

    /// When connects to an address of one kind of socket were begun.
    pub fn connects_to(&self, at: &str, kind: Socket) -> Vec<u64> {
        let whereto = super::hosts::at(at);
        self.done
            .iter()
            .filter(|d| matches!(&d.action, Action::Connect { to, socket, .. } if *to == whereto && *socket == kind))
            .map(|d| d.at)
            .collect()
    }

    /// Hello texts sent to an address.
    pub fn hellos_to(&self, at: &str) -> Vec<(u64, String)> {
        let asks = self.sent_to(at).into_iter();
        asks.filter_map(|(at, ask)| match ask {
            Ask::Hello { text, .. } => Some((at, text.clone())),
            _ => None,
        })
        .collect()
    }

    /// SLAVEOF transactions: when, to whom, and which target.
    pub fn slaveofs(&self) -> Vec<Slaveof> {
        self.done
            .iter()
            .filter_map(|d| match &d.action {
                Action::Send {
                    ask: Ask::Replicate { target, .. },
                    ..
                } => Some((d.at, d.to?, target.clone())),
                _ => None,
            })
            .collect()
    }

    /// All waiters so far, answered or not.
    pub fn waiters(&self) -> impl Iterator<Item = Waiter> {
        (1..=self.next_waiter).map(Waiter)
    }

    /// The answer to a waiter, with its instant.
    pub fn reply(&self, waiter: Waiter) -> Option<(u64, &Reply)> {
        let mut replies = self.done.iter().filter_map(|d| match &d.action {
            Action::Reply { waiter: w, reply } if *w == waiter => Some((d.at, reply)),
            _ => None,
        });
        let first = replies.next();
        assert!(replies.next().is_none(), "{waiter:?} was answered twice");
        first
    }

    /// The vote in the answer to a waiter: down, identity (`*`), epoch.
    pub fn opinion(&self, waiter: Waiter) -> Option<(bool, String, u64)> {
        match self.reply(waiter)? {
            (_, Reply::Down(o)) => Some((
                o.down,
                o.leader.as_ref().map_or("*".into(), |l| l.to_string()),
                o.epoch.get(),
            )),
            (_, other) => panic!("not an opinion: {other:?}"),
        }
    }

    /// The states handed to the store.
    pub fn states(&self) -> Vec<(u64, &SentinelConf)> {
        let states = self.states.iter();
        states.map(|(at, state)| (*at, &**state)).collect()
    }

    /// The last state handed to the store.
    pub fn last_state(&self) -> &SentinelConf {
        self.states().last().expect("a state was handed over").1
    }

    /// The last state handed to the store, if any was.
    pub fn last_state_or_none(&self) -> Option<&SentinelConf> {
        self.states().last().map(|(_, state)| *state)
    }

    /// The published address of a master.
    pub fn address(&self, name: &str) -> Option<(String, u16)> {
        let table = self.done.iter().rev().find_map(|d| match &d.action {
            Action::Addresses(table) => Some(table.clone()),
            _ => None,
        })?;
        let row: &AddressRow = table.get(name)?;
        Some((row.host.clone(), row.port))
    }

    pub fn logs(&self) -> Vec<(u64, &LogLine)> {
        self.done
            .iter()
            .filter_map(|d| match &d.action {
                Action::Log(line) => Some((d.at, line)),
                _ => None,
            })
            .collect()
    }

    /// The present view.
    pub fn view(&self) -> rsentinel::core::view::View {
        self.core.view(moment(self.now))
    }

    /// Notices and log lines, for a failed assertion.
    pub fn story(&self) -> String {
        let mut story = String::new();
        for d in &self.done {
            match &d.action {
                Action::Notice(n) => {
                    story.push_str(&format!("{:>8} {} {}\n", d.at, n.name.as_str(), n.text));
                }
                Action::Log(l) => story.push_str(&format!("{:>8}   {}\n", d.at, l.text)),
                Action::Send { ask, .. }
                    if matches!(
                        ask,
                        Ask::Replicate { .. }
                            | Ask::MasterDown { .. }
                            | Ask::HandOver { .. }
                            | Ask::Release
                            | Ask::Unpause
                    ) =>
                {
                    story.push_str(&format!("{:>8}     -> {:?} {ask:?}\n", d.at, d.to));
                }
                _ => {}
            }
        }
        story
    }
}
