//! The periods and timeouts of the protocol, each changeable by SENTINEL DEBUG.
//!
//! The defaults are those of redis-sentinel 7.2, as its SENTINEL DEBUG lists them (measured).

use super::event::TimingKey;

/// All 13 timings, in milliseconds, each > 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timings {
    /// Time between INFO requests to a server in good order.
    pub info_period: u64,
    /// Upper bound of the time between PINGs.
    pub ping_period: u64,
    /// Time between asks to a peer while a master is down.
    pub ask_period: u64,
    /// Time between hellos to each server and peer.
    pub publish_period: u64,
    /// `down-after-milliseconds` of masters added later.
    pub default_down_after: u64,
    /// `failover-timeout` of masters added later.
    pub default_failover_timeout: u64,
    /// A turn this late puts us in TILT.
    pub tilt_trigger: u64,
    /// How long TILT lasts after its last trigger.
    pub tilt_period: u64,
    /// How long a replica may take to obey a SLAVEOF before its slot is given to another.
    pub slave_reconf_timeout: u64,
    /// A socket younger than this is not suspected of being half open.
    pub min_link_reconnect_period: u64,
    /// Upper bound of the time an election may take.
    pub election_timeout: u64,
    /// How long a script may run.
    pub script_max_runtime: u64,
    /// First delay before a failed script is run again.
    pub script_retry_delay: u64,
}

impl Default for Timings {
    fn default() -> Self {
        Timings {
            info_period: 10_000,
            ping_period: 1_000,
            ask_period: 1_000,
            publish_period: 2_000,
            default_down_after: 30_000,
            default_failover_timeout: 180_000,
            tilt_trigger: 2_000,
            tilt_period: 30_000,
            slave_reconf_timeout: 10_000,
            min_link_reconnect_period: 15_000,
            election_timeout: 10_000,
            script_max_runtime: 60_000,
            script_retry_delay: 30_000,
        }
    }
}

/// INFO period of a replica in trouble: fixed, SENTINEL DEBUG does not change it (measured).
pub const FAST_INFO_PERIOD: u64 = 1_000;
/// A vote or an own attempt is stamped up to this many milliseconds into the future, which
/// desynchronises the sentinels' next attempts (integer 0 … 999, measured).
pub const DESYNC_SPREAD: u64 = 1_000;
/// Unanswered commands per link user above which nothing periodic is sent (measured).
pub const MAX_PENDING: i64 = 100;

impl Timings {
    /// Sets one timing.
    pub fn set(&mut self, key: TimingKey, ms: u64) {
        *self.slot(key) = ms;
    }

    /// Names and values in listing order.
    pub fn listing(&self) -> Vec<(&'static str, u64)> {
        vec![
            ("INFO-PERIOD", self.info_period),
            ("PING-PERIOD", self.ping_period),
            ("ASK-PERIOD", self.ask_period),
            ("PUBLISH-PERIOD", self.publish_period),
            ("DEFAULT-DOWN-AFTER", self.default_down_after),
            ("DEFAULT-FAILOVER-TIMEOUT", self.default_failover_timeout),
            ("TILT-TRIGGER", self.tilt_trigger),
            ("TILT-PERIOD", self.tilt_period),
            ("SLAVE-RECONF-TIMEOUT", self.slave_reconf_timeout),
            ("MIN-LINK-RECONNECT-PERIOD", self.min_link_reconnect_period),
            ("ELECTION-TIMEOUT", self.election_timeout),
            ("SCRIPT-MAX-RUNTIME", self.script_max_runtime),
            ("SCRIPT-RETRY-DELAY", self.script_retry_delay),
        ]
    }

    fn slot(&mut self, key: TimingKey) -> &mut u64 {
        match key {
            TimingKey::InfoPeriod => &mut self.info_period,
            TimingKey::PingPeriod => &mut self.ping_period,
            TimingKey::AskPeriod => &mut self.ask_period,
            TimingKey::PublishPeriod => &mut self.publish_period,
            TimingKey::DefaultDownAfter => &mut self.default_down_after,
            TimingKey::DefaultFailoverTimeout => &mut self.default_failover_timeout,
            TimingKey::TiltTrigger => &mut self.tilt_trigger,
            TimingKey::TiltPeriod => &mut self.tilt_period,
            TimingKey::SlaveReconfTimeout => &mut self.slave_reconf_timeout,
            TimingKey::MinLinkReconnectPeriod => &mut self.min_link_reconnect_period,
            TimingKey::ElectionTimeout => &mut self.election_timeout,
            TimingKey::ScriptMaxRuntime => &mut self.script_max_runtime,
            TimingKey::ScriptRetryDelay => &mut self.script_retry_delay,
        }
    }
}
