//! The words that may follow `sentinel`, how many words they take and when they are executed.

/// A `sentinel` sub-directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Sub {
    MyId,
    DenyScriptsReconfig,
    ResolveHostnames,
    AnnounceHostnames,
    Monitor,
    DownAfter,
    FailoverTimeout,
    ParallelSyncs,
    NotificationScript,
    ReconfigScript,
    AuthPass,
    AuthUser,
    RebootDownAfter,
    ConfigEpoch,
    LeaderEpoch,
    KnownReplica,
    KnownSentinel,
    RenameCommand,
    CurrentEpoch,
    AnnounceIp,
    AnnouncePort,
    SentinelUser,
    SentinelPass,
}

/// When a line is executed. Each pass runs over the whole text, after all generic directives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// What governs the reading of addresses, and what belongs to no master.
    Process,
    /// The `monitor` lines.
    Masters,
    /// What belongs to a master.
    Rest,
}

impl Pass {
    /// All, in order.
    pub const ALL: [Pass; 3] = [Pass::Process, Pass::Masters, Pass::Rest];
}

const ALL: [Sub; 23] = [
    Sub::MyId,
    Sub::DenyScriptsReconfig,
    Sub::ResolveHostnames,
    Sub::AnnounceHostnames,
    Sub::Monitor,
    Sub::DownAfter,
    Sub::FailoverTimeout,
    Sub::ParallelSyncs,
    Sub::NotificationScript,
    Sub::ReconfigScript,
    Sub::AuthPass,
    Sub::AuthUser,
    Sub::RebootDownAfter,
    Sub::ConfigEpoch,
    Sub::LeaderEpoch,
    Sub::KnownReplica,
    Sub::KnownSentinel,
    Sub::RenameCommand,
    Sub::CurrentEpoch,
    Sub::AnnounceIp,
    Sub::AnnouncePort,
    Sub::SentinelUser,
    Sub::SentinelPass,
];

impl Sub {
    /// The sub-directive of this word, in any case and also under its older or newer name.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        let lower = word.to_ascii_lowercase();
        match lower.as_slice() {
            b"known-slave" => Some(Sub::KnownReplica),
            b"primary-reboot-down-after-period" => Some(Sub::RebootDownAfter),
            _ => ALL.into_iter().find(|sub| sub.as_str().as_bytes() == lower),
        }
    }

    /// The word that is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Sub::MyId => "myid",
            Sub::DenyScriptsReconfig => "deny-scripts-reconfig",
            Sub::ResolveHostnames => "resolve-hostnames",
            Sub::AnnounceHostnames => "announce-hostnames",
            Sub::Monitor => "monitor",
            Sub::DownAfter => "down-after-milliseconds",
            Sub::FailoverTimeout => "failover-timeout",
            Sub::ParallelSyncs => "parallel-syncs",
            Sub::NotificationScript => "notification-script",
            Sub::ReconfigScript => "client-reconfig-script",
            Sub::AuthPass => "auth-pass",
            Sub::AuthUser => "auth-user",
            Sub::RebootDownAfter => "master-reboot-down-after-period",
            Sub::ConfigEpoch => "config-epoch",
            Sub::LeaderEpoch => "leader-epoch",
            Sub::KnownReplica => "known-replica",
            Sub::KnownSentinel => "known-sentinel",
            Sub::RenameCommand => "rename-command",
            Sub::CurrentEpoch => "current-epoch",
            Sub::AnnounceIp => "announce-ip",
            Sub::AnnouncePort => "announce-port",
            Sub::SentinelUser => "sentinel-user",
            Sub::SentinelPass => "sentinel-pass",
        }
    }

    /// When its lines are executed.
    pub fn pass(self) -> Pass {
        match self {
            Sub::Monitor => Pass::Masters,
            _ if self.is_of_a_master() => Pass::Rest,
            _ => Pass::Process,
        }
    }

    /// Whether the word after it names a master.
    pub fn is_of_a_master(self) -> bool {
        (Sub::Monitor..=Sub::RenameCommand).contains(&self)
    }

    /// Whether it takes this number of arguments.
    pub fn takes(self, arguments: usize) -> bool {
        match self {
            // Without the id (the form of old versions) the line is ignored.
            Sub::KnownSentinel => arguments == 3 || arguments == 4,
            Sub::Monitor => arguments == 4,
            Sub::KnownReplica | Sub::RenameCommand => arguments == 3,
            _ if self.is_of_a_master() => arguments == 2,
            _ => arguments == 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_under_its_own_name_in_any_case() {
        for sub in ALL {
            assert_eq!(Sub::from_word(sub.as_str().to_uppercase().as_bytes()), Some(sub));
        }
        assert_eq!(Sub::from_word(b"quorum"), None);
    }
}
