//! Mutants of hellos, configurations and corrections.

use super::{Mutant, PLAIN};

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "an equal config epoch is taken",
        edits: &[(
            "discovery/from_hello.rs",
            "        if hello.config_epoch <= master.config_epoch {",
            "        if hello.config_epoch < master.config_epoch {",
        )],
        breaks: &["S10"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a newer configuration for the same address does not end an own failover",
        edits: &[(
            "discovery/from_hello.rs",
            "        } else if master.failover.as_ref().is_some_and(|f| f.epoch <= epoch) {
            self.end_attempt(id, now);
        }",
            "        }",
        )],
        breaks: &["S10", "S7"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a newer configuration is adopted only when its address is another",
        edits: &[
            (
                "discovery/from_hello.rs",
                "            return self.adopt_same_address(id, hello.config_epoch, now);",
                "            return;",
            ),
            (
                "discovery/from_hello.rs",
                "            self.adopt_same_address(id, hello.config_epoch, now);",
                "            let _ = Self::adopt_same_address;",
            ),
        ],
        breaks: &["L1"],
        seeds: PLAIN,
    },
    Mutant {
        name: "the own id is accepted as a peer",
        edits: &[(
            "discovery/from_hello.rs",
            "        if hello.id == self.my_id.as_str() {
            return;
        }",
            "",
        )],
        breaks: &["S13"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a peer that has moved is counted twice",
        edits: &[(
            "discovery/from_hello.rs",
            "        for key in &moved {
            self.remove_peer(Party::peer(id, *key));
        }",
            "",
        )],
        breaks: &["S13"],
        seeds: PLAIN,
    },
    Mutant {
        name: "hellos name the old master while the promotion is public",
        edits: &[(
            "discovery/hello_out.rs",
            "        let address = master.effective_address();",
            "        let address = &master.address;",
        )],
        breaks: &["S6"],
        seeds: PLAIN,
    },
    Mutant {
        name: "hellos say an epoch that is not on disk yet",
        edits: &[(
            "discovery/hello_out.rs",
            "            current_epoch: self.ledger.durable_epoch(),",
            "            current_epoch: self.current_epoch,",
        )],
        breaks: &["S2"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a rogue master is demoted at once",
        edits: &[(
            "discovery/correct.rs",
            "        let wait = self.timings.publish_period.saturating_mul(4);",
            "        let wait = 0;",
        )],
        breaks: &["S9"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a misdirected replica is redirected at once",
        edits: &[(
            "discovery/correct.rs",
            "        let wait = master.settings.failover_timeout;",
            "        let wait = 0;",
        )],
        breaks: &["S9"],
        seeds: PLAIN,
    },
    Mutant {
        name: "servers are corrected though the master is not sane",
        edits: &[(
            "discovery/correct.rs",
            "        if !self.looks_sane(master, now.mono) {",
            "        if !self.looks_sane(master, now.mono) && now.mono.0 == 0 {",
        )],
        breaks: &["S9"],
        seeds: PLAIN,
    },
    Mutant {
        name: "servers are corrected though the master has not answered INFO for long",
        edits: &[(
            "discovery/correct.rs",
            "now.since(at) < 2 * self.timings.info_period",
            "now.since(at) < 20 * self.timings.info_period",
        )],
        breaks: &["S9"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a rogue master is never demoted",
        edits: &[(
            "discovery/from_info.rs",
            "                Role::Master => self.correct_rogue_master(party, now),",
            "                Role::Master => {
                    let _ = Self::correct_rogue_master;
                }",
        )],
        breaks: &["L4"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a misdirected replica is never redirected",
        edits: &[(
            "discovery/from_info.rs",
            "                    self.correct_misdirected(party, now);",
            "                    let _ = Self::correct_misdirected;",
        )],
        breaks: &["L4"],
        seeds: PLAIN,
    },
    Mutant {
        name: "the server of a public promotion is demoted for being a master",
        edits: &[(
            "discovery/correct.rs",
            "        if master.effective_address().same_as(address) {
            return;
        }",
            "        let _ = address;",
        )],
        breaks: &["S8"],
        seeds: PLAIN,
    },
];
