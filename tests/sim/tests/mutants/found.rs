//! Faults that the simulator has found in the core, put back.

use super::{Mutant, PLAIN};

/// Some in which only a restarted sentinel knows the newest configuration. An election to re-assert
/// it would publish it as well, some seconds later.
const RESTORED: &[&str] = &["--seeds", "600..700", "--without", "reassert"];

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "found: a config epoch may be ahead of the current epoch",
        edits: &[(
            "discovery/from_hello.rs",
            "        if hello.config_epoch > self.current_epoch {
            self.raise_epoch(hello.config_epoch, id, now);
        }",
            "",
        )],
        breaks: &["S15", "S6", "S7"],
        seeds: PLAIN,
    },
    Mutant {
        name: "found: RESET takes a public promotion back",
        edits: &[(
            "operator.rs",
            "                self.finish_switch(id, now);",
            "",
        )],
        breaks: &["S10", "S6"],
        seeds: PLAIN,
    },
    Mutant {
        // Fewer of these break nothing: forced failovers share no epoch, none is shared for longer
        // than a second, and nobody is elected in one in which a majority has voted.
        name: "found: an epoch that a configuration carries is shared by a forced failover",
        edits: &[
            (
                "election/burst.rs",
                "            .max(master.config_epoch)
            .max(master.void_epoch);",
                "            .max(master.void_epoch);",
            ),
            (
                "election/burst.rs",
                "let young = since.plus(BURST_MS) > now;",
                "let young = since.plus(1_000_000) > now;",
            ),
            (
                "failover/start.rs",
                "            .filter(|_| !forced)
",
                "",
            ),
            (
                "failover/start.rs",
                "        if raised && !forced {",
                "        let _ = forced;
        if raised {",
            ),
        ],
        breaks: &["S7", "S6"],
        seeds: PLAIN,
    },
    Mutant {
        name: "found: a restored configuration is not published once its master says it is one",
        edits: &[(
            "discovery/from_info.rs",
            "role == Role::Master && master.unconfirmed_since.take().is_some()",
            "role == Role::Master && master.unconfirmed_since.is_some()",
        )],
        breaks: &["L6"],
        seeds: RESTORED,
    },
    Mutant {
        name: "found: a refusal heard in TILT is followed by the next target",
        edits: &[(
            "failover/promote.rs",
            "        self.step_failover(party.master, now);",
            "        self.step_select(party.master, now);",
        )],
        breaks: &["S11"],
        seeds: &["--seeds", "33300..33500"],
    },
    Mutant {
        name: "found: an own vote that was replaced while being written is forgotten",
        edits: &[(
            "election/vote.rs",
            "            && master.leader_epoch < epoch
        {
            master.leader_epoch = epoch;",
            "            && master.leader_epoch < epoch
            && epoch.get() == 0
        {
            master.leader_epoch = epoch;",
        )],
        breaks: &["S3"],
        seeds: PLAIN,
    },
    Mutant {
        name: "found: servers are corrected towards a promoted server that has been demoted",
        edits: &[(
            "discovery/correct.rs",
            "            && promoted.is_none_or(|replica| sane(&replica.server))",
            "            && promoted.is_none_or(|_| true)",
        )],
        breaks: &["S9"],
        seeds: &[
            "--seeds",
            "105594..105595",
            "--nodes",
            "3",
            "--masters",
            "1",
        ],
    },
];
