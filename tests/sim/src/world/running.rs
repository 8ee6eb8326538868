//! Which failovers are running: a leader elected while another one's failover of the same group
//! still runs may promote another replica, and the writes of the first are lost.

use std::collections::{BTreeMap, BTreeSet};

use rsentinel::core::notice::{EventName, Notice};

use crate::oracles::said;

/// The sentinels that lead a failover, by group.
#[derive(Debug, Default)]
pub struct Running {
    by_group: BTreeMap<usize, BTreeSet<usize>>,
}

impl Running {
    /// Takes an event in; whether it made a failover begin beside another.
    pub fn note(&mut self, node: usize, notice: &Notice) -> bool {
        let Some(group) = said::group(notice) else {
            return false;
        };
        let leaders = self.by_group.entry(group).or_default();
        match notice.name {
            EventName::ElectedLeader => {
                let beside = leaders.iter().any(|other| *other != node);
                leaders.insert(node);
                return beside;
            }
            EventName::AbortNoGoodSlave
            | EventName::AbortSlaveTimeout
            | EventName::FailoverEnd
            | EventName::SwitchMaster
            | EventName::ResetMaster
            | EventName::Unmonitor => {
                leaders.remove(&node);
            }
            _ => {}
        }
        false
    }

    /// The process is gone, and its failovers with it.
    pub fn died(&mut self, node: usize) {
        for leaders in self.by_group.values_mut() {
            leaders.remove(&node);
        }
    }
}
