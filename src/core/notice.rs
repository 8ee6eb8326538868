//! Every event the daemon announces: its name, level and text. A notice is logged and, unless
//! it is of debug level, published on the channel of its name; both happen in one place, in the
//! shell. Names and levels are those operators and client libraries already know.

use crate::types::{MasterName, Wall};

/// How important a line is, least first. `nothing` is a threshold, not a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// `.`
    Debug,
    /// `-`
    Verbose,
    /// `*`
    Notice,
    /// `#`
    Warning,
}

/// A line for the log that is not an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Its level.
    pub level: Level,
    /// Its text, without secrets.
    pub text: String,
    /// An instant to be appended to the text in local time, as `ctime` writes it.
    pub when: Option<Wall>,
}

impl LogLine {
    /// A line without an instant.
    pub fn new(level: Level, text: String) -> Self {
        LogLine {
            level,
            text,
            when: None,
        }
    }
}

/// An announced event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Which event.
    pub name: EventName,
    /// The payload, at most 1023 bytes.
    pub text: String,
    /// The master the event is tied to, directly or through a replica or peer of it.
    pub master: Option<MasterName>,
}

/// The longest event payload in bytes; longer ones are cut (measured on the reference).
pub const MAX_PAYLOAD: usize = 1023;

macro_rules! event_names {
    ($($variant:ident $text:literal $level:ident;)*) => {
        /// The name of an event, which is also its channel.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)]
        pub enum EventName { $($variant,)* }

        impl EventName {
            /// The text on the wire and in the log.
            pub fn as_str(self) -> &'static str {
                match self { $(EventName::$variant => $text,)* }
            }

            /// Its level.
            pub fn level(self) -> Level {
                match self { $(EventName::$variant => Level::$level,)* }
            }
        }
    };
}

event_names! {
    Monitor "+monitor" Warning;
    Unmonitor "-monitor" Warning;
    Set "+set" Warning;
    ResetMaster "+reset-master" Warning;
    Sdown "+sdown" Warning;
    SdownEnd "-sdown" Warning;
    Odown "+odown" Warning;
    OdownEnd "-odown" Warning;
    NewEpoch "+new-epoch" Warning;
    TryFailover "+try-failover" Warning;
    VoteForLeader "+vote-for-leader" Warning;
    ElectedLeader "+elected-leader" Warning;
    AbortNotElected "-failover-abort-not-elected" Warning;
    StateSelectSlave "+failover-state-select-slave" Warning;
    AbortNoGoodSlave "-failover-abort-no-good-slave" Warning;
    SelectedSlave "+selected-slave" Warning;
    StateSendSlaveofNoOne "+failover-state-send-slaveof-noone" Notice;
    StateWaitPromotion "+failover-state-wait-promotion" Notice;
    AbortSlaveTimeout "-failover-abort-slave-timeout" Warning;
    AbortMasterTimeout "-failover-abort-master-timeout" Warning;
    PromotedSlave "+promoted-slave" Warning;
    StateReconfSlaves "+failover-state-reconf-slaves" Warning;
    SlaveReconfSent "+slave-reconf-sent" Notice;
    SlaveReconfInprog "+slave-reconf-inprog" Notice;
    SlaveReconfDone "+slave-reconf-done" Notice;
    SlaveReconfSentTimeout "-slave-reconf-sent-timeout" Notice;
    SlaveReconfSentBestEffort "+slave-reconf-sent-be" Notice;
    FailoverEndForTimeout "+failover-end-for-timeout" Warning;
    FailoverEnd "+failover-end" Warning;
    SwitchMaster "+switch-master" Warning;
    ConfigUpdateFrom "+config-update-from" Warning;
    Slave "+slave" Notice;
    Sentinel "+sentinel" Notice;
    SentinelAddressSwitch "+sentinel-address-switch" Notice;
    SentinelAddressUpdate "+sentinel-address-update" Notice;
    SentinelInvalidAddr "+sentinel-invalid-addr" Notice;
    Reboot "+reboot" Notice;
    RoleChange "+role-change" Verbose;
    RoleChangeAgainst "-role-change" Verbose;
    ConvertToSlave "+convert-to-slave" Notice;
    FixSlaveConfig "+fix-slave-config" Notice;
    Tilt "+tilt" Warning;
    TiltEnd "-tilt" Warning;
    ScriptError "-script-error" Warning;
    ScriptTimeout "-script-timeout" Warning;
    ScriptChild "+script-child" Debug;
    ScriptChildEnd "-script-child" Debug;
    CmdLinkReconnection "-cmd-link-reconnection" Debug;
    PubsubLinkReconnection "-pubsub-link-reconnection" Debug;
}
