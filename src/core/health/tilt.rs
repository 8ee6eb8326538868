//! TILT: this process was not running for a while, so its timestamps mean little. Until things
//! have settled it watches and votes, but judges nobody and starts nothing.

use crate::types::{Mono, Now};

use super::super::deadlines::Deadline;
use super::super::notice::EventName;
use super::super::{HEARTBEAT_MS, Sentinel};

/// Whether TILT is in force, since when, and how often it was entered.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::core) struct Tilt {
    since: Option<Mono>,
    /// How often TILT was entered since the start.
    pub entered: u64,
    /// TILT has just been left, and not every record is judged yet.
    judging_anew: bool,
}

impl Tilt {
    /// In force.
    pub fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// No failover takes a step: TILT is in force, or what it would be based on is still that of
    /// before.
    pub fn holds_failovers(&self) -> bool {
        self.is_on() || self.judging_anew
    }

    /// When it was last triggered.
    pub fn since(&self) -> Option<Mono> {
        self.since
    }
}

impl Sentinel {
    /// A turn more than the TILT trigger after the one before it: we were stopped or stalled.
    /// A jump of the wall clock is no reason, because no interval is measured with it.
    pub(in crate::core) fn judge_lateness(&mut self, now: Now) {
        if now.mono.since(self.last_turn) <= self.timings.tilt_trigger.max(HEARTBEAT_MS * 2) {
            return;
        }
        self.tilt.since = Some(now.mono);
        self.tilt.entered += 1;
        self.deadlines.set(
            Deadline::TiltEnd,
            Some(now.mono.plus(self.timings.tilt_period)),
        );
        self.announce_text(EventName::Tilt, None, "#tilt mode entered".into());
    }

    /// Leaves TILT when its time is over, and looks at everything anew.
    pub(in crate::core) fn tend_tilt(&mut self, now: Now) {
        let Some(since) = self.tilt.since else { return };
        let end = since.plus(self.timings.tilt_period);
        if end > now.mono {
            return self.deadlines.set(Deadline::TiltEnd, Some(end));
        }
        self.tilt.since = None;
        self.tilt.judging_anew = true;
        self.announce_text(EventName::TiltEnd, None, "#tilt mode exited".into());
        let links: Vec<_> = self.links.keys().copied().collect();
        for link in links {
            self.tend_link(link, now);
        }
        let masters: Vec<_> = self.masters.keys().copied().collect();
        for id in masters {
            for party in self.group_parties(id) {
                self.tend_down(party, now);
            }
            self.judge_odown(id, now);
            for peer in self.peer_parties(id) {
                self.tend_ask(peer, now);
            }
        }
        self.tilt.judging_anew = false;
        for id in self.masters.keys().copied().collect::<Vec<_>>() {
            self.step_failover(id, now);
        }
    }
}
