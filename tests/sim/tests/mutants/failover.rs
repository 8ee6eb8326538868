//! Mutants of what a leader does.

use super::{Mutant, PLAIN};

/// Some in which a replica that was to be promoted says nothing, and another could be. (Elsewhere
/// the wait for the INFOs of the second choice is over the limit first, or its choice is a bad one.)
const SILENT: &[&str] = &["--seeds", "38..46"];

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "the INFO barrier is dropped",
        edits: &[(
            "failover/select_replica.rs",
            "        if now.mono < barrier_end {",
            "        if now.mono.0 == 0 && now.mono < barrier_end {",
        )],
        breaks: &["S14"],
        seeds: PLAIN,
    },
    Mutant {
        name: "INFOs from before the master went down pass the barrier",
        edits: &[(
            "failover/select_replica.rs",
            "!r.server.informed_since(since)",
            "(r.server.info_time.is_none() || since.0 == 0)",
        )],
        breaks: &["S14"],
        seeds: PLAIN,
    },
    Mutant {
        name: "the replica that is furthest behind is preferred",
        edits: &[(
            "failover/select_replica.rs",
            "        .then(b.repl_offset.cmp(&a.repl_offset))",
            "        .then(a.repl_offset.cmp(&b.repl_offset))",
        )],
        breaks: &["S14"],
        seeds: PLAIN,
    },
    Mutant {
        name: "the greater priority number is preferred",
        edits: &[(
            "failover/select_replica.rs",
            "        .cmp(&b.priority)
        .then(",
            "        .cmp(&b.priority)
        .reverse()
        .then(",
        )],
        breaks: &["S14"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a replica of priority 0 is promoted",
        edits: &[(
            "failover/select_replica.rs",
            "        (replica.priority == 0, \"has priority 0\"),
",
            "",
        )],
        breaks: &["S14"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a replica that is down is promoted",
        edits: &[(
            "failover/select_replica.rs",
            "        (replica.server.health.is_down(), \"is down\"),
",
            "",
        )],
        breaks: &["S14"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a replica that has long been cut off from its master is promoted",
        edits: &[(
            "failover/select_replica.rs",
            "replica.link_down_ms > i64::try_from(longest_outage).unwrap_or(i64::MAX)",
            "longest_outage == u64::MAX && replica.link_down_ms > 0",
        )],
        breaks: &["S14"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a second target is tried while the first one's outcome is unknown",
        edits: &[(
            "failover/promote.rs",
            "            return self.abort(id, EventName::AbortSlaveTimeout, now);
        }
        self.set_failover_deadline(id, end);
        self.poll_info(",
            "            if let Some(f) = self.masters.get_mut(&id).and_then(|m| m.failover.as_mut()) {
                f.refused.insert(chosen);
            }
            self.enter(id, Stage::SelectReplica, now);
            return self.step_select(id, now);
        }
        self.set_failover_deadline(id, end);
        self.poll_info(",
        )],
        breaks: &["S7"],
        seeds: SILENT,
    },
    Mutant {
        name: "any replica that calls itself a master proves the promotion",
        edits: &[(
            "failover/promote.rs",
            "matches!(stage, Some(Stage::WaitPromotion { chosen }) if *chosen == key)",
            "matches!(stage, Some(Stage::WaitPromotion { chosen }) if *chosen == key || key > 0)",
        )],
        breaks: &["S9", "S14"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a promotion is published under the next epoch",
        edits: &[(
            "failover/promote.rs",
            "        master.config_epoch = failover.epoch;",
            "        master.config_epoch = failover.epoch.next();",
        )],
        breaks: &["S5"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a promotion that never comes is waited for without end",
        edits: &[(
            "failover/promote.rs",
            "        if end <= now.mono {
            return self.abort(id, EventName::AbortSlaveTimeout, now);
        }
        self.set_failover_deadline(id, end);",
            "        self.set_failover_deadline(id, end.max(now.mono.plus(1_000)));",
        )],
        breaks: &["L3"],
        seeds: PLAIN,
    },
    Mutant {
        name: "replicas that do not follow are waited for without end",
        edits: &[(
            "failover/reconf_replicas.rs",
            "        if end <= now.mono {",
            "        if end <= now.mono && all_settled {",
        )],
        breaks: &["L3"],
        seeds: PLAIN,
    },
    Mutant {
        name: "all replicas are told to follow at once",
        edits: &[(
            "failover/reconf_replicas.rs",
            "if busy >= master.settings.parallel_syncs.max(1) {",
            "if busy >= i64::MAX {",
        )],
        breaks: &["S9"],
        seeds: PLAIN,
    },
    Mutant {
        name: "replicas are told to follow the old master",
        edits: &[(
            "failover/reconf_replicas.rs",
            "        let address = master.effective_address();",
            "        let address = &master.address;",
        )],
        breaks: &["S9", "S8"],
        seeds: PLAIN,
    },
    Mutant {
        name: "the promoted server is told to follow itself",
        edits: &[
            (
                "failover/reconf_replicas.rs",
                ".find(|(key, r)| **key != promoted && can_be_told(r))",
                ".find(|(key, r)| (**key > 0 || **key != promoted) && can_be_told(r))",
            ),
            (
                "failover/reconf_replicas.rs",
                "                    && !is_promoted(master, r)
                    && !r.server",
                "                    && !r.server",
            ),
        ],
        breaks: &["S8"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a failover is begun in TILT",
        edits: &[(
            "failover/mod.rs",
            "if self.tilt.holds_failovers() || self.crashing {",
            "if self.crashing {",
        )],
        breaks: &["S11"],
        seeds: PLAIN,
    },
];
