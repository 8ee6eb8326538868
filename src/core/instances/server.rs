//! What master and replica records share: INFO, the reported role, the hello schedule.

use bytes::Bytes;

use crate::types::{Mono, RunId};
use crate::wire::{Role, ServerFailover};

use super::super::links::LinkId;
use super::master::Health;

/// A watched data server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its link.
    pub link: LinkId,
    /// Whether it is subjectively down.
    pub health: Health,
    /// The run id it last reported.
    pub run_id: Option<RunId>,
    /// When the last INFO reply came; `None` = never, so INFO is due at once.
    pub info_time: Option<Mono>,
    /// When the INFO that was answered last had been sent: the freshness of what we know.
    pub info_asked: Option<Mono>,
    /// When the last INFO was sent that has not been answered usefully.
    pub info_sent: Option<Mono>,
    /// An INFO wanted at this instant beyond the regular schedule.
    pub info_wanted: Option<Mono>,
    /// How often an INFO was repeated while waiting for a replica to follow.
    pub info_poll_step: u32,
    /// The text of the last INFO reply.
    pub info_text: Option<Bytes>,
    /// The last reported role; before any INFO, the configured one.
    pub role: Role,
    /// Since when it reports that role.
    pub role_since: Mono,
    /// What it says of its own FAILOVER command; `None` while it has never said anything.
    pub failover: Option<ServerFailover>,
    /// Since when it says that it is handing over.
    pub failover_since: Option<Mono>,
    /// For a master record that calls itself a replica: the host and port it follows.
    pub follows: Option<(String, u16)>,
    /// We have paused its writers, for at most until then: what is published on it would wait, and
    /// everything behind it.
    pub paused_until: Option<Mono>,
    /// Hellos sent to it.
    pub greeting: Greeting,
}

impl Server {
    /// A record that nothing is known of yet.
    pub fn new(link: LinkId, role: Role, now: Mono) -> Self {
        Server {
            link,
            health: Health::default(),
            run_id: None,
            info_time: None,
            info_asked: None,
            info_sent: None,
            info_wanted: None,
            info_poll_step: 0,
            info_text: None,
            role,
            role_since: now,
            failover: None,
            failover_since: None,
            follows: None,
            paused_until: None,
            greeting: Greeting::new(now),
        }
    }

    /// It is handing over by its own FAILOVER command, as far as it has said.
    pub fn is_handing_over(&self) -> bool {
        self.failover == Some(ServerFailover::Running)
    }

    /// A message published on it would be held back, and whatever comes behind it on that socket.
    pub fn holds_messages_back(&self, now: Mono) -> bool {
        self.is_handing_over() || self.paused_until.is_some_and(|until| now < until)
    }

    /// Whether we know what it said after the instant `since`.
    pub fn informed_since(&self, since: Mono) -> bool {
        self.info_asked.is_some_and(|asked| asked >= since)
    }
}

/// The hello schedule of one record.
#[derive(Clone, Debug)]
pub struct Greeting {
    /// When a hello was last accepted (creation counts as one).
    pub accepted: Mono,
    /// When the hello still unanswered was sent.
    pub in_flight: Option<Mono>,
    /// When a hello was last refused: the next try waits a publish period.
    pub refused: Option<Mono>,
    /// A hello is wanted at once.
    pub wanted: bool,
    /// When we last answered an outdated hello of this record.
    pub corrected: Option<Mono>,
}

impl Greeting {
    /// The schedule of a new record: its first hello goes out as soon as its link is up.
    pub fn new(now: Mono) -> Self {
        Greeting {
            accepted: now,
            in_flight: None,
            refused: None,
            wanted: true,
            corrected: None,
        }
    }
}
