//! Mutants of what is on disk, of restarts and of operators.

use super::{Mutant, PLAIN};

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a vote whose write failed is given",
        edits: &[(
            "persist.rs",
            "(Waiting::Vote(master), None) => self.vote_not_durable(master, version, now),",
            "(Waiting::Vote(master), None) => self.vote_durable(master, version, now),",
        )],
        breaks: &["S2"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a vote whose write failed is dropped though a later write carries it",
        edits: &[(
            "persist.rs",
            "        let carrier = self.ledger.in_flight.back().map(|(v, _)| *v);",
            "        let carrier = self.ledger.in_flight.back().map(|(v, _)| *v).filter(|v| v.0 == 0);",
        )],
        // The vote gets to the disk, and the next state takes it back.
        breaks: &["S3", "S1"],
        seeds: PLAIN,
    },
    Mutant {
        name: "the epoch of a failed write counts as durable",
        edits: &[(
            "persist.rs",
            "            .is_some_and(|(v, _)| *v <= version)
        {
            self.ledger.in_flight.pop_front();",
            "            .is_some_and(|(v, _)| *v <= version)
        {
            let epoch = self.ledger.in_flight.pop_front().map(|(_, e)| e);
            self.ledger.durable_epoch = self.ledger.durable_epoch.max(epoch.unwrap_or_default());",
        )],
        breaks: &["S2"],
        seeds: PLAIN,
    },
    Mutant {
        name: "the state on disk lacks the vote that waits for it",
        edits: &[(
            "persist.rs",
            "    let pending = master.pending_vote.as_ref();",
            "    let pending = master.pending_vote.as_ref().filter(|p| p.version.0 == 0);",
        )],
        breaks: &["S2"],
        seeds: PLAIN,
    },
    Mutant {
        name: "the state on disk lacks the identity voted for",
        edits: &[(
            "persist.rs",
            "        voted_for,
        known_replicas",
            "        voted_for: voted_for.filter(|_| false),
        known_replicas",
        )],
        breaks: &["S2"],
        seeds: PLAIN,
    },
    Mutant {
        name: "the file names the old master of a public promotion",
        edits: &[(
            "persist.rs",
            "        address: master.effective_address().clone(),",
            "        address: master.address.clone(),",
        )],
        // The file then names one server as the master and as a replica.
        breaks: &["S15", "S6", "S10"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a restart forgets the last vote",
        edits: &[(
            "birth.rs",
            "            master.leader_epoch = conf.leader_epoch;",
            "",
        )],
        breaks: &["S3", "S1"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a restart forgets the current epoch",
        edits: &[(
            "birth.rs",
            "            current_epoch: conf.current_epoch,
            tilt",
            "            current_epoch: Epoch::ZERO,
            tilt",
        )],
        breaks: &["S3"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a restart forgets the config epoch",
        edits: &[(
            "birth.rs",
            "            master.config_epoch = conf.config_epoch;",
            "",
        )],
        breaks: &["S3", "S15"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a restart forgets the peers",
        edits: &[(
            "birth.rs",
            "            if !known && peer.id != self.my_id {",
            "            if !known && peer.id == self.my_id {",
        )],
        breaks: &["S15"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a restart forgets the replicas",
        edits: &[(
            "birth.rs",
            "            if !known {
                self.add_replica(id, address, now);
            }",
            "            let _ = (known, address);",
        )],
        breaks: &["S15"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a newer configuration is not written",
        edits: &[(
            "failover/switch_master.rs",
            "            self.announce_party(EventName::Slave, *party);
        }
        self.persist();",
            "            self.announce_party(EventName::Slave, *party);
        }",
        )],
        breaks: &["S3"],
        seeds: PLAIN,
    },
    Mutant {
        name: "REMOVE and MONITOR allow a second vote",
        edits: &[(
            "operator.rs",
            "            master.leader_epoch = epoch;",
            "            let _ = (master, epoch);",
        )],
        breaks: &["S3", "S1"],
        seeds: PLAIN,
    },
    Mutant {
        name: "RESET forgets the epoch of the last vote",
        edits: &[(
            "discovery/reset.rs",
            "        master.voted_for = None;
        master.crowded = false;",
            "        master.voted_for = None;
        master.leader_epoch = crate::types::Epoch::ZERO;
        master.crowded = false;",
        )],
        breaks: &["S3", "S1"],
        seeds: PLAIN,
    },
];
