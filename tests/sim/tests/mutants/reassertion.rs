//! Mutants of re-assertion elections. These are rare: the seeds are some that have one.

use super::Mutant;

/// References hold on to another address.
const ONE: &[&str] = &["--mixed", "--seeds", "45..50"];
const REPEATED: &[&str] = &["--mixed", "--seeds", "395..400"];
/// The master of the sentinel that asks has become a replica.
const DEMOTED: &[&str] = &["--seeds", "825..830"];

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "re-assertion: no vote is needed but the own one",
        edits: &[(
            "election/reassert.rs",
            "own && 1 + peers >= master.votes_needed()",
            "own && 1 + peers >= 1",
        )],
        breaks: &["S5"],
        seeds: ONE,
    },
    Mutant {
        name: "re-assertion: won before the own vote is durable",
        edits: &[(
            "election/reassert.rs",
            "    own && 1 + peers >= master.votes_needed()",
            "    let _ = own;
    1 + peers >= master.votes_needed()",
        )],
        breaks: &["S2"],
        seeds: ONE,
    },
    Mutant {
        name: "re-assertion: published under a greater epoch than that of the votes",
        edits: &[(
            "election/reassert.rs",
            "        master.config_epoch = epoch;",
            "        master.config_epoch = epoch.next();",
        )],
        breaks: &["S5"],
        seeds: ONE,
    },
    Mutant {
        name: "re-assertion: as often as there is a conflict",
        edits: &[(
            "election/reassert.rs",
            "        if master.reassertion.is_some() || again_at.is_some_and(|at| at > now.mono) {",
            "        let _ = again_at;
        if master.reassertion.is_some() {",
        )],
        breaks: &["TARGET"],
        seeds: REPEATED,
    },
    Mutant {
        name: "re-assertion: for the own server, whatever that has become",
        edits: &[(
            "election/reassert.rs",
            "match self.fit_to_reassert(master, since, now.mono) {",
            "match self
                    .fit_to_reassert(master, since, now.mono)
                    .map(|_| master.effective_address().clone())
                {",
        )],
        breaks: &["TARGET"],
        seeds: DEMOTED,
    },
    Mutant {
        name: "re-assertion: the own server is published, whichever was voted about",
        edits: &[(
            "election/reassert.rs",
            "        let moves = !master",
            "        let moves = false && !master",
        )],
        breaks: &["TARGET"],
        seeds: DEMOTED,
    },
];
