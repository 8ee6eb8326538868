//! Mutants of SDOWN, ODOWN and TILT.

use super::{Mutant, PLAIN};

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "SDOWN comes early",
        edits: &[(
            "health/sdown.rs",
            "        Some(since) => Some(since.plus(down_after + 1)),",
            "        Some(since) => Some(since.plus(down_after / 2)),",
        )],
        breaks: &["S12"],
        seeds: PLAIN,
    },
    Mutant {
        name: "silence is judged without a PING being unanswered",
        edits: &[(
            "health/sdown.rs",
            "        None => None,
    }",
            "        None => Some(link.last_valid_reply.plus(down_after / 20)),
    }",
        )],
        breaks: &["S12"],
        seeds: PLAIN,
    },
    Mutant {
        name: "the clock runs from the last PING, not from the oldest unanswered one",
        edits: &[(
            "health/sdown.rs",
            "        Some(since) => Some(since.plus(down_after + 1)),",
            "        Some(since) => Some(link.last_ping_sent.unwrap_or(since).plus(down_after + 1)),",
        )],
        breaks: &["L2", "L6"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a master that calls itself a replica is never down",
        edits: &[(
            "health/sdown.rs",
            "(master.server.role == Role::Replica).then(",
            "(master.server.role == Role::Replica && info_period == 0).then(",
        )],
        breaks: &["L6"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a master that calls itself a replica is down too early",
        edits: &[(
            "health/sdown.rs",
            "            .plus(2 * info_period)\n",
            "",
        )],
        breaks: &["S12"],
        seeds: PLAIN,
    },
    Mutant {
        name: "opinions of peers are never taken back",
        edits: &[(
            "election/ask.rs",
            "        peer.reports_down = reply.down;",
            "        peer.reports_down |= reply.down;",
        )],
        breaks: &["ODOWN"],
        seeds: PLAIN,
    },
    Mutant {
        name: "peers are asked in TILT",
        edits: &[(
            "election/ask.rs",
            "        if self.tilt.is_on() {
            return None;
        }",
            "",
        )],
        breaks: &["S11"],
        seeds: PLAIN,
    },
    Mutant {
        name: "SDOWN is judged in TILT",
        edits: &[(
            "health/sdown.rs",
            "        if self.tilt.is_on() {
            return self.deadlines.set(Deadline::Down(party), None);
        }
",
            "",
        )],
        breaks: &["S11"],
        seeds: PLAIN,
    },
    Mutant {
        name: "ODOWN is judged in TILT",
        edits: &[(
            "health/odown.rs",
            "        if self.tilt.is_on() {
            return;
        }
",
            "",
        )],
        breaks: &["S11"],
        seeds: PLAIN,
    },
    Mutant {
        name: "answers say down in TILT",
        edits: &[(
            "election/vote.rs",
            "        let down = found.is_some_and(|(_, down)| down) && !self.tilt.is_on();",
            "        let down = found.is_some_and(|(_, down)| down);",
        )],
        breaks: &["S11"],
        seeds: PLAIN,
    },
    Mutant {
        name: "servers are corrected in TILT",
        edits: &[(
            "discovery/from_info.rs",
            "        if self.tilt.is_on() {
            return;
        }
        if let Who::Replica(key) = party.who {
            match",
            "        if let Who::Replica(key) = party.who {
            match",
        )],
        breaks: &["S11"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a stop of the process is not noticed",
        edits: &[(
            "health/tilt.rs",
            "self.timings.tilt_trigger.max(HEARTBEAT_MS * 2)",
            "self.timings.tilt_trigger.max(HEARTBEAT_MS * 100)",
        )],
        breaks: &["S11"],
        seeds: PLAIN,
    },
    Mutant {
        name: "TILT lasts too long",
        edits: &[(
            "health/tilt.rs",
            "        let end = since.plus(self.timings.tilt_period);",
            "        let end = since.plus(self.timings.tilt_period.saturating_mul(2));",
        )],
        breaks: &["L5"],
        seeds: PLAIN,
    },
    Mutant {
        name: "TILT is over too early",
        edits: &[
            (
                "health/tilt.rs",
                "        let end = since.plus(self.timings.tilt_period);",
                "        let end = since.plus(self.timings.tilt_period / 2);",
            ),
            (
                "health/tilt.rs",
                "            Some(now.mono.plus(self.timings.tilt_period)),",
                "            Some(now.mono.plus(self.timings.tilt_period / 2)),",
            ),
        ],
        breaks: &["S11"],
        seeds: PLAIN,
    },
];
